// Messages into and out of sockets, many in one call where that is allowed: sendmmsg(2) and recvmmsg(2); where a
// sandbox refuses these (ENOSYS, EPERM; seccomp(2)), sendmsg(2) and recvmsg(2) for one message after the other.
#pragma once

#include <sys/socket.h>

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

 private:
  bool one_sent_at_a_time_ = false, one_received_at_a_time_ = false;
};

}  // namespace multiping::os
