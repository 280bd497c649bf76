// Waits until some descriptor is ready: ppoll(2).
// A sandbox may refuse that.
#pragma once

#include <poll.h>

#include <optional>
#include <span>

#include "multiping/duration.hpp"

namespace multiping::os {

/// Whether something is ready, after `time` at most; none: for ever. A signal ends the wait, and so does, after a
/// moment, a system that lets nobody wait.
[[nodiscard]] bool wait_for(std::span<pollfd> watched, std::optional<Duration> time) noexcept;

}  // namespace multiping::os
