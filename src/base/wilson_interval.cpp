// Computes the score interval with the quantile of the normal distribution, which erfc() gives by bisection.
// See base/wilson_interval.hpp.
#include "base/wilson_interval.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace multiping {
namespace {

/// The distance from the mean, in standard deviations, within which a normal variable lies with that probability;
/// infinite for 1. Found by bisection: erfc(z / sqrt(2)) is the probability that it lies farther away than z.
double normal_distance(double confidence) noexcept {
  if (confidence <= 0) return 0;
  if (!(confidence < 1)) return std::numeric_limits<double>::infinity();
  double low = 0, high = 40;  // erfc() is 0 above
  for (int step = 0; step < 64; ++step) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > 1 - confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

ShareRange wilson_interval(std::uint64_t part, std::uint64_t whole, double confidence) noexcept {
  const double deviations = normal_distance(confidence);
  if (whole == 0 || std::isinf(deviations)) return {};
  const auto count = static_cast<double>(whole);
  const double share = static_cast<double>(part) / count, doubt = deviations * deviations / count;
  const double middle = (share + doubt / 2) / (1 + doubt);
  const double half = std::sqrt(doubt * share * (1 - share) + doubt * doubt / 4) / (1 + doubt);
  return {.low = part == 0 ? 0 : std::clamp(middle - half, 0.0, share),
          .high = part == whole ? 1 : std::clamp(middle + half, share, 1.0)};
}

}  // namespace multiping
