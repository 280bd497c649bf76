// Each wait is computed from the first one, so that no error adds up.
// See values/back_off.hpp.
#include "values/back_off.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "base/number_text.hpp"
#include "values/option_checks.hpp"

namespace multiping {

void check(const BackOff& waits) {
  if (checked_timeout(waits.first, "BackOff::first") == Duration{})
    throw std::invalid_argument{"BackOff::first is 0; it must be more than 0"};
  if (!(waits.factor >= 1) || !std::isfinite(waits.factor))
    throw std::invalid_argument{"BackOff::factor is " + number_text(waits.factor) +
                                "; it must be 1 or more, and finite"};
  static_cast<void>(checked_timeout(waits.most, "BackOff::most"));
}

Duration wait_after(const BackOff& waits, int probe) noexcept {
  const Duration first = waits.first, most = waits.most;
  const Duration limit = most > Duration{} ? most : Duration::max();
  const double nanoseconds = static_cast<double>(first.count()) * std::pow(waits.factor, probe - 1);
  // Timeout takes a time that cannot be counted as Duration::max().
  return std::min<Duration>(Timeout{std::chrono::duration<double, std::nano>{nanoseconds}}, limit);
}

/// From a wait on that is no longer than the one before, all are equal.
Duration sum_of_waits(const BackOff& waits, int retry) noexcept {
  std::int64_t left = std::int64_t{retry} + 1;
  Duration sum{}, last{};
  for (int probe = 1; left > 0; ++probe) {
    const Duration wait = wait_after(waits, probe);
    const std::int64_t times = wait == last ? left : 1;
    if (wait > (Duration::max() - sum) / times) return Duration::max();
    sum += wait * times;
    left -= times;
    last = wait;
  }
  return sum;
}

}  // namespace multiping
