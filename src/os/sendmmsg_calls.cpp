// Once the call for many messages was refused and the one for a single message worked, only the latter is used.
// See sendmmsg_calls.hpp.
#include "os/sendmmsg_calls.hpp"

#include <cerrno>

#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

constexpr int most_thrown_away = 100'000;
constexpr int most_failures = 256;  ///< Each ICMP error makes one call fail.

/// True for the errors with which a sandbox refuses a system call. A firewall also fails sendmmsg(2) with EPERM.
bool may_be_sandbox(int error) noexcept { return error == ENOSYS || error == EPERM; }

/// Calls `each(message)`, which returns the length or -1, up to the first failure. Returns how many calls succeeded, or
/// -1 with errno when the first one failed.
template <class Each>
int one_by_one(std::span<mmsghdr> messages, Each each) noexcept {
  int done = 0;
  for (mmsghdr& message : messages) {
    const ssize_t length = each(message.msg_hdr);
    if (length < 0) return done > 0 ? done : -1;
    message.msg_len = static_cast<unsigned>(length);
    ++done;
  }
  return done;
}

}  // namespace

int SendmmsgCalls::send(int socket, std::span<mmsghdr> messages) noexcept {
  if (!one_sent_at_a_time_) {
    const int sent = ::sendmmsg(socket, messages.data(), static_cast<unsigned>(messages.size()), MSG_DONTWAIT);
    if (sent >= 0 || !may_be_sandbox(errno)) return sent;
  }
  const int sent =
      one_by_one(messages, [socket](const msghdr& message) { return ::sendmsg(socket, &message, MSG_DONTWAIT); });
  if (sent > 0) one_sent_at_a_time_ = true;
  return sent;
}

int SendmmsgCalls::receive(int socket, std::span<mmsghdr> room, int flags) noexcept {
  if (!one_received_at_a_time_) {
    const int got = ::recvmmsg(socket, room.data(), static_cast<unsigned>(room.size()), flags | MSG_DONTWAIT, nullptr);
    if (got >= 0 || !may_be_sandbox(errno)) return got;
  }
  const int got =
      one_by_one(room, [socket, flags](msghdr& message) { return ::recvmsg(socket, &message, flags | MSG_DONTWAIT); });
  if (got >= 0 || errno == EAGAIN) one_received_at_a_time_ = true;
  return got;
}

int SendmmsgCalls::receive_one(int socket, int flags) noexcept {
  char byte = 0;
  iovec place{.iov_base = &byte, .iov_len = sizeof byte};
  mmsghdr message{};
  message.msg_hdr.msg_iov = &place;
  message.msg_hdr.msg_iovlen = 1;
  return receive(socket, {&message, 1}, flags);
}

std::error_code SendmmsgCalls::try_receiving(int socket) noexcept {
  if (receive_one(socket, MSG_PEEK) >= 0 || !may_be_sandbox(errno)) return {};
  return last_error();
}

SendmmsgCalls::Emptied SendmmsgCalls::empty(int socket, bool errors) noexcept {
  int thrown_away = 0, failures = 0;
  for (; thrown_away < most_thrown_away && failures < most_failures;) {
    const bool one = receive_one(socket, 0) >= 0;
    if (!one && errno == EAGAIN) break;
    ++(one ? thrown_away : failures);
  }
  if (thrown_away == most_thrown_away || failures == most_failures) return Emptied::failed;
  while ((errors || failures > 0) && receive_one(socket, MSG_ERRQUEUE) >= 0 && thrown_away < most_thrown_away)
    ++thrown_away;
  return thrown_away + failures > 0 ? Emptied::thrown_away : Emptied::was_empty;
}

}  // namespace multiping::os
