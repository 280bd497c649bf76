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
class LoopDescriptor {
 public:
  /// The descriptor, which is readable for what arrives at `sockets` (which may be -1: there are none) and from
  /// `next` on. The first call makes it; -1 when it cannot be made.
  [[nodiscard]] int open(int sockets, const std::stop_token& stop, Instant next) noexcept;
  [[nodiscard]] int value() const noexcept { return joined_.value(); }
  /// It is readable from `next` on, and at once after a stop. No effect before open().
  void set(Instant next) noexcept;
  /// It is never readable again, whatever arrives.
  void end() noexcept;

 private:
  struct Ring {
    os::TimerDescriptor& alarm;
    void operator()() const noexcept { alarm.set(Instant::min()); }
  };

  os::EpollDescriptor joined_;
  os::TimerDescriptor alarm_;
  int sockets_ = -1;
  bool opened_ = false;
  Instant alarm_at_ = Instant::max();
  std::stop_token stop_;
  std::optional<std::stop_callback<Ring>> on_stop_;
};

}  // namespace multiping
