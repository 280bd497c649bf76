// The system's clocks, clock_gettime(2), read nowhere else but in this room.
// Header only.
#pragma once

#include <time.h>

#include <chrono>

#include "net/instant.hpp"

namespace multiping::os {

[[nodiscard]] inline Duration read_clock(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

[[nodiscard]] inline net::Instant monotonic_now() noexcept { return net::Instant{read_clock(CLOCK_MONOTONIC)}; }

}  // namespace multiping::os
