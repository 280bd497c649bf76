// Reads with the ICMP parsers of packet/, and computes the checksum after the bytes are written.
// See icmp4em_frames.hpp.
#include "icmp4em/icmp4em_frames.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

#include "packet/icmp.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/ip_protocol_numbers.hpp"
#include "packet/ipv4.hpp"
#include "packet/reader.hpp"
#include "packet/writer.hpp"
#include "values/address_kinds.hpp"

namespace multiping::icmp4em {
namespace {

using Bytes = std::span<const std::uint8_t>;
constexpr std::size_t ipv4_header_size = 20;
constexpr std::size_t checksum_offset = 2;          // in every ICMP message
constexpr std::size_t header_checksum_offset = 10;  // in an IPv4 header
constexpr std::uint8_t version_and_length = 0x45;   // an IPv4 header without options
constexpr std::size_t most_total_length = 65535;

std::optional<std::uint32_t> zone_of(std::string_view text) noexcept {
  std::uint32_t zone = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, zone);
  if (error != std::errc{} || stop != end || zone == 0 || text.front() == '0') return std::nullopt;
  return zone;
}

/// Address::parse() would ask the system whether a zone is an interface name. This function never asks the system.
std::optional<Address> address_of(std::string_view text) noexcept {
  const auto percent = text.find('%');
  const auto address = Address::parse(text.substr(0, percent));
  if (!address || percent == text.npos) return address;
  const auto zone = zone_of(text.substr(percent + 1));
  if (!zone || !is_link_local(*address)) return std::nullopt;
  return in_zone(*address, *zone);
}

std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT(*-reinterpret-cast)
}

/// Writes the checksum of `message` at `offset`, where the message has zeros.
void seal(std::span<std::uint8_t> message, std::size_t offset) noexcept {
  packet::Writer{message.subspan(offset)}.u16(packet::internet_checksum(message));
}

void write_echo(packet::Writer& out, std::uint8_t type, std::uint16_t id, std::uint16_t sequence) noexcept {
  out.u8(type);
  out.u8(0);
  out.u16(0);
  out.u16(id);
  out.u16(sequence);
}

/// The IPv4 header of the request that an error is about.
void write_quoted_header(std::span<std::uint8_t> header, const Icmp4emError& error) noexcept {
  packet::Writer out{header};
  const std::size_t length = ipv4_header_size + packet::icmp_header_size + error.payload_size;
  out.u8(version_and_length);
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(std::min(length, most_total_length)));
  out.fill(4, 0);  // identification, flags, fragment offset
  out.u8(0);       // TTL
  out.u8(packet::ip_protocol::icmp);
  out.fill(6, 0);  // checksum, source
  if (error.destination.family() == Family::ipv4) out.bytes(error.destination.bytes());
  seal(header, header_checksum_offset);
}

/// Parses an error that quotes an echo request in an IPv4 packet. None for any other quote: the protocol has no other.
std::optional<Icmp4emError> quoted_request(Bytes body) noexcept {
  const auto ip = packet::parse_ipv4(body);
  const auto echo = packet::parse_quoted_echo(Family::ipv4, body);
  if (!ip || !echo || ip->total_length < ip->header_length + packet::icmp_header_size) return std::nullopt;
  const bool some_address = std::ranges::any_of(ip->destination.bytes(), [](std::uint8_t octet) { return octet != 0; });
  return Icmp4emError{.destination = some_address ? ip->destination : Address{},
                      .id = echo->id,
                      .sequence = echo->sequence,
                      .checksum = echo->checksum,
                      .payload_size = ip->total_length - ip->header_length - packet::icmp_header_size,
                      .quoted = echo->payload};
}

}  // namespace

const char* to_string(Icmp4emFault fault) noexcept {
  switch (fault) {
    case Icmp4emFault::other_type:
      return "no echo request";
    case Icmp4emFault::malformed:
      return "malformed";
    case Icmp4emFault::address:
      return "not an address";
    case Icmp4emFault::destination_denied:
      return "an address that may not be pinged";
    case Icmp4emFault::checksum:
      return "wrong checksum";
    case Icmp4emFault::none:
      break;
  }
  return "none";
}

ParsedIcmp4emRequest parse_icmp4em_request(Bytes datagram) noexcept {
  packet::Reader in{datagram};
  const Bytes text = in.bytes(in.u16());
  const Bytes message = in.rest();
  const auto icmp = packet::parse_icmp(message);
  if (!in.ok() || !icmp) return {.fault = Icmp4emFault::malformed};
  if (icmp->type != packet::icmpv4::echo_request) return {.fault = Icmp4emFault::other_type};
  if (icmp->code != 0) return {.fault = Icmp4emFault::malformed};
  if (icmp->body.size() > most_icmp4em_payload) return {.fault = Icmp4emFault::malformed};
  if (text.size() > longest_icmp4em_address) return {.fault = Icmp4emFault::address};
  const auto destination = address_of(text_of(text));
  if (!destination) return {.fault = Icmp4emFault::address};
  if (is_no_host(*destination)) return {.fault = Icmp4emFault::destination_denied};
  if (!packet::icmpv4_checksum_ok(message)) return {.fault = Icmp4emFault::checksum};
  return {.request = {.destination = *destination,
                      .id = icmp->word1,
                      .sequence = icmp->word2,
                      .checksum = icmp->checksum,
                      .payload = icmp->body}};
}

std::optional<Icmp4emReply> parse_icmp4em_reply(Bytes datagram) noexcept {
  const auto icmp = packet::parse_icmp(datagram);
  if (!icmp || icmp->type != packet::icmpv4::echo_reply || icmp->code != 0) return std::nullopt;
  if (!packet::icmpv4_checksum_ok(datagram)) return std::nullopt;
  return Icmp4emReply{.id = icmp->word1, .sequence = icmp->word2, .payload = icmp->body};
}

std::optional<Icmp4emError> parse_icmp4em_error(Bytes datagram) noexcept {
  const auto icmp = packet::parse_icmp(datagram);
  if (!icmp || !packet::icmpv4_checksum_ok(datagram)) return std::nullopt;
  if (packet::classify_error(Family::ipv4, icmp->type, icmp->code) == packet::ErrorKind::not_an_error)
    return std::nullopt;
  auto error = quoted_request(icmp->body);
  if (!error) return std::nullopt;
  error->type = icmp->type;
  error->code = icmp->code;
  error->mtu = static_cast<std::uint16_t>(packet::reported_mtu(Family::ipv4, *icmp));
  return error;
}

std::vector<std::uint8_t> encode(const Icmp4emRequest& request) {
  const std::string text = numeric_text(request.destination);
  const std::size_t message = sizeof(std::uint16_t) + text.size();
  std::vector<std::uint8_t> bytes(message + packet::icmp_header_size + request.payload.size());
  packet::Writer out{bytes};
  out.u16(static_cast<std::uint16_t>(text.size()));
  for (const char letter : text) out.u8(static_cast<std::uint8_t>(letter));
  write_echo(out, packet::icmpv4::echo_request, request.id, request.sequence);
  out.bytes(request.payload);
  seal(std::span{bytes}.subspan(message), checksum_offset);
  return bytes;
}

std::vector<std::uint8_t> encode(const Icmp4emReply& reply) {
  std::vector<std::uint8_t> bytes(packet::icmp_header_size + reply.payload.size());
  packet::Writer out{bytes};
  write_echo(out, packet::icmpv4::echo_reply, reply.id, reply.sequence);
  out.bytes(reply.payload);
  seal(bytes, checksum_offset);
  return bytes;
}

std::vector<std::uint8_t> encode(const Icmp4emError& error) {
  const Bytes quoted = error.quoted.first(std::min(error.quoted.size(), most_icmp4em_quoted));
  std::vector<std::uint8_t> bytes(smallest_icmp4em_error + quoted.size());
  packet::Writer out{bytes};
  out.u8(error.type);
  out.u8(error.code);
  out.fill(4, 0);  // checksum, unused
  out.u16(error.mtu);
  write_quoted_header(out.rest().first(ipv4_header_size), error);
  packet::Writer icmp{out.rest().subspan(ipv4_header_size)};
  icmp.u8(packet::icmpv4::echo_request);
  icmp.u8(0);
  icmp.u16(error.checksum);
  icmp.u16(error.id);
  icmp.u16(error.sequence);
  icmp.bytes(quoted);
  seal(bytes, checksum_offset);
  return bytes;
}

std::string numeric_text(const Address& address) {
  const std::string text = in_zone(address, 0).to_string();
  const bool zoned = is_link_local(address) && address.scope_id() != 0;
  return zoned ? text + "%" + std::to_string(address.scope_id()) : text;
}

}  // namespace multiping::icmp4em
