// A point on the monotonic clock, as a value: the clock itself is read in one place, behind packet_io.hpp.
// "Unset" is std::optional<Instant>, never zero: a monotonic clock may be near zero (time namespaces).
#pragma once

#include <chrono>

#include "multiping/duration.hpp"

namespace multiping::net {

/// The clock of every deadline and every sending time. It has no now(): time is an argument.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

/// `start` plus `wait`, or the end of time where that overflows. `wait` is not negative.
[[nodiscard]] constexpr Instant after(Instant start, Duration wait) noexcept {
  return start.time_since_epoch() > Duration::max() - wait ? Instant::max() : start + wait;
}

}  // namespace multiping::net
