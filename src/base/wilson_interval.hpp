// The score interval of a share: where the true share lies when so many of so many were counted.
// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
#pragma once

#include <cstdint>

namespace multiping {

/// A range of shares, from 0 to 1.
struct ShareRange {
  double low = 0, high = 1;
};
/// Where the true share lies with this confidence (clamped to 0 to 1), when `part` of `whole` were counted, each
/// independent of the others. 0 to 1 when `whole` is 0, and for a confidence of 1 or not-a-number.
[[nodiscard]] ShareRange wilson_interval(std::uint64_t part, std::uint64_t whole, double confidence) noexcept;

}  // namespace multiping
