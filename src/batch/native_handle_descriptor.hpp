// One descriptor that tells a caller's event loop of answers, of a time, and of a stop.
// Joins the sockets of an object with a timer, epoll(7) and timerfd_create(2).
#pragma once

#include <optional>
#include <stop_token>

#include "base/monotonic_time.hpp"
#include "os/epoll_descriptor.hpp"
#include "os/timer_descriptor.hpp"

namespace multiping {

/// For one thread at a time; a stop may come from any.
class NativeHandleDescriptor {
 public:
  /// Makes the descriptor, which is readable for what arrives at `sockets` (which may be -1: there are none) and from
  /// the time of set() on. Returns -1 when it cannot be made; then another call may make it.
  [[nodiscard]] int open(int sockets, const std::stop_token& stop) noexcept;
  [[nodiscard]] int value() const noexcept { return joined_.value(); }
  /// The descriptor is readable from the time that `next` returns on. It is asked again when a stop comes meanwhile. No
  /// effect before open().
  template <class Next>
  void set(const Next& next) noexcept {
    if (!on_stop_) return;
    // A stop sets the timer too, from another thread.
    for (bool stopped = !stop_.stop_requested(); stopped != stop_.stop_requested();) {
      stopped = stop_.stop_requested();
      set_alarm(next(), stopped);
    }
  }
  /// It is never readable again, whatever arrives.
  void end() noexcept;

 private:
  struct Ring {
    os::TimerDescriptor& alarm;
    void operator()() const noexcept { alarm.set(Instant::min()); }
  };

  void set_alarm(Instant next, bool stopped) noexcept;

  os::EpollDescriptor joined_;
  os::TimerDescriptor alarm_;
  int sockets_ = -1;
  Instant alarm_at_ = Instant::max();
  std::stop_token stop_;
  std::optional<std::stop_callback<Ring>> on_stop_;
};

}  // namespace multiping
