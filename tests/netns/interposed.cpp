// Each function counts the call and then makes the system call itself.
// See interposed.hpp.
#include "netns/interposed.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<std::uint64_t> calls{0};
// Messages to netlink(7) sockets.
std::atomic<std::uint64_t> questions = 0;
std::atomic<void (*)(msghdr&)> change_of_received{nullptr};

}  // namespace

extern "C" int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  ++calls;
  return static_cast<int>(::syscall(SYS_sendmmsg, socket, messages, count, flags));
}

extern "C" int recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* limit) {
  ++calls;
  const long got = ::syscall(SYS_recvmmsg, socket, messages, count, flags, limit);
  if (const auto change = change_of_received.load())
    for (long i = 0; i < got; ++i) change(messages[i].msg_hdr);
  return static_cast<int>(got);
}

extern "C" ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK) ++questions;
  return ::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0);
}

extern "C" int poll(pollfd* watched, nfds_t count, int milliseconds) {
  ++calls;
#ifdef SYS_poll
  return static_cast<int>(::syscall(SYS_poll, watched, count, milliseconds));
#else
  const timespec limit{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000L};
  return static_cast<int>(::syscall(SYS_ppoll, watched, count, milliseconds < 0 ? nullptr : &limit, nullptr, 0));
#endif
}

namespace multiping::test {

std::uint64_t calls_of_sockets() { return calls; }
std::uint64_t netlink_questions() { return questions; }

void change_received(void (*change)(msghdr& message)) { change_of_received = change; }

}  // namespace multiping::test
