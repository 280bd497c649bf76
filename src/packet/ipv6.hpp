// Parses an IPv6 packet (RFC 8200) as an ICMPv6 error quotes it, and skips its extension headers.
// Pure: the result points into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// An IPv6 header, and the payload after its extension headers.
struct Ipv6Packet {
  std::size_t header_length = 0;  ///< With extension headers, at least 40 bytes.
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;       ///< 20 bits.
  std::uint16_t payload_length = 0;   ///< As the header says, with extension headers; a quote may hold less.
  std::uint16_t fragment_offset = 0;  ///< In bytes; 0 for a whole packet and for a first fragment.
  bool more_fragments = false;
  std::uint8_t hop_limit = 0;
  std::uint8_t protocol = 0;                ///< The protocol of the payload, after the extension headers.
  Address source{}, destination{};          ///< Without a zone: a packet carries none.
  std::span<const std::uint8_t> payload{};  ///< Up to payload_length, or as much of it as there is.
};

/// Returns nothing when the version is not 6, a header is incomplete, there are more than eight extension headers, or
/// an address is IPv4-mapped. No packet has such an address, and it would be taken for an IPv4 address. Hop-by-hop,
/// routing, fragment, destination options and authentication headers are skipped. A fragment other than the first has
/// no header after its fragment header.
[[nodiscard]] std::optional<Ipv6Packet> parse_ipv6(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
