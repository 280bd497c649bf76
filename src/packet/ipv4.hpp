// Parses an IPv4 packet (RFC 791), received whole from a raw socket or quoted in an ICMP error.
// Pure: the result points into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// An IPv4 header and what is behind it.
struct Ipv4Packet {
  std::size_t header_length = 0;  ///< With options, 20 to 60 bytes.
  std::uint8_t tos = 0;
  std::uint16_t total_length = 0;     ///< As the header says; a quote may hold less.
  std::uint16_t fragment_offset = 0;  ///< In bytes; 0 for a whole packet and for a first fragment.
  bool more_fragments = false;
  std::uint8_t ttl = 0;
  std::uint8_t protocol = 0;
  Address source{}, destination{};
  std::span<const std::uint8_t> payload{};  ///< Up to total_length, or what is there of it.
};

/// Nothing when the version isn't 4, the header isn't all there, or the lengths contradict each other.
/// The header's checksum isn't looked at: the kernel checks it in what is received, and routers change quoted headers.
[[nodiscard]] std::optional<Ipv4Packet> parse_ipv4(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
