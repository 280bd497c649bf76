// Equal waits are exact; growing waits are rounded to what a double can hold.
// See back_off_waits.hpp.
#include "base/back_off_waits.hpp"

#include <algorithm>
#include <cmath>

namespace multiping {
namespace {

Duration times(Duration wait, std::uint32_t count) noexcept {
  return count > 0 && wait > Duration::max() / count ? Duration::max() : wait * count;
}

}  // namespace

Duration BackOffWaits::after_probe(std::uint32_t probe) const noexcept {
  if (factor <= 1 || probe <= 1 || first == Duration::zero()) return std::min(first, most);
  const double grown = static_cast<double>(first.count()) * std::pow(factor, static_cast<double>(probe) - 1);
  // The cast is exact enough below `most`, and has no meaning above it.
  if (!(grown < static_cast<double>(most.count()))) return most;
  return std::min(most, Duration{static_cast<Duration::rep>(grown)});
}

/// Adds up the waits until one is the longest: the others are as long.
Duration BackOffWaits::together(std::uint32_t probes) const noexcept {
  constexpr std::uint32_t most_added = 10'000;  // with a factor near 1, the rest counts as if it did not grow
  Duration sum{};
  for (std::uint32_t probe = 1; probe <= probes; ++probe) {
    const Duration wait = after_probe(probe);
    const bool is_longest = factor <= 1 || wait == most || wait == Duration::zero() || probe == most_added;
    const Duration more = is_longest ? times(wait, probes - probe + 1) : wait;
    if (more > Duration::max() - sum) return Duration::max();
    sum += more;
    if (is_longest) break;
  }
  return sum;
}

}  // namespace multiping
