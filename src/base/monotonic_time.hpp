// A point in time on the monotonic clock. This part of the library gets the time through packet_io.hpp alone.
// An unset time is an empty std::optional<Instant>, never zero: in a time namespace the clock may be near zero.
#pragma once

#include <chrono>

#include "multiping/duration.hpp"

namespace multiping {

/// The clock of all deadlines and sending times. It has no now(): functions get the time as an argument.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

/// Returns `start` plus `wait`, or Instant::max() where that overflows. `wait` is not negative.
[[nodiscard]] constexpr Instant after(Instant start, Duration wait) noexcept {
  return start.time_since_epoch() > Duration::max() - wait ? Instant::max() : start + wait;
}

}  // namespace multiping
