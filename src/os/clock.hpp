// Reads the system's clocks, clock_gettime(2); no other file of src/linux does.
// Header only.
#pragma once

#include <time.h>

#include <chrono>
#include <limits>
#include <utility>

#include "base/monotonic_time.hpp"

namespace multiping::os {

[[nodiscard]] inline Duration read_clock(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// `time` is not negative. Gives the greatest timespec where time_t has 32 bits and `time` does not fit.
[[nodiscard]] inline timespec to_timespec(Duration time) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  if (!std::in_range<time_t>(seconds.count())) return {.tv_sec = std::numeric_limits<time_t>::max(), .tv_nsec = 0};
  return {.tv_sec = static_cast<time_t>(seconds.count()), .tv_nsec = static_cast<long>((time - seconds).count())};
}

[[nodiscard]] inline Instant monotonic_now() noexcept { return Instant{read_clock(CLOCK_MONOTONIC)}; }

[[nodiscard]] inline std::chrono::sys_time<Duration> wall_now() noexcept {
  return std::chrono::sys_time<Duration>{read_clock(CLOCK_REALTIME)};
}
/// The wall clock less the monotonic clock, both read now.
[[nodiscard]] inline Duration wall_offset() noexcept {
  return wall_now().time_since_epoch() - monotonic_now().time_since_epoch();
}

}  // namespace multiping::os
