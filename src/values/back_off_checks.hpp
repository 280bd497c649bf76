// The check of a BackOff, and its waits.
// Pure. See multiping/options.hpp.
#pragma once

#include "base/back_off_waits.hpp"
#include "multiping/options.hpp"

namespace multiping {

/// Throws std::invalid_argument, which names the member, its value and its range.
void check(const BackOff& waits);
/// Its waits. Without BackOff::most they have no limit.
[[nodiscard]] BackOffWaits waits_of(const BackOff& waits) noexcept;

}  // namespace multiping
