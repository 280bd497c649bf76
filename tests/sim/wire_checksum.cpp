// RFC 1071 with the pseudo headers of RFC 768, RFC 9293 and RFC 8200, and the CRC32c of RFC 9260 appendix A.
// Simple rather than fast. See wire_checksum.hpp.
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

std::uint32_t plain_sum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) sum += get16(bytes, at);
  return sum;
}

// ICMPv4 has no pseudo header.
std::uint32_t pseudo_header_sum(const IpHeader& ip, std::size_t length) {
  const bool icmp = ip.protocol == Protocol::icmp;
  if (icmp && ip.source.family() == Family::ipv4) return 0;
  const std::uint32_t number = icmp ? 58 : ip.protocol == Protocol::udp ? 17 : 6;
  const auto size = static_cast<std::uint32_t>(length);
  return plain_sum(ip.source.bytes()) + plain_sum(ip.destination.bytes()) + (size >> 16U) + (size & 0xFFFFU) + number;
}

std::uint16_t checksum_of(const IpHeader& ip, ByteView message) {
  return internet_checksum(message, pseudo_header_sum(ip, message.size()));
}

std::size_t checksum_at(Protocol protocol) {
  switch (protocol) {
    case Protocol::udp:
      return 6;
    case Protocol::tcp:
      return 16;
    case Protocol::sctp:
      return 8;
    default:
      return 2;
  }
}

std::size_t checksum_size(Protocol protocol) { return protocol == Protocol::sctp ? 4 : 2; }

// The CRC is transmitted with its least significant byte first.
std::uint32_t swapped(std::uint32_t value) {
  return (value << 24U) | ((value & 0xFF00U) << 8U) | ((value >> 8U) & 0xFF00U) | (value >> 24U);
}

std::uint32_t sctp_checksum(ByteView message) {
  Bytes copy{message.begin(), message.end()};
  put32(copy, checksum_at(Protocol::sctp), 0);
  return swapped(crc32c(copy));
}

}  // namespace

std::uint16_t internet_checksum(ByteView bytes, std::uint32_t start) {
  std::uint64_t sum = std::uint64_t{start} + plain_sum(bytes);
  if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back() << 8U);
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t crc32c(ByteView bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

bool sound(const Datagram& datagram) {
  const ByteView message = datagram.message;
  const std::size_t at = checksum_at(datagram.protocol());
  if (message.size() < at + checksum_size(datagram.protocol())) return false;
  if (datagram.protocol() == Protocol::sctp) return get32(message, at) == sctp_checksum(message);
  const bool udp4 = datagram.protocol() == Protocol::udp && datagram.family() == Family::ipv4;
  return (udp4 && get16(message, at) == 0) || checksum_of(datagram.ip, message) == 0;
}

void finish_checksum(const IpHeader& ip, std::span<std::uint8_t> message) {
  const std::size_t at = checksum_at(ip.protocol);
  if (message.size() < at + checksum_size(ip.protocol)) return;
  if (ip.protocol == Protocol::sctp) return put32(message, at, sctp_checksum(message));
  put16(message, at, 0);
  const std::uint16_t checksum = checksum_of(ip, message);
  put16(message, at, checksum == 0 && ip.protocol == Protocol::udp ? 0xFFFFU : checksum);  // RFC 768: 0 is none
}

void spoil_checksum(Protocol protocol, std::span<std::uint8_t> message) {
  const std::size_t at = checksum_at(protocol);
  if (message.size() >= at + checksum_size(protocol)) message[at] ^= 0x55U;
}

}  // namespace multiping::test
