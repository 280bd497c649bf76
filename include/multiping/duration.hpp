// Times as callers give and receive them: nanosecond durations, and a Timeout made from any std::chrono duration.
// Nothing here reads a clock.
#pragma once

#include <chrono>

#include "multiping/export.hpp"

namespace multiping {

/// Every time that multiping hands out, in nanoseconds.
using Duration = std::chrono::nanoseconds;

/// A time that a caller gives: any std::chrono duration, fractions included (2s, 500ms, 0.5s).
///
/// What is too long to count in nanoseconds waits for ever (Duration::max()). A negative time or a not-a-number counts
/// as 0 where a call only waits (MultiPing::receive(), Prober::poll()); elsewhere it is std::invalid_argument when
/// used.
class Timeout {
 public:
  constexpr Timeout() noexcept = default;  ///< No time at all.
  /// Any duration; see the class for what is out of range.
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> time) noexcept : time_{saturated(time)} {}
  /// The time in nanoseconds; Duration::max() for "for ever".
  constexpr operator Duration() const noexcept { return time_; }

 private:
  template <class Rep, class Period>
  static constexpr Duration saturated(std::chrono::duration<Rep, Period> time) noexcept {
    const auto seconds = std::chrono::duration<long double>(time).count();
    if (seconds != seconds) return Duration{-1};
    if (seconds > 9.2e9L) return Duration::max();
    if (seconds < -9.2e9L) return Duration::min();
    return std::chrono::duration_cast<Duration>(time);
  }
  Duration time_{};
};

/// A duration in milliseconds with its fraction, for printing: `milliseconds(result.rtt)`.
[[nodiscard]] constexpr double milliseconds(Duration time) noexcept { return static_cast<double>(time.count()) / 1e6; }

}  // namespace multiping
