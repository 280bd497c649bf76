// Turns the kernel's receive stamps, which are wall-clock times, into monotonic ones, as far as they can be trusted.
// Pure: the two clocks' readings are arguments.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "net/instant.hpp"

namespace multiping::os {

/// A point on the wall clock, CLOCK_REALTIME.
using WallTime = Duration;

/// A step of the wall clock shows at the first reading after it. Which packets were stamped before the step, no stamp
/// tells; but once a queue of packets was found empty after that reading, all that comes later was stamped after the
/// step.
class StampClock {
 public:
  /// A queue of packets whose stamps are asked for: what a socket has received, or its error queue.
  class Queue {
    friend class StampClock;
    std::uint64_t steps_ = 0;  ///< Nothing in it is older than so many steps.
  };

  /// Both clocks, read at the same moment, after the packets were taken and before their stamps are asked for.
  void read(net::Instant monotonic, WallTime wall) noexcept;
  /// There was nothing in the queue, or it was made just now: after the last reading in any case.
  void found_empty(Queue& queue) const noexcept { queue.steps_ = steps_; }
  /// The queue may hold packets that were stamped before a step.
  [[nodiscard]] bool doubts(const Queue& queue) const noexcept { return queue.steps_ != steps_; }
  /// The monotonic time of a stamp from that queue; none while it is doubted.
  [[nodiscard]] std::optional<net::Instant> monotonic(const Queue& queue, WallTime stamp) const noexcept;

 private:
  std::optional<Duration> offset_{};  ///< Wall clock less monotonic clock.
  std::uint64_t steps_ = 0;           ///< That were noticed.
};

}  // namespace multiping::os
