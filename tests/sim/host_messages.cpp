// RFC 792 and RFC 4443 echoes and errors, RFC 9293 segments, RFC 9260 chunks, and RFC 4884 quotes.
// See host_messages.hpp.
#include "sim/host_messages.hpp"

#include <algorithm>

#include "sim/message_edits.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

constexpr std::size_t icmp_header = 8;
constexpr std::uint8_t chunk_init = 1, chunk_init_ack = 2, chunk_abort = 6;
constexpr std::uint32_t host_number = 0x5EED5EED;  // the host's own sequence number or initiate tag

bool is_echo_request(const Datagram& datagram) {
  const std::uint8_t type = datagram.family() == Family::ipv4 ? 8 : 128;
  return datagram.message[0] == type && datagram.message[1] == 0;
}

bool is_lone_syn(const Datagram& datagram) {
  return (datagram.message[13] & (flag_syn | flag_rst | flag_ack)) == flag_syn;
}

bool is_init(const Datagram& datagram) {
  const std::size_t common = header_size(Protocol::sctp), initiate_tag = common + 4;
  return datagram.message.size() >= initiate_tag + 4 && datagram.message[common] == chunk_init;
}

template <class Value>
bool is_or_any(const std::optional<Value>& wanted, const Value& value) {
  return !wanted || *wanted == value;
}

Bytes with_ports_swapped(const Datagram& request, std::size_t size) {
  Bytes message(size);
  put16(message, 0, get16(request.message, 2));
  put16(message, 2, get16(request.message, 0));
  return message;
}

Bytes echo_reply(const Datagram& request) {
  Bytes icmp{request.message.begin(), request.message.end()};
  icmp[0] = request.family() == Family::ipv4 ? 0 : 129;
  return icmp;
}

Bytes udp_echo(const Datagram& request) {
  Bytes udp = with_ports_swapped(request, icmp_header);
  append(udp, request.message.subspan(icmp_header));
  return udp;
}

// A header without options, RFC 9293 section 3.1.
Bytes tcp_answer(const Datagram& request, std::uint8_t flags) {
  Bytes tcp = with_ports_swapped(request, header_size(Protocol::tcp));
  put32(tcp, 4, (flags & flag_syn) != 0 ? host_number : 0);
  put32(tcp, 8, get32(request.message, 4) + 1);
  tcp[12] = 0x50;
  tcp[13] = flags;
  put16(tcp, 14, (flags & flag_syn) != 0 ? 0xFFFFU : 0U);
  return tcp;
}

// The common header and one chunk: type, flags, length and body.
Bytes sctp_answer(const Datagram& request, std::uint8_t chunk, const Bytes& body) {
  Bytes sctp = with_ports_swapped(request, header_size(Protocol::sctp));
  put32(sctp, 4, get32(request.message, 16));
  const auto length = static_cast<std::uint8_t>(4 + body.size());
  append(sctp, Bytes{chunk, 0, 0, length});
  append(sctp, body);
  return sctp;
}

// Initiate tag, receiver window, numbers of streams, initial TSN, and a state cookie (RFC 9260 section 3.3.3).
Bytes init_ack(const Datagram& request) {
  Bytes body(24, 0xC0);
  put32(body, 0, host_number);
  put32(body, 4, 65536);
  put16(body, 16, 7);
  put16(body, 18, 8);
  return sctp_answer(request, chunk_init_ack, body);
}

// The datagram in error, as the router received and quotes it.
Bytes quote(const RouterError& error, const Datagram& request) {
  Bytes message{request.message.begin(), request.message.end()};
  for (const Edit& edit : error.quote_edits) apply(edit, request.protocol(), 0, message);
  IpHeader ip = request.ip;
  ip.ttl = 1;
  ip.options = error.quoted_options;
  if (error.quoted_destination) ip.destination = error.quoted_destination;
  if (error.quoted_source) ip.source = error.quoted_source;
  if (spoils(error.quote_edits)) spoil_checksum(request.protocol(), message);
  Bytes packet = make_datagram(ip, message);
  const std::size_t header = packet.size() - message.size();
  packet.resize(header + std::min(error.quoted, message.size()));
  return packet;
}

// RFC 1191 puts the MTU into the lower half of the second word; RFC 4443 uses the whole word.
void put_mtu(Bytes& icmp, std::uint32_t mtu, Family family) {
  if (family == Family::ipv6) put16(icmp, 4, mtu >> 16U);
  put16(icmp, 6, mtu & 0xFFFFU);
}

// RFC 4884 section 4: the length field is the second octet of the second word, or its first octet in ICMPv6.
void put_extension(Bytes& icmp, const IcmpExtensionData& extension, Family family) {
  icmp.resize(icmp_header + extension.quote_room);
  icmp[family == Family::ipv4 ? 5 : 4] = length_field(extension, family);
  append(icmp, extension_bytes(extension));
}

}  // namespace

bool is_request(const Datagram& datagram) {
  if (datagram.message.size() < header_size(datagram.protocol())) return false;
  switch (datagram.protocol()) {
    case Protocol::icmp:
      return is_echo_request(datagram);
    case Protocol::udp:
      return true;
    case Protocol::tcp:
      return is_lone_syn(datagram);
    case Protocol::sctp:
      return is_init(datagram);
  }
  return false;
}

int port_of(const Datagram& request) { return request.protocol() == Protocol::icmp ? 0 : get16(request.message, 2); }

bool looks_like(const Look& look, const Datagram& request) {
  const IpHeader& ip = request.ip;
  const std::size_t header = header_size(request.protocol());
  return (!look.source || look.source == ip.source) && is_or_any(look.ttl, int{ip.ttl}) &&
         is_or_any(look.tos, int{ip.tos}) && is_or_any(look.flow_label, ip.flow_label) &&
         is_or_any(look.dont_fragment, ip.dont_fragment) &&
         is_or_any(look.source_port, int{get16(request.message, 0)}) &&
         is_or_any(look.payload, request.message.size() - header);
}

Bytes accepting(const Datagram& request) {
  switch (request.protocol()) {
    case Protocol::udp:
      return udp_echo(request);
    case Protocol::tcp:
      return tcp_answer(request, flag_syn | flag_ack);
    case Protocol::sctp:
      return init_ack(request);
    default:
      return echo_reply(request);
  }
}

Bytes declining(const Datagram& request) {
  if (request.protocol() == Protocol::sctp) return sctp_answer(request, chunk_abort, {});
  return tcp_answer(request, flag_rst | flag_ack);
}

Bytes error_packet(const RouterError& error, const Datagram& request) {
  Bytes icmp(icmp_header);
  icmp[0] = error.type;
  icmp[1] = error.code;
  put_mtu(icmp, error.mtu, request.family());
  append(icmp, quote(error, request));
  if (error.extension) put_extension(icmp, *error.extension, request.family());
  const IpHeader ip{error.from ? error.from : request.ip.destination, request.ip.source, 60, 0, error.ip_options};
  return finish(ip, std::move(icmp), error.spoil_checksum);
}

RouterError time_exceeded(const Hop& hop, const Address& from) {
  const bool ipv4 = from.family() == Family::ipv4;
  return {.from = from,
          .type = static_cast<std::uint8_t>(ipv4 ? 11 : 3),
          .code = 0,
          .delay = hop.delay,
          .quoted = hop.quoted,
          .extension = hop.extension};
}

bool too_big(const Hop& hop, const Datagram& request) {
  const bool whole = request.family() == Family::ipv6 || request.ip.dont_fragment;
  const std::size_t size = std::min(request.header.size() + request.message.size(), request.ip.largest_piece);
  return hop.mtu != 0 && whole && size > hop.mtu;
}

RouterError packet_too_big(const Hop& hop) {
  const bool ipv4 = hop.address.family() == Family::ipv4;
  return {.from = hop.address,
          .type = static_cast<std::uint8_t>(ipv4 ? 3 : 2),
          .code = static_cast<std::uint8_t>(ipv4 ? 4 : 0),
          .mtu = hop.mtu,
          .delay = hop.delay,
          .quoted = 500};
}

}  // namespace multiping::test
