// Parses the IPv6 header and walks through the extension headers.
// See ipv6.hpp.
#include "packet/ipv6.hpp"

#include <algorithm>

#include "packet/reader.hpp"

namespace multiping::packet {

namespace {

constexpr int most_extension_headers = 8;  // RFC 8200 section 4.1 lists seven

// Next header values (RFC 8200 section 4, RFC 4302).
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t authentication = 51;
constexpr std::uint8_t destination_options = 60;

bool is_extension_header(std::uint8_t next_header) noexcept {
  return next_header == hop_by_hop || next_header == routing || next_header == fragment ||
         next_header == authentication || next_header == destination_options;
}

// Skips the extension header that packet.protocol names, and sets packet.protocol to the number of the next header.
void skip_extension_header(Ipv6Packet& packet, Reader& reader) noexcept {
  const auto header = packet.protocol;
  packet.protocol = reader.u8();
  const std::size_t length = reader.u8();  // in a fragment header reserved: of any value
  const auto offset_and_flags = reader.u16();
  reader.skip(4);
  if (header == fragment) {
    packet.fragment_offset = offset_and_flags & 0xFFF8U;
    packet.more_fragments = (offset_and_flags & 1U) != 0;
  } else if (header == authentication) {
    reader.skip(length * 4);  // RFC 4302 section 2.2: the length in words of 32 bits, minus two
  } else {
    reader.skip(length * 8);  // the length in words of 64 bits, minus one
  }
}

bool skip_extension_headers(Ipv6Packet& packet, Reader& reader) noexcept {
  for (int count = 0; is_extension_header(packet.protocol) && packet.fragment_offset == 0; ++count) {
    if (count == most_extension_headers) return false;
    skip_extension_header(packet, reader);
    if (!reader.ok()) return false;
  }
  return true;
}

}  // namespace

std::optional<Ipv6Packet> parse_ipv6(std::span<const std::uint8_t> bytes) noexcept {
  Reader reader{bytes};
  Ipv6Packet packet;
  const auto first_word = reader.u32();
  packet.traffic_class = static_cast<std::uint8_t>(first_word >> 20);
  packet.flow_label = first_word & 0xFFFFFU;
  packet.payload_length = reader.u16();
  packet.protocol = reader.u8();
  packet.hop_limit = reader.u8();
  packet.source = Address::v6(reader.octets<16>());
  packet.destination = Address::v6(reader.octets<16>());
  if (!reader.ok() || first_word >> 28 != 6) return std::nullopt;
  if (packet.source.family() != Family::ipv6 || packet.destination.family() != Family::ipv6) return std::nullopt;

  Reader behind{reader.bytes(std::min<std::size_t>(packet.payload_length, reader.remaining()))};
  if (!skip_extension_headers(packet, behind)) return std::nullopt;
  packet.payload = behind.rest();
  packet.header_length = bytes.size() - reader.remaining() - packet.payload.size();
  return packet;
}

}  // namespace multiping::packet
