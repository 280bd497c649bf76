// No call here blocks. IPv4 clients of an IPv6 socket are addressed by IPv4-mapped addresses.
// See icmp4em_sockets.hpp.
#include "apps/multipingd/icmp4em/icmp4em_sockets.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "os/kernel_constants.hpp"
#include "os/socket_basics.hpp"
#include "packet/icmp.hpp"
#include "packet/writer.hpp"

namespace multiping::daemon {
namespace {

/// Writes the IPv4-mapped form of an IPv4 address, which an IPv6 socket needs.
socklen_t map_to_v6(const Address& address, os::SocketAddress& out) noexcept {
  out.v6 = {};
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_addr.s6_addr[10] = out.v6.sin6_addr.s6_addr[11] = 0xff;
  std::ranges::copy(address.bytes(), &out.v6.sin6_addr.s6_addr[12]);
  return sizeof out.v6;
}

}  // namespace

int family_of(int socket) noexcept {
  os::SocketAddress address{};
  socklen_t length = sizeof address;
  return ::getsockname(socket, &address.any, &length) == 0 ? address.any.sa_family : AF_UNSPEC;
}

bool take_pending_error(int socket) noexcept { return os::option(socket, SOL_SOCKET, SO_ERROR) != 0; }

bool is_crowded(int socket) noexcept {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t length = sizeof memory;
  if (::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory.data(), &length) != 0) return false;
  return memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 2;
}

std::error_code send_echo(int ping_socket, const icmp4em::Icmp4emRequest& request, std::uint16_t sequence) noexcept {
  std::array<std::uint8_t, packet::icmp_header_size> header{};
  packet::Writer out{header};
  out.u8(request.destination.family() == Family::ipv4 ? packet::icmpv4::echo_request : packet::icmpv6::echo_request);
  out.fill(5, 0);  // code, checksum, identifier
  out.u16(sequence);
  os::SocketAddress to{};
  const socklen_t length = os::to_socket_address(request.destination, to);
  // sendmsg() only reads through this pointer, although iovec has it without const.
  auto* payload = const_cast<std::uint8_t*>(request.payload.data());  // NOLINT(*-const-cast)
  std::array<iovec, 2> parts = {iovec{header.data(), header.size()}, iovec{payload, request.payload.size()}};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = length;
  message.msg_iov = parts.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(parts.size());
  const ssize_t sent = ::sendmsg(ping_socket, &message, MSG_DONTWAIT);
  return sent >= 0 ? std::error_code{} : os::last_error();
}

bool send_datagram(int udp_socket, bool socket_is_v6, const Icmp4emClient& to,
                   std::span<const std::uint8_t> datagram) noexcept {
  os::SocketAddress address{};
  const bool mapped = socket_is_v6 && to.address.family() == Family::ipv4;
  const socklen_t length = mapped ? map_to_v6(to.address, address) : os::to_socket_address(to.address, address);
  os::set_port(address, to.port);
  return ::sendto(udp_socket, datagram.data(), datagram.size(), MSG_DONTWAIT, &address.any, length) >= 0;
}

}  // namespace multiping::daemon
