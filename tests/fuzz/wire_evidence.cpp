// Compares the bytes of packets with those of the probes, for each protocol.
// See wire_evidence.hpp.
#include "fuzz/wire_evidence.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/wire_checksum.hpp"

namespace multiping::fuzz {
namespace {

using test::ByteView;
using test::Datagram;
using test::get16;
using test::get32;

constexpr std::size_t tag_begin = 8;        // after the header of ICMP or UDP
constexpr std::size_t quoted_at_least = 8;  // RFC 792

bool is_echo_reply(const Datagram& packet) {
  return packet.message[0] == (packet.family() == Family::ipv4 ? 0 : 129) && packet.message[1] == 0;
}

/// IPv4: destination unreachable, source quench, time exceeded, parameter problem. IPv6: the four errors of RFC 4443.
bool is_error(const Datagram& packet) {
  const std::uint8_t type = packet.message[0];
  if (packet.family() == Family::ipv6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 11 || type == 12;
}

bool same(ByteView one, ByteView other, std::size_t begin, std::size_t end) {
  if (one.size() < end || other.size() < end) return false;
  return std::equal(one.begin() + static_cast<std::ptrdiff_t>(begin), one.begin() + static_cast<std::ptrdiff_t>(end),
                    other.begin() + static_cast<std::ptrdiff_t>(begin));
}

bool ports_are_swapped(ByteView probe, ByteView answer) {
  return get16(probe, 0) == get16(answer, 2) && get16(probe, 2) == get16(answer, 0);
}

/// The end of the tag: it has 8, 4, 2 or 0 bytes, as many as fit into the payload.
std::size_t tag_end(ByteView probe) {
  const std::size_t room = probe.size() - tag_begin;
  return tag_begin + (room >= 8 ? 8 : room >= 4 ? 4 : room >= 2 ? 2 : 0);
}

/// Compares identifier, sequence number and tag.
bool answers_echo(ByteView probe, ByteView answer) { return same(probe, answer, 4, tag_end(probe)); }

/// A server may answer from another port than the one that was probed (RFC 1350).
bool gives_tag_back(ByteView probe, ByteView answer) {
  return get16(probe, 0) == get16(answer, 2) && tag_end(probe) > tag_begin &&
         same(probe, answer, tag_begin, tag_end(probe));
}

bool answers(Protocol protocol, ByteView probe, ByteView answer) {
  if (answer.size() < test::header_size(protocol)) return false;
  switch (protocol) {
    case Protocol::icmp:
      return answers_echo(probe, answer);
    case Protocol::udp:
      return ports_are_swapped(probe, answer) || gives_tag_back(probe, answer);
    case Protocol::tcp:
      return ports_are_swapped(probe, answer) && (answer[13] & test::flag_ack) != 0 &&
             get32(answer, 8) == get32(probe, 4) + 1;
    case Protocol::sctp:
      return ports_are_swapped(probe, answer) && get32(answer, 4) == get32(probe, 16);
  }
  return false;
}

/// A kernel accepts the number of the SYN, or the next one, as a number that it has sent (RFC 5927 section 4).
bool is_number_of_syn(std::uint32_t syn, std::uint32_t quoted) { return quoted == syn || quoted == syn + 1; }

/// At least eight bytes of the message are quoted (RFC 792). An echo request is recognised by all eight, or as an
/// answer to it is; other probes by their ports, and TCP also by its number.
bool quotes(Protocol protocol, ByteView probe, ByteView quote) {
  if (quote.size() < quoted_at_least) return false;
  if (protocol == Protocol::icmp) return same(probe, quote, 0, quoted_at_least) || answers_echo(probe, quote);
  if (protocol == Protocol::tcp) return same(probe, quote, 0, 4) && is_number_of_syn(get32(probe, 4), get32(quote, 4));
  return same(probe, quote, 0, 4);
}

/// The quote of an error. The kernel finds the socket by the quoted addresses, protocol and ports, and ignores other
/// errors in the quoted IP header. They do not show whether the sender of the error has seen the probe.
struct Quote {
  Address destination{};
  std::uint8_t protocol = 0;
  ByteView message{};
};

template <std::size_t Size>
std::array<std::uint8_t, Size> octets(ByteView bytes, std::size_t at) {
  std::array<std::uint8_t, Size> copy{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), Size, copy.begin());
  return copy;
}

std::optional<Quote> quote4(ByteView quoted) {
  const std::size_t header = quoted.empty() ? 0 : std::size_t{4} * (quoted[0] & 0x0FU);
  if (header < 20 || quoted.size() < header) return std::nullopt;
  return Quote{Address::v4(octets<4>(quoted, 16)), quoted[9], quoted.subspan(header)};
}

constexpr std::uint8_t fragment_header = 44;

/// Hop-by-hop options, routing, fragment, destination options: RFC 8200.
bool is_extension_header(std::uint8_t next) { return next == 0 || next == 43 || next == fragment_header || next == 60; }

std::optional<Quote> quote6(ByteView quoted) {
  std::size_t at = 40;
  if (quoted.size() < at) return std::nullopt;
  std::uint8_t next = quoted[6];
  while (is_extension_header(next) && quoted.size() >= at + 8) {
    const bool fragment = next == fragment_header;
    next = quoted[at];
    at += fragment ? 8U : std::size_t{8} * (quoted[at + 1] + 1U);
  }
  if (quoted.size() < at) return std::nullopt;
  return Quote{Address::v6(octets<16>(quoted, 24)), next, quoted.subspan(at)};
}

std::uint8_t number_of(Protocol protocol, Family family) {
  if (protocol == Protocol::icmp) return family == Family::ipv4 ? 1 : 58;
  return protocol == Protocol::udp ? 17 : protocol == Protocol::tcp ? 6 : 132;
}

/// A kernel takes as much of a UDP datagram as its length says (RFC 768), and leaves what follows it. With IPv6 a
/// length of 0 means all that there is (RFC 2675).
std::optional<Datagram> taken_by_a_kernel(ByteView bytes) {
  auto packet = test::parse_datagram(bytes);
  if (!packet || packet->protocol() != Protocol::udp || packet->message.size() < tag_begin) return packet;
  const std::size_t length = get16(packet->message, 4);
  if (length == 0 && packet->family() == Family::ipv6) return packet;
  if (length < tag_begin || length > packet->message.size()) return std::nullopt;
  packet->message = packet->message.first(length);
  return packet;
}

/// The first fragment of an IPv4 packet (RFC 791). A kernel puts it together with other fragments that came, and the
/// checksum is that of all of them.
bool is_first_fragment(ByteView bytes) {
  return bytes.size() >= 20 && bytes[0] >> 4U == 4 && (get16(bytes, 6) & 0x3FFFU) == 0x2000;
}

std::vector<std::uint8_t> as_whole_packet(ByteView bytes) {
  std::vector<std::uint8_t> whole{bytes.begin(), bytes.end()};
  whole[6] = whole[7] = 0;
  return whole;
}

}  // namespace

void WireEvidence::add_probe(const Datagram& probe) {
  probes_.emplace(probe.ip.destination,
                  Probe{.protocol = probe.protocol(), .message = {probe.message.begin(), probe.message.end()}});
}

std::optional<Address> WireEvidence::answered_by(const Datagram& packet) const {
  const auto [begin, end] = probes_.equal_range(packet.ip.source);
  const bool found = std::any_of(begin, end, [&](const auto& each) {
    const Probe& probe = each.second;
    return probe.protocol == packet.protocol() && answers(probe.protocol, probe.message, packet.message);
  });
  return found ? std::optional{packet.ip.source} : std::nullopt;
}

std::optional<Address> WireEvidence::quoted_by(const Datagram& packet) const {
  const Family family = packet.family();
  const ByteView quoted = packet.message.subspan(quoted_at_least);
  const auto quote = family == Family::ipv4 ? quote4(quoted) : quote6(quoted);
  if (!quote) return std::nullopt;
  const auto [begin, end] = probes_.equal_range(quote->destination);
  const bool found = std::any_of(begin, end, [&](const auto& each) {
    const Probe& probe = each.second;
    return number_of(probe.protocol, family) == quote->protocol &&
           quotes(probe.protocol, probe.message, quote->message);
  });
  return found ? std::optional{quote->destination} : std::nullopt;
}

std::optional<Proof> WireEvidence::proof_of(ByteView bytes) const {
  const bool fragment = is_first_fragment(bytes);
  const auto whole = fragment ? as_whole_packet(bytes) : std::vector<std::uint8_t>{};
  const auto packet = fragment ? test::parse_datagram(whole) : taken_by_a_kernel(bytes);
  if (!packet || packet->message.size() < quoted_at_least) return std::nullopt;
  if (!fragment && !test::sound(*packet)) return std::nullopt;
  const bool icmp = packet->protocol() == Protocol::icmp;
  if (icmp && is_error(*packet)) {
    const auto target = quoted_by(*packet);
    if (!target) return std::nullopt;
    return Proof{.target = *target, .error = ErrorEvidence{packet->ip.source, packet->message[0], packet->message[1]}};
  }
  if (icmp && !is_echo_reply(*packet)) return std::nullopt;
  const auto target = answered_by(*packet);
  return target ? std::optional{Proof{.target = *target, .error = std::nullopt}} : std::nullopt;
}

void WireEvidence::add(const Proof& proof) {
  if (proof.error)
    errors_.emplace(proof.target, *proof.error);
  else
    answers_.insert(proof.target);
}

bool WireEvidence::bears_out(const Result& result) const {
  if (result.icmp == nullptr)
    return !result.answered() || (has_answer(result.address) && result.responder == result.address);
  const auto [begin, end] = errors_.equal_range(result.address);
  const ErrorEvidence told{result.responder, result.icmp->type, result.icmp->code};
  return std::any_of(begin, end, [&](const auto& each) { return each.second == told; });
}

}  // namespace multiping::fuzz
