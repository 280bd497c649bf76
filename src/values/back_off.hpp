// The waits of a BackOff: its check, each wait, and their sum.
// Pure. See multiping/options.hpp.
#pragma once

#include "multiping/options.hpp"

namespace multiping {

/// Throws std::invalid_argument, which names the member, its value and its range.
void check(const BackOff& waits);
/// The wait after probe `probe`, from 1 on; Duration::max() where it cannot be counted in nanoseconds.
[[nodiscard]] Duration wait_after(const BackOff& waits, int probe) noexcept;
/// The sum of the waits after the first probe and `retry` further ones; Duration::max() as above.
[[nodiscard]] Duration sum_of_waits(const BackOff& waits, int retry) noexcept;

}  // namespace multiping
