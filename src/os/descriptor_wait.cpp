// Calls ppoll(2); where that is refused, poll(2), which counts milliseconds.
// See descriptor_wait.hpp.
#include "os/descriptor_wait.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>

#include "os/clock.hpp"

namespace multiping::os {
namespace {

using std::chrono::milliseconds;

constexpr Duration moment = milliseconds{1};

/// `time` for poll(2), rounded up; -1: without limit.
int poll_milliseconds(std::optional<Duration> time) noexcept {
  constexpr milliseconds most{std::numeric_limits<int>::max()};
  return time ? static_cast<int>(std::min(std::chrono::ceil<milliseconds>(*time), most).count()) : -1;
}

}  // namespace

bool wait_for(std::span<pollfd> watched, std::optional<Duration> time) noexcept {
  const timespec limit = to_timespec(time.value_or(Duration{}));
  int ready = ::ppoll(watched.data(), watched.size(), time ? &limit : nullptr, nullptr);
  if (ready < 0 && errno != EINTR) ready = ::poll(watched.data(), watched.size(), poll_milliseconds(time));
  if (ready >= 0 || errno == EINTR) return ready > 0;
  const timespec pause = to_timespec(std::min(time.value_or(moment), moment));
  ::nanosleep(&pause, nullptr);
  return false;
}

}  // namespace multiping::os
