// Turns the kernel's receive stamps, which are wall-clock times, into monotonic ones, as far as they can be trusted.
// Reads no clock: the times of both clocks are arguments.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/monotonic_time.hpp"

namespace multiping::os {

/// A point on the wall clock, CLOCK_REALTIME.
using WallTime = Duration;

/// The first reading after a step of the wall clock shows the step. A stamp does not tell whether it is from before the
/// step. But once a queue was found empty after that reading, all its later packets were stamped after the step.
class ReceiveStampClock {
 public:
  /// A queue of packets whose stamps are asked for: what a socket has received, or its error queue.
  class Queue {
    friend class ReceiveStampClock;
    std::uint64_t steps_ = 0;  ///< All its packets were stamped after so many steps.
  };

  /// Takes the times of both clocks, read at the same moment, after packets were received and before monotonic() is
  /// called for their stamps.
  void read(Instant monotonic, WallTime wall) noexcept;
  /// To be called when the queue was found empty, or was just made, after the last read().
  void found_empty(Queue& queue) const noexcept { queue.steps_ = steps_; }
  /// The queue may hold packets that were stamped before a step.
  [[nodiscard]] bool doubts(const Queue& queue) const noexcept { return queue.steps_ != steps_; }
  /// The monotonic time of a stamp from that queue; none while doubts(queue).
  [[nodiscard]] std::optional<Instant> monotonic(const Queue& queue, WallTime stamp) const noexcept;

 private:
  std::optional<Duration> offset_{};  ///< Wall clock minus monotonic clock.
  std::uint64_t steps_ = 0;           ///< The steps that were noticed.
};

}  // namespace multiping::os
