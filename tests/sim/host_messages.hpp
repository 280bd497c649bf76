// What hosts and routers say to a request, as messages: answers of every protocol, and ICMP errors.
// One request in, one message or packet out.
#pragma once

#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// Whether it asks for an answer: an echo request, a UDP datagram, a lone TCP SYN, or an SCTP INIT.
[[nodiscard]] bool is_request(const Datagram& datagram);

/// The destination port; 0 for ICMP.
[[nodiscard]] int port_of(const Datagram& request);

[[nodiscard]] bool looks_like(const Look& look, const Datagram& request);

/// The answer of a host that accepts, without a checksum: an echo reply, the payload given back, a SYN/ACK, an INIT
/// ACK.
[[nodiscard]] Bytes accepting(const Datagram& request);
/// The answer of a host that declines: a RST or an ABORT.
[[nodiscard]] Bytes declining(const Datagram& request);

/// A whole packet.
[[nodiscard]] Bytes error_packet(const RouterError& error, const Datagram& request);
/// The time exceeded that a router sends.
[[nodiscard]] RouterError time_exceeded(const Hop& hop, const Address& from);

/// Whether the link behind the router is too small for it.
[[nodiscard]] bool too_big(const Hop& hop, const Datagram& request);
/// What the router sends then, unless it is a black hole: fragmentation needed, or packet too big.
[[nodiscard]] RouterError packet_too_big(const Hop& hop);

}  // namespace multiping::test
