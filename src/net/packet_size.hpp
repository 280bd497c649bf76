// How large a probe's IP packet is, and what every path carries.
// Without IP options and extension headers.
#pragma once

#include <cstddef>

#include "multiping/address.hpp"

namespace multiping::net {

/// Bytes. IPv4: 576, which every host takes (RFC 1122 section 3.3.2), less what a tunnel may add. IPv6: RFC 8200
/// section 5.
inline constexpr std::size_t carried_by_ipv4 = 548, carried_by_ipv6 = 1280;

/// Of a probe with so much payload, ICMP or UDP, whose headers have the same size.
[[nodiscard]] constexpr std::size_t packet_size(Family family, std::size_t payload) noexcept {
  constexpr std::size_t ipv4_header = 20, ipv6_header = 40, own_header = 8;
  return (family == Family::ipv4 ? ipv4_header : ipv6_header) + own_header + payload;
}

}  // namespace multiping::net
