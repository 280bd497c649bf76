// The types of times in the API: nanosecond durations, and a Timeout made from any std::chrono duration.
// Nothing here reads a clock.
#pragma once

#include <chrono>

#include "multiping/export.hpp"

namespace multiping {

/// The type of every time that multiping returns, in nanoseconds.
using Duration = std::chrono::nanoseconds;

/// A time that the caller gives: any std::chrono duration, with or without a fraction (2s, 500ms, 0.5s).
///
/// A time that is too long to count in nanoseconds becomes Duration::max(), which means "for ever". A negative time or
/// a not-a-number counts as 0 in calls that only wait (MultiPing::receive(), Prober::poll()). All other calls that use
/// it throw std::invalid_argument.
class Timeout {
 public:
  constexpr Timeout() noexcept = default;  ///< A time of 0.
  /// Takes any duration; the class comment says what becomes of one that is out of range.
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> time) noexcept : time_{saturated(time)} {}
  /// Returns the time in nanoseconds; Duration::max() means "for ever".
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

/// Returns a duration in milliseconds with its fraction, for printing: `to_milliseconds(result.rtt)`.
[[nodiscard]] constexpr double to_milliseconds(Duration time) noexcept {
  return static_cast<double>(time.count()) / 1e6;
}
/// The same, by a name that std::chrono has too, so that it is ambiguous where both namespaces are used.
[[deprecated("use to_milliseconds()"), nodiscard]] constexpr double milliseconds(Duration time) noexcept {
  return to_milliseconds(time);
}

}  // namespace multiping
