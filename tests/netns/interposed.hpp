// System calls of this program that tests look at or change: its sendmmsg(2), recvmmsg(2) and poll(2) are those of
// interposed.cpp, in the place of the C library's.
#pragma once

#include <sys/socket.h>

#include <cstdint>

namespace multiping::test {

/// How often this process has called any of them.
[[nodiscard]] std::uint64_t calls_of_sockets();

/// Is given every message that recvmmsg(2) has read from now on, to change it; null: nothing is.
void change_received(void (*change)(msghdr& message));

}  // namespace multiping::test
