// Messages into and out of sockets, many in one call where that is allowed: sendmmsg(2) and recvmmsg(2); where a
// sandbox refuses these (ENOSYS, EPERM; seccomp(2)), sendmsg(2) and recvmsg(2) for one message after the other.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <system_error>

namespace multiping::os {

class SocketCalls {
 public:
  /// As sendmmsg(2) and recvmmsg(2): how many messages went, or -1 with errno. They never wait.
  int send(int socket, std::span<mmsghdr> messages) noexcept;
  int receive(int socket, std::span<mmsghdr> room, int flags) noexcept;
  /// Why this process may receive nothing from a socket; none where nothing stands in the way.
  [[nodiscard]] std::error_code try_receiving(int socket) noexcept;
  /// Throws away what has come in: answers to the probes of whoever had the socket before, and errors about them, which
  /// are looked for where a call fails or `errors` says that there may be some.
  enum class Emptied : std::uint8_t { was_empty, thrown_away, failed };
  [[nodiscard]] Emptied empty(int socket, bool errors) noexcept;

 private:
  int receive_one(int socket, int flags) noexcept;

  bool one_sent_at_a_time_ = false, one_received_at_a_time_ = false;
};

}  // namespace multiping::os
