// IPv4 raw sockets give packets with their IP header; all other sockets give its source, TTL and TOS separately.
// See answer_context.hpp.
#include "net/answer_context.hpp"

#include "packet/ipv4.hpp"

namespace multiping::net {

std::optional<Outer> outer_of(const Incoming& packet) noexcept {
  if (!packet.ip_header)
    return Outer{.source = packet.from, .ttl = packet.ttl, .tos = packet.tos, .message = packet.bytes};
  const auto ip = packet::parse_ipv4(packet.bytes);
  if (!ip) return std::nullopt;
  return Outer{
      .source = ip->source, .destination = ip->destination, .ttl = ip->ttl, .tos = ip->tos, .message = ip->payload};
}

}  // namespace multiping::net
