// Accepts clients from a listening Unix socket. When this process has no descriptor left, it turns clients away or
// pauses instead of spinning. accept4(2)
#pragma once

#include <functional>
#include <optional>

#include "os/event_loop.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

class ClientAcceptor {
 public:
  enum class Room { yes, no };  ///< No: this process has no other descriptor left, so the client cannot stay.
  using Admit = std::function<void(os::FileDescriptor client, Room room)>;

  /// `listener` listens already and does not block. Each turn of the loop accepts at most 16 clients, so that other
  /// callbacks have their turn. `loop` outlives this object.
  ClientAcceptor(os::EventLoop& loop, os::FileDescriptor listener, Admit admit);
  ClientAcceptor(const ClientAcceptor&) = delete;
  ClientAcceptor& operator=(const ClientAcceptor&) = delete;
  ~ClientAcceptor() { stop(); }

  /// Accepts all clients that wait now, without a turn of the loop between them. Call it before stop(), which would
  /// cut these clients off. Accepts none while no descriptor is left.
  void take_waiting();
  /// Closes the listener.
  void stop() noexcept;

 private:
  void listen();
  void accept_some();
  bool accept_one();
  bool turn_one_away();
  void rest();
  [[nodiscard]] os::FileDescriptor next() const noexcept;
  void take_spare() noexcept;

  os::EventLoop& loop_;
  os::FileDescriptor listener_;
  os::FileDescriptor spare_{};  ///< Closed to accept one client that is then told that there is no room.
  Admit admit_;
  std::optional<os::EventLoop::TimerId> resting_{};
};

}  // namespace multiping::daemon
