// Makes the messages with which hosts and routers answer a request: answers of every protocol, and ICMP errors.
// Each function takes one request and makes one message or packet.
#pragma once

#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// True when the datagram asks for an answer: an echo request, a UDP datagram, a lone TCP SYN, or an SCTP INIT.
[[nodiscard]] bool is_request(const Datagram& datagram);

/// The destination port; 0 for ICMP.
[[nodiscard]] int port_of(const Datagram& request);

[[nodiscard]] bool looks_like(const Look& look, const Datagram& request);

/// The answer of a host that accepts, without a checksum: an echo reply, the returned payload, a SYN/ACK, or an INIT
/// ACK.
[[nodiscard]] Bytes accepting(const Datagram& request);
/// The answer of a host that declines: a RST or an ABORT.
[[nodiscard]] Bytes declining(const Datagram& request);

/// The whole packet of an ICMP error.
[[nodiscard]] Bytes error_packet(const RouterError& error, const Datagram& request);
/// The time exceeded error that a router sends.
[[nodiscard]] RouterError time_exceeded(const Hop& hop, const Address& from);

/// True when the link after the router is too small for the request.
[[nodiscard]] bool too_big(const Hop& hop, const Datagram& request);
/// The error that the router then sends, unless it is a black hole: fragmentation needed, or packet too big.
[[nodiscard]] RouterError packet_too_big(const Hop& hop);

}  // namespace multiping::test
