// Finds the probe of an answer by its sequence number, and proves it by its tag.
// See echo_protocol.hpp. The rules are those of RFC 792 and RFC 4443, made strict.
#include "net/echo_protocol.hpp"

#include <algorithm>
#include <new>
#include <unordered_set>

#include "net/candidate_probes.hpp"
#include "net/packet_size.hpp"
#include "net/untagged_payload.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {
namespace {

/// The bits of the ICMP header that a forger had to guess.
std::uint8_t header_bits(const Channel& channel) noexcept { return channel.kernel_owns_id ? 16 : 32; }

/// Without memory the serial is not noted: then the next answer without a sure tag may be credited to the same probe.
void note(std::unordered_set<Serial>& serials, Serial serial) noexcept {
  try {
    serials.insert(serial);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

void EchoProtocol::encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) const noexcept {
  codec_.encode_echo_request(identity(probe, channel), image_of(profiles_[probe.profile], codec_, probe), message);
}

void EchoProtocol::take_packet(const Incoming& packet, const AnswerContext& context) {
  if (packet.bad_checksum) return void(++context.counters.bad_checksum);
  const auto outer = outer_of(packet);
  if (!outer) return void(++context.counters.malformed);
  const auto message = packet::parse_icmp(outer->message);
  if (!message) return void(++context.counters.malformed);
  if (packet.truncated) return void(++context.counters.malformed);  // longer than any possible answer
  if (packet.ip_header && !packet::icmpv4_checksum_ok(outer->message)) return void(++context.counters.bad_checksum);

  const Family family = context.channel.family;
  const bool v4 = family == Family::ipv4;
  if (message->type == (v4 ? packet::icmpv4::echo_reply : packet::icmpv6::echo_reply)) {
    if (message->word1 != context.channel.id) return;
    if (message->code != 0) return void(++context.counters.malformed);
    return take_reply({.outer = *outer, .arrival = packet.arrival, .message = *message}, context);
  }
  if (packet::classify_error(family, message->type, message->code) == packet::ErrorKind::not_an_error) return;
  const auto quoted = packet::parse_quoted_echo(family, message->body);
  if (!quoted || quoted->id != context.channel.id) return;
  take_report(report_of(*outer, *message, packet.arrival), *quoted, context);
}

/// Compares a reply with a probe in everything except the source address.
inline EchoProtocol::Fit EchoProtocol::answers(const Probe& probe, const Claim& claim,
                                               const Channel& channel) const noexcept {
  if (!is_echo(probe)) return {};
  const auto check = codec_.check_payload(identity(probe, channel), image_of(profiles_[probe.profile], codec_, probe),
                                          claim.message.body);
  return {.fits = check.authentic,
          .sure = check.authentic && check.tag_bits >= telling_bits,
          .altered = check.altered,
          .auth_bits = static_cast<std::uint8_t>(check.tag_bits + header_bits(channel))};
}

/// Finds the probe of this sequence number that `fits`. Where tags are short or missing and several probes fit, the
/// oldest one that is unanswered and not in `told` is taken; where there is none, the newest.
template <class Fits>
EchoProtocol::Match EchoProtocol::matching(std::uint16_t sequence, const AnswerContext& context, Fits fits,
                                           const std::unordered_set<Serial>& told) const {
  Match found;
  any_candidate(codec_, context.book, sequence, [&](const Probe& probe) {
    const Fit fit = fits(probe);
    if (!fit.fits) return false;
    const auto may_be_it = [&] { return context.book.is_unanswered(probe.serial) && !told.contains(probe.serial); };
    if (fit.sure || !found.fit.fits || may_be_it()) found = {.serial = probe.serial, .fit = fit};  // newest first
    return fit.sure;
  });
  return found;
}

Event EchoProtocol::event(const Match& match, const Claim& claim) noexcept {
  return {.serial = match.serial,
          .responder = claim.outer.source,
          .arrival = claim.arrival,
          .reply_ttl = claim.outer.ttl.value_or(std::uint8_t{0}),
          .reply_tos = claim.outer.tos,
          .auth_bits = match.fit.auth_bits,
          .payload_altered = match.fit.altered,
          .reply_size = reply_size(claim.outer.message.size())};
}

void EchoProtocol::take_reply(const Claim& claim, const AnswerContext& context) {
  const auto fits = [&](const Probe& probe) {
    return *probe.to == claim.outer.source ? answers(probe, claim, context.channel) : Fit{};
  };
  const Match match = matching(claim.message.word2, context, fits, credited_);
  if (!match.fit.fits) return refuse(claim, context);
  context.events.push_back(event(match, claim));
  if (!match.fit.sure) note(credited_, match.serial);
}

/// Handles a reply that fits no probe to its source address. Its tag may be that of a probe to another address, or of a
/// forgotten probe.
void EchoProtocol::refuse(const Claim& claim, const AnswerContext& context) const {
  const auto payload = claim.message.body;
  int suspects = 0;
  bool too_short = false;
  Match elsewhere;
  any_candidate(codec_, context.book, claim.message.word2, [&](const Probe& probe) {
    if (!is_echo(probe)) return false;
    const bool asked = *probe.to == claim.outer.source;
    too_short = too_short || (asked && payload.size() < std::min<std::size_t>(
                                                            payload_size(profiles_[probe.profile], probe.packet), 8));
    elsewhere = {.serial = probe.serial, .fit = answers(probe, claim, context.channel)};
    return elsewhere.fit.fits || ++suspects == most_suspects;
  });
  Counters& counters = context.counters;
  if (elsewhere.fit.fits && !elsewhere.fit.sure) return void(++counters.wrong_source);
  if (elsewhere.fit.fits) {
    context.events.push_back(event(elsewhere, claim));
    context.events.back().elsewhere = true;
    return;
  }
  if (too_short) return void(++counters.malformed);
  ++(is_late(claim, context) ? counters.late : counters.unauthenticated);
}

/// True when the tag is right for a forgotten probe.
bool EchoProtocol::is_late(const Claim& claim, const AnswerContext& context) const noexcept {
  const auto payload = claim.message.body;
  return any_forgotten(codec_, context.book.window().first, claim.message.word2, [&](Serial serial) {
    packet::ProbeIdentity probe{.target = claim.outer.source, .id = context.channel.id, .serial = serial};
    if (codec_.check_quoted_payload(probe, payload.size(), payload).authentic) return true;
    probe.flow = 0;  // whether it had a flow is forgotten too; the tag does not depend on which one
    return codec_.check_quoted_payload(probe, payload.size(), payload).authentic;
  });
}

void EchoProtocol::take_error(const QueuedError& queued, const AnswerContext& context) {
  auto quoted = packet::parse_quoted_icmp_header(context.channel.family, queued.quoted);
  if (!quoted) return;
  quoted->destination = queued.destination;
  quoted->id = context.channel.id;  // the queue belongs to the socket that has this id
  if (queued.error) return take_failure(queued, *quoted, context);
  take_report(report_of(queued, context.channel), *quoted, context);
}

/// The failure comes from this host, so it needs no proof.
void EchoProtocol::take_failure(const QueuedError& queued, const packet::QuotedEcho& quoted,
                                const AnswerContext& context) const {
  any_candidate(codec_, context.book, quoted.sequence, [&](const Probe& probe) {
    if (!is_echo(probe) || !same_octets(*probe.to, quoted.destination)) return false;
    context.events.push_back({.serial = probe.serial,
                              .kind = Event::Kind::failed,
                              .final = true,
                              .arrival = queued.arrival,
                              .error = queued.error});
    return true;
  });
}

EchoProtocol::Fit EchoProtocol::is_quoted(const Probe& probe, const packet::QuotedEcho& quoted,
                                          const Channel& channel) const noexcept {
  if (!is_echo(probe) || !same_octets(*probe.to, quoted.destination)) return {};
  const ProfileFacts& profile = profiles_[probe.profile];
  const std::size_t size = payload_size(profile, probe.packet);
  const std::size_t whole_tag = packet::tag_size(size, profile.flow);
  const std::uint8_t bits = header_bits(channel);
  if (whole_tag > 0 && quoted.payload.size() >= whole_tag) {
    const auto check = codec_.check_quoted_payload(identity(probe, channel), size, quoted.payload);
    return {.fits = check.authentic,
            .sure = check.authentic && check.tag_bits >= telling_bits,
            .auth_bits = static_cast<std::uint8_t>(check.tag_bits + bits)};
  }
  // The quote is too short for the tag. In IPv4 the ICMP checksum, which depends on the tag, replaces it. In IPv6 the
  // checksum cannot be compared here, and no IPv6 router quotes so little (RFC 4443 section 2.4). All probes of a flow
  // have the same checksum, so there it proves nothing.
  if (channel.family == Family::ipv4)
    return {.fits = quoted.checksum ==
                    codec_.echo_request_checksum(identity(probe, channel), image_of(profile, codec_, probe)),
            .auth_bits = whole_tag == 0 || profile.flow ? bits : std::uint8_t{48}};
  return {.fits = whole_tag == 0, .auth_bits = bits};
}

void EchoProtocol::take_report(const IcmpErrorReport& report, const packet::QuotedEcho& quoted,
                               const AnswerContext& context) {
  const auto fits = [&](const Probe& probe) { return is_quoted(probe, quoted, context.channel); };
  const Match match = matching(quoted.sequence, context, fits, reported_);
  if (!match.fit.fits) return void(++context.counters.unauthenticated);
  if (!report.tells_a_fate()) return;
  context.events.push_back(
      errors_.event(context.book.probe(match.serial), Protocol::icmp, report, match.fit.auth_bits));
  if (!match.fit.sure) note_reported(match.serial, context.book);
}

/// Notes a probe that was matched without a sure tag, so that the next such error is matched to the next such probe.
void EchoProtocol::note_reported(Serial serial, const ProbeBook& book) noexcept {
  if (reported_.size() >= sequence_period)
    std::erase_if(reported_, [first = book.window().first](Serial each) { return each < first; });
  if (reported_.size() < 2 * sequence_period) note(reported_, serial);
}

}  // namespace multiping::net
