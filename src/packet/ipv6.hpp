// Parses an IPv6 packet (RFC 8200) as an ICMPv6 error quotes it, past its extension headers.
// Pure: the result points into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// An IPv6 header, its extension headers skipped, and what is behind them.
struct Ipv6Packet {
  std::size_t header_length = 0;  ///< With extension headers, from 40 bytes on.
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;       ///< 20 bits.
  std::uint16_t payload_length = 0;   ///< As the header says, extension headers counted; a quote may hold less.
  std::uint16_t fragment_offset = 0;  ///< In bytes; 0 for a whole packet and for a first fragment.
  bool more_fragments = false;
  std::uint8_t hop_limit = 0;
  std::uint8_t protocol = 0;                ///< Of the payload, behind the extension headers.
  Address source{}, destination{};          ///< Without zone: the wire carries none.
  std::span<const std::uint8_t> payload{};  ///< Up to payload_length, or what is there of it.
};

/// Nothing when the version isn't 6, an extension header isn't all there or there are more than eight, or an address
/// is an IPv4-mapped one, which is none of a packet's (it would be taken for an IPv4 address).
/// Hop-by-hop, routing, fragment, destination options and authentication headers are skipped; behind the fragment
/// header of a later fragment there is no header to look for.
[[nodiscard]] std::optional<Ipv6Packet> parse_ipv6(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
