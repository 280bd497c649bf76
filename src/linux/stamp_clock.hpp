// Turns the kernel's receive stamps, which are wall-clock times, into monotonic ones, as far as they can be trusted.
// Pure: the two clocks' readings are arguments.
#pragma once

#include <chrono>
#include <optional>

#include "net/instant.hpp"

namespace multiping::os {

/// A point on the wall clock, CLOCK_REALTIME.
using WallTime = Duration;

class StampClock {
 public:
  /// Both clocks, read at the same moment, after the packets were taken and before their stamps are asked for.
  void read(net::Instant monotonic, WallTime wall) noexcept;
  /// The monotonic time of a stamp; none when the wall clock was stepped since the reading before the last one, so
  /// that nobody knows on which side of the step the stamp was made.
  [[nodiscard]] std::optional<net::Instant> monotonic(WallTime stamp) const noexcept;

 private:
  std::optional<Duration> offset_{};  ///< Wall clock less monotonic clock.
  bool stepped_ = false;
};

}  // namespace multiping::os
