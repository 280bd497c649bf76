// Sends and receives many messages in one call: sendmmsg(2) and recvmmsg(2). Where a sandbox refuses these (ENOSYS,
// EPERM; seccomp(2)), it sends and receives one message in each call: sendmsg(2) and recvmsg(2).
#pragma once

#include <sys/socket.h>

#include <span>
#include <system_error>

namespace multiping::os {

class SocketCalls {
 public:
  /// As sendmmsg(2) and recvmmsg(2): return how many messages were sent or received, or -1 with errno. They never wait.
  int send(int socket, std::span<mmsghdr> messages) noexcept;
  int receive(int socket, std::span<mmsghdr> room, int flags) noexcept;
  /// The error by which a sandbox keeps this process from receiving at all; none when it may receive.
  [[nodiscard]] std::error_code try_receiving(int socket) noexcept;

 private:
  bool one_sent_at_a_time_ = false, one_received_at_a_time_ = false;
};

}  // namespace multiping::os
