// Sends and receives many messages in one call: sendmmsg(2) and recvmmsg(2). Where a sandbox refuses these (ENOSYS,
// EPERM; seccomp(2)), it sends and receives one message in each call: sendmsg(2) and recvmsg(2).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <system_error>

namespace multiping::os {

class SendmmsgCalls {
 public:
  /// As sendmmsg(2) and recvmmsg(2): return how many messages were sent or received, or -1 with errno. They never wait.
  int send(int socket, std::span<mmsghdr> messages) noexcept;
  int receive(int socket, std::span<mmsghdr> room, int flags) noexcept;
  /// Returns the error with which a sandbox keeps this process from receiving at all; none when it may receive.
  [[nodiscard]] std::error_code try_receiving(int socket) noexcept;
  /// Removes the packets and errors that came in for the previous user of the socket. The error queue is read only when
  /// a call fails, or when `errors` says that there may be errors. `failed`: the socket could not be emptied, because
  /// too many packets or errors came in.
  enum class Emptied : std::uint8_t { was_empty, thrown_away, failed };
  [[nodiscard]] Emptied empty(int socket, bool errors) noexcept;

 private:
  int receive_one(int socket, int flags) noexcept;

  bool one_sent_at_a_time_ = false, one_received_at_a_time_ = false;
};

}  // namespace multiping::os
