// Connects one UDP socket again for each address, and reads its own address by getsockname(2).
// See source_address_finder.hpp.
#include "os/source_address_finder.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "os/option_trial.hpp"
#include "os/socket.hpp"

namespace multiping::os {
namespace {

constexpr std::uint16_t any_port = 9;  // connect(2) needs a port; this one has no other use

}  // namespace

bool SourceAddressFinder::open(Family family, const std::string& device) noexcept {
  socket_ = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (socket_ && !device.empty()) static_cast<void>(bind_to_device(socket_.value(), device));
  return static_cast<bool>(socket_);
}

/// Sets the mark and the TOS, on which a route may depend too.
void SourceAddressFinder::route_as(Family family, const ProbeOptions& probe) noexcept {
  const bool v4 = family == Family::ipv4;
  const std::uint32_t mark = probe.mark.value_or(0);
  if (mark != mark_) set_option(socket_.value(), SOL_SOCKET, SO_MARK, static_cast<int>(mark));
  if (probe.tos != tos_)
    set_option(socket_.value(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, probe.tos);
  mark_ = mark;
  tos_ = probe.tos;
}

Address SourceAddressFinder::find(const Address& to, const ProbeOptions& probe) noexcept {
  if (const Address& source = source_of(probe, to.family())) return source;
  if (!socket_ && !open(to.family(), probe.device)) return {};
  route_as(to.family(), probe);
  // Disconnects: a connected socket would keep its source address when it is connected elsewhere.
  SocketAddress address{};
  address.any.sa_family = AF_UNSPEC;
  if (::connect(socket_.value(), &address.any, sizeof address.any) != 0) return {};
  socklen_t length = to_socket_address(to, address);
  set_port(address, any_port);
  if (::connect(socket_.value(), &address.any, length) != 0) return {};
  length = sizeof address;
  if (::getsockname(socket_.value(), &address.any, &length) != 0) return {};
  return from_socket_address(address);
}

}  // namespace multiping::os
