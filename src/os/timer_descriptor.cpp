// Sets the timer to an absolute time of CLOCK_MONOTONIC.
// See timer_descriptor.hpp.
#include "os/timer_descriptor.hpp"

#include <sys/timerfd.h>

#include <algorithm>

#include "os/clock.hpp"

namespace multiping::os {

int TimerDescriptor::open() noexcept {
  if (!timer_) timer_ = FileDescriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  return timer_.value();
}

void TimerDescriptor::set(Instant time) noexcept {
  if (!timer_) return;
  itimerspec when{};  // all zeros: never
  if (time != Instant::max()) when.it_value = to_timespec(std::max(time.time_since_epoch(), Duration{1}));
  ::timerfd_settime(timer_.value(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace multiping::os
