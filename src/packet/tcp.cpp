// Writes a SYN with one option, and parses and checks TCP headers.
// See tcp.hpp.
#include "packet/tcp.hpp"

#include "packet/internet_checksum.hpp"
#include "packet/ip_protocol_numbers.hpp"
#include "packet/reader.hpp"
#include "packet/writer.hpp"

namespace multiping::packet {

namespace {

constexpr std::size_t tcp_header_size = 20;
constexpr std::size_t tcp_checksum_offset = 16;
constexpr std::uint8_t flag_syn = 0x02, flag_rst = 0x04, flag_ack = 0x10;

// Values of an ordinary SYN: some firewalls drop a SYN without a maximum segment size or without a window.
constexpr std::uint16_t window = 64240;
constexpr std::uint16_t largest_segment = 1460;
constexpr std::uint8_t option_segment_size = 2, option_segment_size_length = 4;

Checksum pseudo_header(const Address& source, const Address& destination, std::size_t length) noexcept {
  Checksum checksum;
  checksum.add_pseudo_header(source, destination, static_cast<std::uint32_t>(length), ip_protocol::tcp);
  return checksum;
}

}  // namespace

std::array<std::uint8_t, tcp_syn_size> encode_tcp_syn(const TcpSyn& syn, const Address& source,
                                                      const Address& destination) noexcept {
  std::array<std::uint8_t, tcp_syn_size> segment{};
  Writer writer{segment};
  writer.u16(syn.source_port);
  writer.u16(syn.destination_port);
  writer.u32(syn.sequence);
  writer.u32(0);  // acknowledgment
  writer.u8(tcp_syn_size / 4 << 4);
  writer.u8(flag_syn);
  writer.u16(window);
  writer.u32(0);  // checksum, urgent pointer
  writer.u8(option_segment_size);
  writer.u8(option_segment_size_length);
  writer.u16(largest_segment);
  if (!source) return segment;

  auto checksum = pseudo_header(source, destination, segment.size());
  checksum.add(segment);
  Writer{std::span{segment}.subspan(tcp_checksum_offset)}.u16(checksum.value());
  return segment;
}

std::optional<TcpSegment> parse_tcp(std::span<const std::uint8_t> segment) noexcept {
  Reader reader{segment};
  TcpSegment parsed;
  parsed.source_port = reader.u16();
  parsed.destination_port = reader.u16();
  parsed.sequence = reader.u32();
  parsed.acknowledgment = reader.u32();
  const auto header_length = std::size_t{reader.u8()} / 16U * 4U;  // the upper half counts words of 32 bits
  const auto flags = reader.u8();
  reader.skip(6);  // window, checksum, urgent pointer
  if (!reader.ok() || header_length < tcp_header_size || header_length > segment.size()) return std::nullopt;
  parsed.syn = (flags & flag_syn) != 0;
  parsed.ack = (flags & flag_ack) != 0;
  parsed.rst = (flags & flag_rst) != 0;
  return parsed;
}

std::optional<TcpSyn> parse_quoted_tcp(std::span<const std::uint8_t> quoted) noexcept {
  Reader reader{quoted};
  TcpSyn syn;
  syn.source_port = reader.u16();
  syn.destination_port = reader.u16();
  syn.sequence = reader.u32();
  if (!reader.ok()) return std::nullopt;
  return syn;
}

bool tcp_checksum_ok(std::span<const std::uint8_t> segment, const Address& source,
                     const Address& destination) noexcept {
  Reader reader{segment};
  reader.skip(tcp_checksum_offset);
  const auto found = reader.u16();
  if (!reader.ok()) return false;
  auto checksum = pseudo_header(source, destination, segment.size());
  const auto unfinished = static_cast<std::uint16_t>(~checksum.value());
  checksum.add(segment);
  return checksum.value() == 0 || found == unfinished;
}

}  // namespace multiping::packet
