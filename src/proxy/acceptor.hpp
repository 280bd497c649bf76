// Takes clients in from a listening Unix socket, and stays calm when no descriptor is left for them.
// accept4(2)
#pragma once

#include <functional>
#include <optional>

#include "linux/file_descriptor.hpp"
#include "proxy/event_loop.hpp"

namespace multiping::proxy {

class Acceptor {
 public:
  enum class Room { yes, no };  ///< No: this process has no other descriptor left, so the client cannot stay.
  using Admit = std::function<void(os::FileDescriptor client, Room room)>;

  /// `listener` listens already and does not block. A few clients at a time, so that others have their turn. `loop`
  /// outlives this object.
  Acceptor(EventLoop& loop, os::FileDescriptor listener, Admit admit);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor() { stop(); }

  /// Takes all in that wait now, at once: before stop(), which would cut them off. None while no descriptor is left.
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

  EventLoop& loop_;
  os::FileDescriptor listener_;
  os::FileDescriptor spare_{};  ///< Given up for a client that is to be told that there is no room.
  Admit admit_;
  std::optional<EventLoop::TimerId> resting_{};
};

}  // namespace multiping::proxy
