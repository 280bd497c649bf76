// Replaces sendmmsg(2), recvmmsg(2), send(2) and poll(2) of the C library in this program with those of interposed.cpp.
// Tests count these calls, and change received messages.
#pragma once

#include <sys/socket.h>

#include <cstdint>

namespace multiping::test {

/// How many of these calls this process has made.
[[nodiscard]] std::uint64_t calls_of_sockets();
/// How many messages this process has sent to netlink(7) sockets by send(2).
[[nodiscard]] std::uint64_t netlink_questions();

/// From now on `change` is called with every message that recvmmsg(2) has read, and may change it; null: none is.
void change_received(void (*change)(msghdr& message));

}  // namespace multiping::test
