// The kernel filter of raw sockets: only what can answer this socket's probes reaches the receive buffer.
// Classic BPF, socket(7) SO_ATTACH_FILTER.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// The packets that a raw socket delivers. ICMP: answers to identifier `id`, and errors that quote it. TCP: segments to
/// port `id` that acknowledge or reset. SCTP: INIT ACK and ABORT to port `id`; 0: to any port from 0x8000 on.
struct Accepted {
  Family family = Family::any;
  Protocol protocol = Protocol::icmp;
  std::uint16_t id = 0;
};

/// Attaches and locks the filter, then discards the packets that came before it. Where a sandbox refuses the filter, an
/// ICMP socket gets all packets of the types that can answer, and other sockets get everything. Packets are checked
/// again when they are read, so that is safe; but packets for other processes then take up room in the buffer.
void attach_packet_filter(int socket, const Accepted& accepted) noexcept;

/// From now on a raw ICMP socket gets only packets of the types that can answer an echo request. Its filter stays.
void pass_answers(int socket, Family family) noexcept;
/// From now on a raw ICMP socket gets no packets at all. Its filter stays.
void pass_nothing(int socket, Family family) noexcept;

}  // namespace multiping::os
