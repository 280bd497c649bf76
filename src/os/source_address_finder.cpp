// Connects one UDP socket again for each address, and reads its own address by getsockname(2).
// See source_address_finder.hpp.
#include "os/source_address_finder.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "os/packet_ttl_tos_mark.hpp"
#include "os/probe_option_support.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

constexpr std::uint16_t any_port = 9;  // connect(2) needs a port; this one has no other use

}  // namespace

bool SourceAddressFinder::open(Family family, const std::string& device) noexcept {
  socket_ = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (socket_ && !device.empty()) static_cast<void>(bind_to_device(socket_.value(), device));
  return static_cast<bool>(socket_);
}

/// Sets what a route may depend on, and sets it back for a probe that does not ask for it.
void SourceAddressFinder::route_as(Family family, const ProbeOptions& probe) noexcept {
  const auto numbers = packet_numbers(family, probe);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const int value = numbers[i].value.value_or(0);
    if (!numbers[i].chooses_route || value == set_[i]) continue;
    set_option(socket_.value(), numbers[i].level, numbers[i].socket_option, value);
    set_[i] = value;
  }
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
