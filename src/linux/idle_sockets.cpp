// An idle raw socket lets no packet in; a socket that is taken again is emptied first.
// See idle_sockets.hpp.
#include "linux/idle_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "linux/packet_filter.hpp"
#include "linux/send_room.hpp"

namespace multiping::os {
namespace {

/// For each family. More than one is in use at once where several objects or threads share a transport.
constexpr std::size_t most_idle = 4;
constexpr int most_thrown_away = 100'000;
constexpr int most_failures = 256;  ///< Calls of recv(2) that fail; each ICMP error causes one.

bool is_raw(int socket) noexcept { return option(socket, SOL_SOCKET, SO_TYPE) == SOCK_RAW; }

/// Discards the answers to probes of the socket's previous user, and the errors about them.
void throw_away(int socket, int flags) noexcept {
  char byte = 0;
  int failures = 0;
  for (int i = 0; i < most_thrown_away && failures < most_failures; ++i) {
    if (::recv(socket, &byte, sizeof byte, flags | MSG_DONTWAIT) >= 0) continue;
    if (errno == EAGAIN) return;
    ++failures;
  }
}

}  // namespace

IdleSockets::Network IdleSockets::this_network() noexcept {
  struct stat network {};
  if (::stat("/proc/thread-self/ns/net", &network) != 0) return {};
  return {network.st_dev, network.st_ino};
}

IdleSockets::IdleSockets(Use use)
    : use_{use}, owner_{::getpid()}, network_{use == Use::again ? this_network() : Network{}} {
  for (auto& idle : idle_) idle.reserve(most_idle);  // so that nothing throws when one is given back
}

std::error_code IdleSockets::open(TransportKind kind, Family family) {
  OpenedLane opened = open_lane_socket({.kind = kind, .tells_remedies = false}, plain_lane(family));
  if (!opened.refusal.error) give_back(family, std::move(opened.lane));
  return opened.refusal.error;
}

std::optional<LaneSocket> IdleSockets::take(Family family) noexcept {
  if (::getpid() != owner_ || (use_ == Use::again && this_network() != network_)) return std::nullopt;
  std::optional<LaneSocket> taken;
  {
    const std::lock_guard lock{mutex_};
    if (of(family).empty()) return std::nullopt;
    taken = std::move(of(family).back());
    of(family).pop_back();
  }
  if (use_ == Use::once) return taken;
  const int socket = taken->socket.value();
  throw_away(socket, 0);
  throw_away(socket, MSG_ERRQUEUE);
  if (is_raw(socket)) pass_answers(socket, family);
  taken->drops = memory_of(socket).drops;
  return taken;
}

/// Whether the socket is of the same network namespace as the first one given back. A thread in another namespace opens
/// sockets of its own.
bool IdleSockets::is_of_this_network(int socket) noexcept {
  const std::uint64_t cookie = network_of(socket);
  std::uint64_t unknown = 0;
  return cookie_.compare_exchange_strong(unknown, cookie) || unknown == cookie;
}

void IdleSockets::give_back(Family family, LaneSocket socket) noexcept {
  if (::getpid() != owner_) return;
  const int descriptor = socket.socket.value();
  if (use_ == Use::again && !is_of_this_network(descriptor)) return;
  if (use_ == Use::again && is_raw(descriptor)) pass_nothing(descriptor, family);
  if (socket.usual_df) set_option(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, *socket.usual_df);
  socket.usual_df.reset();
  const std::lock_guard lock{mutex_};
  if (of(family).size() >= most_idle) return;
  try {
    of(family).push_back(std::move(socket));
  } catch (const std::bad_alloc&) {
    // The socket is closed.
  }
}

}  // namespace multiping::os
