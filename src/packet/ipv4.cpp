// Parses the IPv4 header field by field and skips its options.
// See ipv4.hpp.
#include "packet/ipv4.hpp"

#include <algorithm>

#include "packet/reader.hpp"

namespace multiping::packet {

namespace {

constexpr std::size_t ipv4_header_size = 20;

void set_fragment(Ipv4Packet& packet, std::uint16_t flags_and_offset) noexcept {
  packet.more_fragments = (flags_and_offset & 0x2000U) != 0;
  packet.fragment_offset = static_cast<std::uint16_t>((flags_and_offset & 0x1FFFU) * 8U);
}

}  // namespace

std::optional<Ipv4Packet> parse_ipv4(std::span<const std::uint8_t> bytes) noexcept {
  Reader reader{bytes};
  Ipv4Packet packet;
  const auto version_and_words = reader.u8();
  packet.header_length = std::size_t{version_and_words & 0x0FU} * 4U;
  packet.tos = reader.u8();
  packet.total_length = reader.u16();
  reader.skip(2);  // identification
  set_fragment(packet, reader.u16());
  packet.ttl = reader.u8();
  packet.protocol = reader.u8();
  reader.skip(2);  // header checksum
  packet.source = Address::v4(reader.octets<4>());
  packet.destination = Address::v4(reader.octets<4>());
  if (!reader.ok() || version_and_words >> 4 != 4 || packet.header_length < ipv4_header_size) return std::nullopt;

  reader.skip(packet.header_length - ipv4_header_size);  // options
  if (!reader.ok() || packet.total_length < packet.header_length) return std::nullopt;
  packet.payload = reader.bytes(std::min(packet.total_length - packet.header_length, reader.remaining()));
  return packet;
}

}  // namespace multiping::packet
