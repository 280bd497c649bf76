// Asks by ICMP echo requests, over raw and ping sockets, and decides which replies and errors are believed.
// See echo_speaker.hpp; the rules of belief are those of RFC 792 and RFC 4443, made strict.
#include "net/echo_speaker.hpp"

#include <algorithm>

#include "net/address_facts.hpp"
#include "net/candidates.hpp"

namespace multiping::net {
namespace {

/// Bits of the header that a forger had to guess.
std::uint8_t header_bits(const Channel& channel) noexcept { return channel.kernel_owns_id ? 16 : 32; }

}  // namespace

void EchoSpeaker::encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) const noexcept {
  codec_.encode_echo_request(identity(probe, channel), shapes_[probe.shape].image, message);
}

void EchoSpeaker::take_packet(const Incoming& packet, const Hearing& hearing) {
  if (packet.bad_checksum) return void(++hearing.counters.bad_checksum);
  const auto outer = outer_of(packet);
  if (!outer) return void(++hearing.counters.malformed);
  const auto message = packet::parse_icmp(outer->message);
  if (!message) return void(++hearing.counters.malformed);
  if (packet.truncated) return void(++hearing.counters.malformed);  // longer than anything that could answer us
  if (packet.ip_header && !packet::icmpv4_checksum_ok(outer->message)) return void(++hearing.counters.bad_checksum);

  const Family family = hearing.channel.family;
  const bool v4 = family == Family::ipv4;
  if (message->type == (v4 ? packet::icmpv4::echo_reply : packet::icmpv6::echo_reply)) {
    if (message->word1 != hearing.channel.id) return;
    if (message->code != 0) return void(++hearing.counters.malformed);
    return take_reply({.outer = *outer, .arrival = packet.arrival, .message = *message}, hearing);
  }
  if (packet::classify_error(family, message->type, message->code) == packet::ErrorKind::not_an_error) return;
  const auto quoted = packet::parse_quoted_echo(family, message->body);
  if (!quoted || quoted->id != hearing.channel.id) return;
  take_report(report_of(*outer, *message, packet.arrival), *quoted, hearing);
}

void EchoSpeaker::take_reply(const Claim& claim, const Hearing& hearing) const {
  const Outer& outer = claim.outer;
  const bool authentic = any_candidate(codec_, hearing.book, claim.message.word2, [&](const Probe& probe) {
    if (!is_echo(probe) || *probe.to != outer.source) return false;
    const auto check =
        codec_.check_payload(identity(probe, hearing.channel), shapes_[probe.shape].image, claim.message.body);
    if (!check.authentic) return false;
    hearing.events.push_back({.serial = probe.serial,
                              .responder = outer.source,
                              .arrival = claim.arrival,
                              .reply_ttl = outer.ttl.value_or(std::uint8_t{0}),
                              .reply_tos = outer.tos,
                              .auth_bits = static_cast<std::uint8_t>(check.tag_bits + header_bits(hearing.channel)),
                              .payload_altered = check.altered});
    return true;
  });
  if (!authentic) count_refused(claim, hearing);
}

void EchoSpeaker::count_refused(const Claim& claim, const Hearing& hearing) const {
  const auto payload = claim.message.body;
  int suspects = 0;
  bool too_short = false;
  const bool elsewhere = any_candidate(codec_, hearing.book, claim.message.word2, [&](const Probe& probe) {
    if (!is_echo(probe)) return false;
    const auto& image = shapes_[probe.shape].image;
    const bool asked = *probe.to == claim.outer.source;
    too_short = too_short || (asked && payload.size() < std::min<std::size_t>(image.size(), 8));
    const auto check = codec_.check_payload(identity(probe, hearing.channel), image, payload);
    return check.authentic || ++suspects == most_suspects;
  });
  Counters& counters = hearing.counters;
  if (elsewhere && suspects < most_suspects) return void(++counters.wrong_source);
  if (too_short) return void(++counters.malformed);
  ++(is_late(claim, hearing) ? counters.late : counters.unauthenticated);
}

/// The tag is right for a probe that is forgotten.
bool EchoSpeaker::is_late(const Claim& claim, const Hearing& hearing) const noexcept {
  const auto payload = claim.message.body;
  return any_forgotten(codec_, hearing.book.window().first, claim.message.word2, [&](Serial serial) {
    packet::ProbeIdentity probe{.target = claim.outer.source, .id = hearing.channel.id, .serial = serial};
    if (codec_.check_quoted_payload(probe, payload.size(), payload).authentic) return true;
    probe.flow = 0;  // whether it had one is forgotten too, and which one doesn't matter to the tag
    return codec_.check_quoted_payload(probe, payload.size(), payload).authentic;
  });
}

void EchoSpeaker::take_error(const QueuedError& queued, const Hearing& hearing) {
  auto quoted = packet::parse_quoted_icmp_header(hearing.channel.family, queued.quoted);
  if (!quoted) return;
  quoted->destination = queued.destination;
  quoted->id = hearing.channel.id;  // the queue belongs to the socket that has this id
  if (queued.error) return take_failure(queued, *quoted, hearing);
  take_report(report_of(queued, hearing.channel), *quoted, hearing);
}

/// Nobody outside says it, so nothing need be proved.
void EchoSpeaker::take_failure(const QueuedError& queued, const packet::QuotedEcho& quoted,
                               const Hearing& hearing) const {
  any_candidate(codec_, hearing.book, quoted.sequence, [&](const Probe& probe) {
    if (!is_echo(probe) || !same_octets(*probe.to, quoted.destination)) return false;
    hearing.events.push_back({.serial = probe.serial,
                              .kind = Event::Kind::failed,
                              .final = true,
                              .arrival = queued.arrival,
                              .error = queued.error});
    return true;
  });
}

EchoSpeaker::AuthBits EchoSpeaker::fits(const Probe& probe, const packet::QuotedEcho& quoted,
                                        const Channel& channel) const noexcept {
  if (!is_echo(probe) || !same_octets(*probe.to, quoted.destination)) return std::nullopt;
  const ShapeFacts& shape = shapes_[probe.shape];
  const std::size_t whole_tag = packet::tag_size(shape.image.size(), shape.flow);
  const std::uint8_t bits = header_bits(channel);
  if (whole_tag > 0 && quoted.payload.size() >= whole_tag) {
    const auto check = codec_.check_quoted_payload(identity(probe, channel), shape.image.size(), quoted.payload);
    return check.authentic ? AuthBits{static_cast<std::uint8_t>(check.tag_bits + bits)} : std::nullopt;
  }
  // Too little is quoted for the tag. The IPv4 checksum depends on it and stands in for it; that of IPv6 does not reach
  // us in a form to compare, and no IPv6 router quotes so little (RFC 4443 section 2.4). The checksum of a flow is the
  // same for all its probes: it proves nothing.
  if (channel.family == Family::ipv4) {
    if (quoted.checksum != codec_.echo_request_checksum(identity(probe, channel), shape.image)) return std::nullopt;
    return whole_tag == 0 || shape.flow ? bits : std::uint8_t{48};
  }
  return whole_tag == 0 ? AuthBits{bits} : std::nullopt;
}

void EchoSpeaker::take_report(const IcmpReport& report, const packet::QuotedEcho& quoted, const Hearing& hearing) {
  const bool believed = any_candidate(codec_, hearing.book, quoted.sequence, [&](const Probe& probe) {
    const AuthBits bits = fits(probe, quoted, hearing.channel);
    if (!bits) return false;
    if (report.tells_a_fate()) hearing.events.push_back(errors_.event(probe.serial, report, *bits));
    return true;
  });
  if (!believed) ++hearing.counters.unauthenticated;
}

}  // namespace multiping::net
