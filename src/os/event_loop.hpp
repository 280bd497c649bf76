// The event loop of the daemon: calls back when a descriptor is readable or a timer is due. One thread, epoll(7).
// A callback must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/monotonic_time.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

class EventLoop {
 public:
  using TimerId = std::uint64_t;

  /// Throws std::system_error when epoll_create1(2) fails, for instance because no descriptor is left.
  EventLoop();

  /// Calls `ready` whenever `descriptor` is readable, is hung up or has an error, until unwatch(). `ready` may unwatch
  /// this and other descriptors, and watch new ones. Throws std::system_error when epoll_ctl(2) fails.
  void watch(int descriptor, std::function<void()> ready);
  /// Must be called before the descriptor is closed. Does nothing for a descriptor that is not watched.
  void unwatch(int descriptor) noexcept;

  /// Calls `due` one time, `wait` from now. With zero it is called after the descriptors that are ready now.
  TimerId once(Duration wait, std::function<void()> due);
  /// Does nothing for a timer that has been called or cancelled.
  void cancel(TimerId timer) noexcept;

  /// Runs until stop(). An exception of a callback ends the loop and reaches the caller.
  void run();
  /// Ends run(). It is called from a callback; when it is called before run(), run() returns at once. If a timer calls
  /// it, the other timers that are due at that time are still called. The loop can run again afterwards.
  void stop() noexcept { stopped_ = true; }

  [[nodiscard]] static Instant now() noexcept;

 private:
  using Callback = std::shared_ptr<std::function<void()>>;  // shared, since a callback may unwatch itself
  struct Watched {
    std::uint32_t serial = 0;
    Callback ready{};
  };
  struct Timer {
    Instant at{};
    std::function<void()> due{};
  };

  void wait_and_call();
  [[nodiscard]] int milliseconds_to_wait() const noexcept;
  void call_watcher(std::uint64_t mark);
  void call_timers();
  void call_timer(TimerId id);

  os::FileDescriptor epoll_;
  std::map<int, Watched> watched_;
  std::map<TimerId, Timer> timers_;
  std::uint32_t last_serial_ = 0;
  TimerId last_timer_ = 0;
  bool stopped_ = false;
};

}  // namespace multiping::os
