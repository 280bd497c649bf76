// Waits until a descriptor is ready: ppoll(2).
// Where a sandbox refuses ppoll(2), it calls poll(2).
#pragma once

#include <poll.h>

#include <optional>
#include <span>

#include "multiping/duration.hpp"

namespace multiping::os {

/// Whether a descriptor is ready, after a wait of `time` at most; none: without limit. A signal ends the wait. Where
/// the system refuses both calls, this function sleeps for 1 ms at most and returns false.
[[nodiscard]] bool wait_for(std::span<pollfd> watched, std::optional<Duration> time) noexcept;

}  // namespace multiping::os
