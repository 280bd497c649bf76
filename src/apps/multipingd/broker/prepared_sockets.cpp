// Also opens a socket where none is to be kept, to find out whether the family works.
// See prepared_sockets.hpp.
#include "apps/multipingd/broker/prepared_sockets.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

/// Half of SO_RCVBUF, since the kernel doubles the size that it is asked for.
std::size_t buffer_of(const os::PingSocket& socket) noexcept {
  return static_cast<std::size_t>(std::max(0, os::option(socket.socket.value(), SOL_SOCKET, SO_RCVBUF))) / 2;
}

}  // namespace

bool PreparedSockets::fill(Family family, std::size_t count) {
  // One socket is opened even when `count` is 0, to see whether it can be.
  os::PingSocket socket = os::open_ping_socket(family, {}, receive_buffer_);
  if (!socket.socket) {
    errors_[family] = socket.doing + ": " + socket.error.message();
    return false;
  }
  ready_buffer_ = buffer_of(socket);
  auto& ready = sockets_[family];
  for (; socket.socket && ready.size() < count; socket = os::open_ping_socket(family, {}, receive_buffer_))
    ready.push_back(std::move(socket));
  return true;
}

void PreparedSockets::make(std::size_t count) {
  const bool v4 = fill(Family::ipv4, count), v6 = fill(Family::ipv6, count);
  if (!v4 && !v6) throw std::runtime_error{errors_[Family::ipv4]};
}

os::PingSocket PreparedSockets::take(Family family, const Address& source, std::size_t receive_buffer) {
  auto& ready = sockets_[family];
  if (source || ready.empty())
    return os::open_ping_socket(family, source, receive_buffer == 0 ? receive_buffer_ : receive_buffer);
  os::PingSocket socket = std::move(ready.back());
  ready.pop_back();
  return socket;
}

std::size_t PreparedSockets::left(Family family) const noexcept {
  const auto found = sockets_.find(family);
  return found == sockets_.end() ? 0 : found->second.size();
}

std::string PreparedSockets::error_of(Family family) const {
  const auto found = errors_.find(family);
  return found == errors_.end() ? std::string{} : found->second;
}

std::size_t PreparedSockets::buffer_of_new() const {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const os::PingSocket socket = os::open_ping_socket(family, {}, receive_buffer_);
    if (socket.socket) return buffer_of(socket);
  }
  return 0;
}

}  // namespace multiping::daemon
