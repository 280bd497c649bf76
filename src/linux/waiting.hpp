// Waits until a descriptor is ready: ppoll(2).
// A sandbox may refuse that call.
#pragma once

#include <poll.h>

#include <optional>
#include <span>

#include "multiping/duration.hpp"

namespace multiping::os {

/// Whether a descriptor is ready, after a wait of `time` at most; none: without limit. A signal ends the wait. Where
/// the system refuses to wait, the wait ends after 1 ms at most.
[[nodiscard]] bool wait_for(std::span<pollfd> watched, std::optional<Duration> time) noexcept;

}  // namespace multiping::os
