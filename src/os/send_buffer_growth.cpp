// Reads SO_MEMINFO, and sets SO_SNDBUF, socket(7).
// See send_buffer_growth.hpp.
#include "os/send_buffer_growth.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <chrono>

#include "os/kernel_constants.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

/// Any device sends one of some hundred packets within this time.
constexpr Duration stuck = 50ms;

/// A raw socket may hold twice the size of its buffer.
std::size_t times_held(int socket) noexcept { return option(socket, SOL_SOCKET, SO_TYPE) == SOCK_RAW ? 2 : 1; }

/// Full means within 1/16 of its size, since a packet or two may have left after the refusal.
bool is_full(int socket, const SocketMemory& memory) noexcept {
  const std::size_t room = memory.buffer * times_held(socket);
  return room > 0 && memory.held >= room - room / 16;
}

std::size_t send_buffer_of(int socket) noexcept {
  return static_cast<std::size_t>(option(socket, SOL_SOCKET, SO_SNDBUF));
}

/// Tries the size on another socket first: where the usual size is above the system's limit for requests, a request
/// would make the buffer smaller.
bool grow(int socket, std::size_t buffer) noexcept {
  const FileDescriptor trial = open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP);
  raise_buffer(trial.value(), SO_SNDBUF, SO_SNDBUFFORCE, buffer / 2);
  const std::size_t before = send_buffer_of(socket);
  if (!trial || send_buffer_of(trial.value()) <= before) return false;
  raise_buffer(socket, SO_SNDBUF, SO_SNDBUFFORCE, buffer / 2);
  return send_buffer_of(socket) > before;
}

}  // namespace

SocketMemory memory_of(int socket) noexcept {
  std::uint32_t info[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, info, &length) != 0) return {};
  return {.held = info[SK_MEMINFO_WMEM_ALLOC],
          .buffer = info[SK_MEMINFO_SNDBUF],
          .received = info[SK_MEMINFO_RMEM_ALLOC],
          .receive_buffer = info[SK_MEMINFO_RCVBUF],
          .drops = info[SK_MEMINFO_DROPS]};
}

void limit_send_buffer(int socket, std::size_t most) noexcept {
  const std::size_t limit = most / times_held(socket);
  if (send_buffer_of(socket) > limit) set_option(socket, SOL_SOCKET, SO_SNDBUF, static_cast<int>(limit / 2));
}

SendBufferGrowth::Look SendBufferGrowth::refused(int socket, std::size_t most, Instant now) noexcept {
  const SocketMemory memory = memory_of(socket);
  if (!is_full(socket, memory)) return Look::not_full;
  if (!full_since_) full_since_ = now;
  const std::size_t wanted = most / times_held(socket);
  if (tried_ || now - *full_since_ < stuck || memory.buffer >= wanted) return Look::full;
  tried_ = true;
  return grow(socket, wanted) ? Look::grown : Look::full;
}

}  // namespace multiping::os
