// The kernel filter of raw sockets: only what can answer this socket's probes reaches the receive buffer.
// Classic BPF, socket(7) SO_ATTACH_FILTER.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// What a raw socket shall deliver. ICMP: answers to identifier `id`, and errors that quote it. TCP: segments to port
/// `id` that acknowledge or reset. SCTP: INIT ACK and ABORT to port `id`; 0: to any port from 0x8000 on.
struct Accepted {
  Family family = Family::any;
  net::Carrier carrier = net::Carrier::icmp;
  std::uint16_t id = 0;
};

/// Attaches and locks the filter, then throws away what came before it. Where a sandbox refuses it, an ICMP socket
/// takes the types that matter, and others take everything: what is believed does not depend on it, and the buffer is
/// filled by what others receive.
void attach_packet_filter(int socket, const Accepted& accepted) noexcept;

/// From now on a raw ICMP socket takes only packets of the types that can answer an echo request, or none at all, the
/// filter apart.
void pass_answers(int socket, Family family) noexcept;
void pass_nothing(int socket, Family family) noexcept;

}  // namespace multiping::os
