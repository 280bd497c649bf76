// The one loop of the daemon: calls back when a descriptor is readable or a time has come. One thread, epoll(7).
// Whoever is called must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "linux/file_descriptor.hpp"
#include "net/instant.hpp"

namespace multiping::proxy {

class EventLoop {
 public:
  using TimerId = std::uint64_t;

  /// Throws std::system_error when no descriptor is left.
  EventLoop();

  /// Calls `ready` whenever `descriptor` is readable, is hung up or has an error, until unwatch(). It may unwatch
  /// itself and others, and watch new ones. Throws std::system_error when the system watches no more.
  void watch(int descriptor, std::function<void()> ready);
  /// Before the descriptor is closed. One that is not watched is no error.
  void unwatch(int descriptor) noexcept;

  /// Calls `due` one time, `wait` from now; zero: as soon as all descriptors that are ready now had their turn.
  TimerId once(Duration wait, std::function<void()> due);
  /// One that is over already is no error.
  void cancel(TimerId timer) noexcept;

  /// Until stop(). What a callback throws ends the loop and reaches the caller.
  void run();
  /// From a callback; before run(), it returns at once. Timers that are due together with the one that stops are called
  /// still. The loop may run again afterwards.
  void stop() noexcept { stopped_ = true; }

  [[nodiscard]] static net::Instant now() noexcept;

 private:
  using Callback = std::shared_ptr<std::function<void()>>;  // shared: who is called may unwatch itself
  struct Watched {
    std::uint32_t serial = 0;
    Callback ready{};
  };
  struct Timer {
    net::Instant at{};
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

}  // namespace multiping::proxy
