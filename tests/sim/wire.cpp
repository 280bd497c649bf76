// Reads and writes IPv4 (RFC 791) and IPv6 (RFC 8200), as far as probes and their answers need them. See wire.hpp.
// IPv4 options are no-operations; IPv6 extension headers hold options that hosts skip.
#include "sim/wire.hpp"

#include <algorithm>
#include <array>

#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

constexpr std::size_t ipv4_minimum = 20, ipv6_minimum = 40;
constexpr std::uint8_t hop_by_hop = 0, destination_options = 60;
constexpr std::uint8_t skipped_option = 0x1E;  // RFC 4727: experimental; hosts that do not know it skip it
constexpr std::uint32_t dont_fragment_bit = 0x4000;

template <std::size_t Size>
std::array<std::uint8_t, Size> octets(ByteView bytes, std::size_t at) {
  std::array<std::uint8_t, Size> copy{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), Size, copy.begin());
  return copy;
}

std::uint8_t number_of(Protocol protocol, Family family) {
  switch (protocol) {
    case Protocol::icmp:
      return family == Family::ipv4 ? 1 : 58;
    case Protocol::udp:
      return 17;
    case Protocol::tcp:
      return 6;
    case Protocol::sctp:
      return 132;
  }
  return 0;
}

std::optional<Protocol> protocol_of(std::uint8_t number, Family family) {
  for (const Protocol protocol : {Protocol::icmp, Protocol::udp, Protocol::tcp, Protocol::sctp})
    if (number_of(protocol, family) == number) return protocol;
  return {};
}

std::optional<Datagram> parse_ipv4(ByteView packet) {
  if (packet.size() < ipv4_minimum) return {};
  const std::size_t header = std::size_t{4} * (packet[0] & 0x0FU);
  const std::size_t total = get16(packet, 2);
  const bool fragment = (get16(packet, 6) & 0x3FFFU) != 0;
  if (header < ipv4_minimum || total < header || packet.size() < total || fragment) return {};
  const auto protocol = protocol_of(packet[9], Family::ipv4);
  if (!protocol) return {};
  IpHeader ip{Address::v4(octets<4>(packet, 12)), Address::v4(octets<4>(packet, 16)), packet[8], packet[1],
              header - ipv4_minimum};
  ip.protocol = *protocol;
  ip.dont_fragment = (get16(packet, 6) & dont_fragment_bit) != 0;
  return Datagram{ip, packet.first(header), packet.subspan(header, total - header)};
}

std::optional<Datagram> parse_ipv6(ByteView packet) {
  if (packet.size() < ipv6_minimum) return {};
  const std::size_t total = ipv6_minimum + get16(packet, 4);
  if (packet.size() < total) return {};
  std::uint8_t next = packet[6];
  std::size_t at = ipv6_minimum;
  while ((next == hop_by_hop || next == destination_options) && at + 8 <= total) {
    next = packet[at];
    at += std::size_t{8} * (packet[at + 1] + 1U);
  }
  const auto protocol = protocol_of(next, Family::ipv6);
  if (!protocol || at > total) return {};
  const auto tos = static_cast<std::uint8_t>(get16(packet, 0) >> 4U);
  IpHeader ip{Address::v6(octets<16>(packet, 8)), Address::v6(octets<16>(packet, 24)), packet[7], tos,
              at - ipv6_minimum};
  ip.protocol = *protocol;
  ip.flow_label = get32(packet, 0) & 0xFFFFFU;
  return Datagram{ip, packet.first(at), packet.subspan(at, total - at)};
}

Bytes make_ipv4(const IpHeader& ip, ByteView message) {
  const std::size_t header = ipv4_minimum + ip.options;
  Bytes packet(ipv4_minimum);
  packet[0] = static_cast<std::uint8_t>(0x40U | (header / 4));
  packet[1] = ip.tos;
  put16(packet, 2, static_cast<std::uint32_t>(header + message.size()));
  put16(packet, 6, ip.dont_fragment ? dont_fragment_bit : 0);
  packet[8] = ip.ttl;
  packet[9] = number_of(ip.protocol, Family::ipv4);
  std::ranges::copy(ip.source.bytes(), packet.begin() + 12);
  std::ranges::copy(ip.destination.bytes(), packet.begin() + 16);
  packet.resize(header, 0x01);  // no-operation, RFC 791
  put16(packet, 10, internet_checksum(packet));
  append(packet, message);
  return packet;
}

// An options header of `size` bytes that holds a single option.
Bytes options_header(std::size_t size, std::uint8_t next) {
  Bytes header(size);
  header[0] = next;
  header[1] = static_cast<std::uint8_t>(size / 8 - 1);
  header[2] = skipped_option;
  header[3] = static_cast<std::uint8_t>(size - 4);
  return header;
}

// Destination options, and before them hop-by-hop options when there is room for two headers.
Bytes extension_headers(std::size_t size, std::uint8_t next) {
  if (size < 16) return options_header(size, next);
  Bytes headers = options_header(8, destination_options);
  append(headers, options_header(size - 8, next));
  return headers;
}

Bytes make_ipv6(const IpHeader& ip, ByteView message) {
  const std::size_t extension = (ip.options + 7) / 8 * 8;
  const std::uint8_t number = number_of(ip.protocol, Family::ipv6);
  Bytes packet(ipv6_minimum);
  put32(packet, 0, 0x60000000U | (std::uint32_t{ip.tos} << 20U) | ip.flow_label);
  put16(packet, 4, static_cast<std::uint32_t>(extension + message.size()));
  packet[6] = extension == 0 ? number : extension < 16 ? destination_options : hop_by_hop;
  packet[7] = ip.ttl;
  std::ranges::copy(ip.source.bytes(), packet.begin() + 8);
  std::ranges::copy(ip.destination.bytes(), packet.begin() + 24);
  if (extension != 0) append(packet, extension_headers(extension, number));
  append(packet, message);
  return packet;
}

}  // namespace

bool is_link_local(const Address& address) noexcept {
  return address.family() == Family::ipv6 && address.bytes()[0] == 0xFE && (address.bytes()[1] & 0xC0U) == 0x80;
}

std::uint16_t get16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

std::uint32_t get32(ByteView bytes, std::size_t at) {
  return (std::uint32_t{get16(bytes, at)} << 16U) | get16(bytes, at + 2);
}

void put16(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

void put32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  put16(bytes, at, value >> 16U);
  put16(bytes, at + 2, value & 0xFFFFU);
}

void append(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

std::size_t header_size(Protocol protocol) noexcept {
  if (protocol == Protocol::tcp) return 20;
  return protocol == Protocol::sctp ? 12 : 8;
}

std::optional<Datagram> parse_datagram(ByteView packet) {
  if (packet.empty()) return {};
  if (packet[0] >> 4U == 4) return parse_ipv4(packet);
  if (packet[0] >> 4U == 6) return parse_ipv6(packet);
  return {};
}

std::optional<Datagram> quoted_datagram(const Datagram& error) {
  const ByteView quoted = error.message.subspan(std::min(header_size(Protocol::icmp), error.message.size()));
  const bool ipv4 = error.family() == Family::ipv4;
  if (quoted.size() < (ipv4 ? ipv4_minimum : ipv6_minimum)) return {};
  Bytes whole{quoted.begin(), quoted.end()};
  const auto length = static_cast<std::uint32_t>(whole.size());
  put16(whole, ipv4 ? 2 : 4, ipv4 ? length : length - static_cast<std::uint32_t>(ipv6_minimum));
  auto datagram = parse_datagram(whole);
  if (!datagram) return {};
  const std::size_t header = datagram->header.size();
  datagram->header = quoted.first(header);
  datagram->message = quoted.subspan(header);
  return datagram;
}

Bytes make_datagram(const IpHeader& ip, ByteView message) {
  return ip.source.family() == Family::ipv4 ? make_ipv4(ip, message) : make_ipv6(ip, message);
}

}  // namespace multiping::test
