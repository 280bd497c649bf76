// An idle raw socket lets no packet in; a socket that is taken again is emptied first.
// See spare_icmp_sockets.hpp.
#include "os/spare_icmp_sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

#include "base/process_id.hpp"
#include "os/packet_filter.hpp"
#include "os/send_buffer_growth.hpp"
#include "os/sendmmsg_calls.hpp"

namespace multiping::os {
namespace {

/// The most idle sockets of each family. Several are in use at once when objects or threads share a transport.
constexpr std::size_t most_idle = 4;
constexpr const char* network_link = "/proc/thread-self/ns/net";

bool is_raw(int socket) noexcept { return option(socket, SOL_SOCKET, SO_TYPE) == SOCK_RAW; }

}  // namespace

/// `link_` gives the answer only for the thread that opened it. Another thread may get the same thread id after that
/// thread has ended: then readlinkat(2) fails, and the path is read instead.
SpareIcmpSockets::Network SpareIcmpSockets::this_network() const noexcept {
  Network name{};
  const bool own = link_ && std::this_thread::get_id() == opener_;
  if (own && ::readlinkat(link_.value(), "", name.data(), name.size()) > 0) return name;
  static_cast<void>(::readlink(network_link, name.data(), name.size()));
  return name;
}

SpareIcmpSockets::SpareIcmpSockets(Use use)
    : use_{use},
      owner_{process_id()},
      opener_{std::this_thread::get_id()},
      link_{use == Use::again ? ::open(network_link, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1},
      network_{use == Use::again ? this_network() : Network{}} {}

std::error_code SpareIcmpSockets::open(TransportKind kind, Family family) {
  OpenedSocket opened = open_probe_socket({.kind = kind, .tells_remedies = false}, plain_socket(family));
  if (!opened.refusal.error) give_back(family, std::move(opened.made));
  return opened.refusal.error;
}

bool SpareIcmpSockets::has(Family family) noexcept {
  const std::lock_guard lock{mutex_};
  return !of(family).empty();
}

bool SpareIcmpSockets::is_home() const noexcept {
  return process_id() == owner_ && (use_ == Use::once || this_network() == network_);
}

std::optional<ProbeSocket> SpareIcmpSockets::take(Family family) noexcept {
  if (!is_home()) return std::nullopt;
  std::optional<ProbeSocket> taken;
  {
    const std::lock_guard lock{mutex_};
    if (of(family).empty()) return std::nullopt;
    taken = std::move(of(family).back());
    of(family).pop_back();
  }
  if (use_ == Use::once) return taken;
  const int socket = taken->socket.value();
  static_cast<void>(SendmmsgCalls{}.empty(socket, true));
  if (is_raw(socket)) pass_answers(socket, family);
  taken->drops = memory_of(socket).drops;
  return taken;
}

bool SpareIcmpSockets::is_home_of(ProbeSocket& socket) noexcept {
  if (socket.at_home) return true;
  if (process_id() != owner_) return false;
  const std::uint64_t cookie = network_of(socket.socket.value());
  std::uint64_t unknown = 0;
  socket.at_home = cookie_.compare_exchange_strong(unknown, cookie) || unknown == cookie;
  return socket.at_home;
}

void SpareIcmpSockets::give_back(Family family, ProbeSocket socket) noexcept {
  if (process_id() != owner_) return;
  const int descriptor = socket.socket.value();
  if (use_ == Use::again && !is_home_of(socket)) return;
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
