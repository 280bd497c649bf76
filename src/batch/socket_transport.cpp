// Objects have different keys, or serials that go on, so that no answer to another object's probe is believed.
// See socket_transport.hpp.
#include "batch/socket_transport.hpp"

#include <utility>

#include "broker/broker_sockets.hpp"
#include "net/packet_transport.hpp"
#include "os/route_check.hpp"
#include "os/socket_basics.hpp"
#include "os/socket_packet_io.hpp"
#include "os/source_address_finder.hpp"

namespace multiping {

SocketTransport::SocketTransport(const Capabilities& can, TransportOptions options, os::SharedSockets shared)
    : can_{can},
      options_{std::move(options)},
      shared_{std::move(shared)},
      kept_{keeps_any() ? shared_.idle : nullptr} {}

std::unique_ptr<net::ProbeTransport> SocketTransport::open(const net::SocketsNeeded& request) const {
  if (auto kept = kept_.take(request)) return kept;
  packet::SipKey key;
  os::fill_random(key.bytes.data(), key.bytes.size());
  return std::make_unique<net::PacketTransport>(
      std::make_unique<os::SocketPacketIo>(can_.kind, options_, request, shared_), request, key);
}

void SocketTransport::give_back(std::unique_ptr<net::ProbeTransport> used) const noexcept {
  kept_.give_back(std::move(used));
}

/// Echo requests leave by the broker's network.
bool SocketTransport::has_route(const Address& to, const ProbeOptions& probe) const {
  const bool through_broker = can_.kind == TransportKind::broker && probe.protocol == Protocol::icmp;
  if (through_broker && !(to.family() == Family::ipv4 ? can_.ipv4 : can_.ipv6)) return false;
  if (!through_broker || !shared_.broker.sockets->elsewhere()) return os::has_route(to, probe);
  os::PingSocket there = shared_.broker.sockets->ping_socket(to.family(), {}, 0);
  return !there.socket || os::SourceAddressFinder{std::move(there.socket)}.find(to, probe);
}

}  // namespace multiping
