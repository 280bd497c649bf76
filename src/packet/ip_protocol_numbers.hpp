// The protocol numbers above IP (IANA "Assigned Internet Protocol Numbers"), as both IP headers carry them.
// The numbers of IPv6 extension headers are in ipv6.cpp.
#pragma once

#include <cstdint>

namespace multiping::packet::ip_protocol {

inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t no_next_header = 59;
inline constexpr std::uint8_t sctp = 132;

}  // namespace multiping::packet::ip_protocol
