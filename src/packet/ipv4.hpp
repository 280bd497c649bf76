// Parses an IPv4 packet (RFC 791), received whole from a raw socket or quoted in an ICMP error.
// Pure: the result points into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// An IPv4 header and the payload after it.
struct Ipv4Packet {
  std::size_t header_length = 0;  ///< With options, 20 to 60 bytes.
  std::uint8_t tos = 0;
  std::uint16_t total_length = 0;     ///< As the header says; a quote may hold less.
  std::uint16_t fragment_offset = 0;  ///< In bytes; 0 for a whole packet and for a first fragment.
  bool more_fragments = false;
  std::uint8_t ttl = 0;
  std::uint8_t protocol = 0;
  Address source{}, destination{};
  std::span<const std::uint8_t> payload{};  ///< Up to total_length, or as much of it as there is.
};

/// Returns nothing when the version is not 4, the header is incomplete, or the lengths contradict each other.
/// The header checksum is not checked: the kernel checks it in received packets, and routers change quoted headers.
[[nodiscard]] std::optional<Ipv4Packet> parse_ipv4(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
