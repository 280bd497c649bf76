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

/// Attaches and locks the filter, then throws away what came before it. False, with errno set, when refused.
[[nodiscard]] bool attach_packet_filter(int socket, const Accepted& accepted) noexcept;

}  // namespace multiping::os
