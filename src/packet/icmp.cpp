// Parses and classifies ICMP and ICMPv6 messages with one parser for both families.
// See icmp.hpp.
#include "packet/icmp.hpp"

#include "packet/internet_checksum.hpp"
#include "packet/ip_protocol_numbers.hpp"
#include "packet/ipv4.hpp"
#include "packet/ipv6.hpp"
#include "packet/reader.hpp"

namespace multiping::packet {

namespace {

ErrorKind classify_icmpv4(std::uint8_t type, std::uint8_t code) noexcept {
  switch (type) {
    case icmpv4::time_exceeded:
      return code == code_ttl_exceeded ? ErrorKind::ttl_expired : ErrorKind::unreachable;
    case icmpv4::destination_unreachable:
    case icmpv4::parameter_problem:
      return ErrorKind::unreachable;
    case icmpv4::source_quench:
    case icmpv4::redirect:
      return ErrorKind::ignored;
    default:
      return ErrorKind::not_an_error;
  }
}

ErrorKind classify_icmpv6(std::uint8_t type, std::uint8_t code) noexcept {
  constexpr std::uint8_t first_informational = 128;  // RFC 4443 section 2.1
  switch (type) {
    case icmpv6::time_exceeded:
      return code == code_ttl_exceeded ? ErrorKind::ttl_expired : ErrorKind::unreachable;
    case icmpv6::destination_unreachable:
    case icmpv6::packet_too_big:
    case icmpv6::parameter_problem:
      return ErrorKind::unreachable;
    case icmpv6::redirect:
      return ErrorKind::ignored;
    default:
      return type < first_informational ? ErrorKind::ignored : ErrorKind::not_an_error;
  }
}

// The quoted ICMP message and its addresses. Only the IP header differs between the families.
struct Quoted {
  Address source{}, destination{};
  std::span<const std::uint8_t> icmp{};
};

std::optional<Quoted> quoted_in_ipv4(std::span<const std::uint8_t> body) noexcept {
  const auto ip = parse_ipv4(body);
  if (!ip || ip->protocol != ip_protocol::icmp || ip->fragment_offset != 0) return std::nullopt;
  return Quoted{ip->source, ip->destination, ip->payload};
}

std::optional<Quoted> quoted_in_ipv6(std::span<const std::uint8_t> body) noexcept {
  const auto ip = parse_ipv6(body);
  if (!ip || ip->protocol != ip_protocol::icmpv6 || ip->fragment_offset != 0) return std::nullopt;
  return Quoted{ip->source, ip->destination, ip->payload};
}

}  // namespace

std::optional<IcmpMessage> parse_icmp(std::span<const std::uint8_t> bytes) noexcept {
  Reader reader{bytes};
  IcmpMessage message;
  message.type = reader.u8();
  message.code = reader.u8();
  message.checksum = reader.u16();
  message.word1 = reader.u16();
  message.word2 = reader.u16();
  if (!reader.ok()) return std::nullopt;
  message.body = reader.rest();
  return message;
}

bool icmpv4_checksum_ok(std::span<const std::uint8_t> message) noexcept { return internet_checksum(message) == 0; }

ErrorKind classify_error(Family family, std::uint8_t type, std::uint8_t code) noexcept {
  switch (family) {
    case Family::ipv4:
      return classify_icmpv4(type, code);
    case Family::ipv6:
      return classify_icmpv6(type, code);
    case Family::any:
      break;
  }
  return ErrorKind::not_an_error;
}

std::uint32_t reported_mtu(Family family, const IcmpMessage& message) noexcept {
  if (family == Family::ipv6) {
    if (message.type != icmpv6::packet_too_big) return 0;
    return static_cast<std::uint32_t>(message.word1) << 16 | message.word2;
  }
  const bool needed =
      message.type == icmpv4::destination_unreachable && message.code == icmpv4::code_fragmentation_needed;
  return needed ? message.word2 : 0U;
}

std::optional<QuotedEcho> parse_quoted_icmp_header(Family family, std::span<const std::uint8_t> quoted) noexcept {
  const auto message = parse_icmp(quoted);
  const auto request = family == Family::ipv6 ? icmpv6::echo_request : icmpv4::echo_request;
  if (!message || message->type != request || message->code != 0) return std::nullopt;
  return QuotedEcho{
      .id = message->word1, .sequence = message->word2, .checksum = message->checksum, .payload = message->body};
}

std::optional<QuotedEcho> parse_quoted_echo(Family family, std::span<const std::uint8_t> body) noexcept {
  const auto quoted = family == Family::ipv6 ? quoted_in_ipv6(body) : quoted_in_ipv4(body);
  if (!quoted) return std::nullopt;
  auto echo = parse_quoted_icmp_header(family, quoted->icmp);
  if (!echo) return std::nullopt;
  echo->source = quoted->source;
  echo->destination = quoted->destination;
  return echo;
}

}  // namespace multiping::packet
