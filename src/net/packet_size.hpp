// The size of a probe's IP packet and of an answer, and the packet size that every path carries.
// Sizes of IP packets are without IP options and extension headers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "multiping/address.hpp"

namespace multiping::net {

/// In bytes. IPv4: 576, which every host accepts (RFC 1122 section 3.3.2), less the bytes that a tunnel may add. IPv6:
/// RFC 8200 section 5.
inline constexpr std::size_t carried_by_ipv4 = 548, carried_by_ipv6 = 1280;

/// Returns the packet size in bytes of an ICMP or UDP probe with so much payload: both headers have the same size.
[[nodiscard]] constexpr std::size_t packet_size(Family family, std::size_t payload) noexcept {
  constexpr std::size_t ipv4_header = 20, ipv6_header = 40, own_header = 8;
  return (family == Family::ipv4 ? ipv4_header : ipv6_header) + own_header + payload;
}

/// The size of an answer as an event tells it. No IP packet carries more than 65,535 bytes.
[[nodiscard]] constexpr std::uint16_t reply_size(std::size_t bytes) noexcept {
  return static_cast<std::uint16_t>(std::min<std::size_t>(bytes, 65'535));
}

}  // namespace multiping::net
