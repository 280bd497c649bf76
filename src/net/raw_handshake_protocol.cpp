// Checks answers as RFC 9293 section 3.10.7.3 and RFC 9260 section 5.1 define them.
// See raw_handshake_protocol.hpp.
#include "net/raw_handshake_protocol.hpp"

#include <algorithm>
#include <utility>

#include "net/candidate_probes.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {
namespace {

/// The top bit of an SCTP source port that this class chooses. The other 15 bits are those of the sequence number, so
/// that a quote of eight bytes still names its probe.
constexpr std::uint16_t chosen_port = 0x8000;

/// The bits that a forger has to guess. TCP: 32 of the sequence number and 15 of an ephemeral port. SCTP: the initiate
/// tag, or in a short quote the port.
constexpr std::uint8_t tcp_bits = 47, sctp_bits = 32, sctp_port_bits = 15;

std::uint16_t sequence_of(std::uint32_t number) noexcept { return static_cast<std::uint16_t>(number >> 16); }

std::uint16_t chosen_port_of(std::uint16_t sequence) noexcept {
  return static_cast<std::uint16_t>(chosen_port | sequence);
}

/// Chooses between two probes that fit equally well, by the rule of OldestUnanswered.
std::optional<Serial> older(std::optional<Serial> one, std::optional<Serial> other, const ProbeBook& book) noexcept {
  if (!one || !other) return one ? one : other;
  const bool one_waits = book.is_unanswered(*one), other_waits = book.is_unanswered(*other);
  if (one_waits != other_waits) return one_waits ? one : other;
  return one_waits ? std::min(*one, *other) : std::max(*one, *other);
}

}  // namespace

std::uint16_t RawHandshakeProtocol::local_port(Serial serial, const Channel& channel) const noexcept {
  return channel.id != 0 ? channel.id : chosen_port_of(codec_.sequence(serial));
}

void RawHandshakeProtocol::encode(const Probe& probe, const Exit& exit,
                                  std::span<std::uint8_t> message) const noexcept {
  const std::uint16_t port = profiles_[probe.profile].port;
  const std::uint16_t source_port = local_port(probe.serial, exit.channel);
  const auto number = codec_.handshake_number({.target = *probe.to, .id = port, .serial = probe.serial});
  if (exit.channel.protocol == Protocol::sctp) {
    const packet::SctpInit init{.source_port = source_port, .destination_port = port, .initiate_tag = number};
    std::ranges::copy(packet::encode_sctp_init(init), message.begin());
    return;
  }
  const packet::TcpSyn syn{.source_port = source_port, .destination_port = port, .sequence = number};
  std::ranges::copy(packet::encode_tcp_syn(syn, exit.source, *probe.to), message.begin());
}

std::optional<RawHandshakeProtocol::Claim> RawHandshakeProtocol::tcp_claim(const Outer& outer,
                                                                           const AnswerContext& context) noexcept {
  const auto segment = packet::parse_tcp(outer.message);
  if (!segment) {
    ++context.counters.malformed;
    return std::nullopt;
  }
  if (segment->destination_port != context.channel.id) return std::nullopt;
  // Where the socket gives no IP header, the kernel has checked the checksum.
  if (outer.destination && !packet::tcp_checksum_ok(outer.message, outer.source, outer.destination)) {
    ++context.counters.bad_checksum;
    return std::nullopt;
  }
  Claim claim{
      .local_port = segment->destination_port, .port = segment->source_port, .number = segment->acknowledgment - 1};
  if (segment->ack && segment->rst) claim.kind = Event::Kind::refused;
  if (segment->ack && segment->syn && !segment->rst) claim.kind = Event::Kind::reply;
  return claim;
}

std::optional<RawHandshakeProtocol::Claim> RawHandshakeProtocol::sctp_claim(const Outer& outer,
                                                                            const AnswerContext& context) noexcept {
  const auto packet = packet::parse_sctp(outer.message);
  if (!packet) {
    ++context.counters.malformed;
    return std::nullopt;
  }
  const Channel& channel = context.channel;
  const std::uint16_t ours = channel.id != 0 ? channel.id : chosen_port_of(sequence_of(packet->verification_tag));
  if (packet->destination_port != ours) return std::nullopt;  // of another association on this host
  if (!packet::sctp_checksum_ok(outer.message)) {
    ++context.counters.bad_checksum;
    return std::nullopt;
  }
  Claim claim{.local_port = packet->destination_port, .port = packet->source_port, .number = packet->verification_tag};
  if (packet->chunk_type == packet::sctp_abort) claim.kind = Event::Kind::refused;
  if (packet->chunk_type == packet::sctp_init_ack) claim.kind = Event::Kind::reply;
  return claim;
}

void RawHandshakeProtocol::take_packet(const Incoming& packet, const AnswerContext& context) {
  const auto outer = outer_of(packet);
  if (!outer || packet.truncated) return void(++context.counters.malformed);
  const bool sctp = context.channel.protocol == Protocol::sctp;
  auto claim = sctp ? sctp_claim(*outer, context) : tcp_claim(*outer, context);
  if (!claim) return;
  claim->arrival = packet.arrival;
  take_claim(*claim, *outer, context);
}

/// True when the probe carries this number, which depends on the target and its port.
bool RawHandshakeProtocol::is_number_of(const Probe& probe, std::uint32_t number,
                                        const Channel& channel) const noexcept {
  const ProfileFacts& profile = profiles_[probe.profile];
  if (profile.protocol != channel.protocol) return false;
  return codec_.handshake_number({.target = *probe.to, .id = profile.port, .serial = probe.serial}) == number;
}

/// A raw socket also receives the answers to probes of other sockets. True when the socket of this probe receives the
/// answer too: it is counted there.
bool RawHandshakeProtocol::counts_elsewhere(const Probe& probe, const AnswerContext& context) const noexcept {
  const Route& own = profiles_.route(context.channel.family, probe.profile);
  return own.state == Route::State::socket_id && own.socket_id != context.socket_id && own.hears_all;
}

Event RawHandshakeProtocol::event(const Probe& probe, const Claim& claim, const Outer& outer,
                                  const Channel& channel) noexcept {
  return {.serial = probe.serial,
          .kind = *claim.kind,
          .responder = outer.source,
          .arrival = claim.arrival,
          .reply_ttl = outer.ttl.value_or(std::uint8_t{0}),
          .reply_tos = outer.tos,
          .auth_bits = channel.protocol == Protocol::sctp ? sctp_bits : tcp_bits};
}

void RawHandshakeProtocol::take_claim(const Claim& claim, const Outer& outer, const AnswerContext& context) const {
  const Channel& channel = context.channel;
  const auto answers = [&](const Probe& probe) {
    if (*probe.to != outer.source || profiles_[probe.profile].port != claim.port) return false;
    if (!is_number_of(probe, claim.number, channel)) return false;
    if (!counts_elsewhere(probe, context)) context.events.push_back(event(probe, claim, outer, channel));
    return true;
  };
  if (claim.kind && any_candidate(codec_, context.book, sequence_of(claim.number), answers)) return;
  refuse(claim, outer, context);
}

/// Sorts an answer that no probe to its source fits. A right number from another port, where another service answers,
/// counts as wrong_source; one from another address becomes an event, which the engine judges.
void RawHandshakeProtocol::refuse(const Claim& claim, const Outer& outer, const AnswerContext& context) const {
  Counters& counters = context.counters;
  const std::uint16_t sequence = sequence_of(claim.number);
  if (!claim.kind) return void(++counters.unauthenticated);
  const auto elsewhere = [&](const Probe& probe) {
    if (!is_number_of(probe, claim.number, context.channel)) return false;
    if (profiles_[probe.profile].port != claim.port) {
      ++counters.wrong_source;
      return true;
    }
    context.events.push_back(event(probe, claim, outer, context.channel));
    context.events.back().elsewhere = true;
    return true;
  };
  if (any_candidate(codec_, context.book, sequence, elsewhere)) return;
  const bool late = any_forgotten(codec_, context.book.window().end, sequence, [&](Serial serial) {
    return codec_.handshake_number({.target = outer.source, .id = claim.port, .serial = serial}) == claim.number;
  });
  ++(late ? counters.late : counters.unauthenticated);
}

std::optional<RawHandshakeProtocol::Quote> RawHandshakeProtocol::quote_of(const QueuedError& queued,
                                                                          const Channel& channel) noexcept {
  if (channel.protocol == Protocol::sctp) {
    const auto quoted = packet::parse_quoted_sctp(queued.quoted);
    if (!quoted) return std::nullopt;
    return Quote{quoted->source_port, quoted->destination_port, quoted->initiate_tag};
  }
  const auto quoted = packet::parse_quoted_tcp(queued.quoted);
  if (!quoted) return std::nullopt;
  return Quote{quoted->source_port, quoted->destination_port, quoted->sequence};
}

std::optional<Serial> RawHandshakeProtocol::quoted_probe(const QueuedError& queued, const Quote& quote,
                                                         const AnswerContext& context) const {
  const Channel& channel = context.channel;
  OldestUnanswered found;
  const auto is_quoted = [&](const Probe& probe) {
    const ProfileFacts& profile = profiles_[probe.profile];
    if (profile.protocol != channel.protocol || profile.port != quote.port) return false;
    if (!same_octets(*probe.to, queued.destination)) return false;
    if (local_port(probe.serial, channel) != quote.local_port) return false;
    if (quote.number && !is_number_of(probe, *quote.number, channel)) return false;
    found.offer(probe.serial, quote.number || context.book.is_unanswered(probe.serial));
    return quote.number.has_value();
  };
  if (quote.number) {
    any_candidate(codec_, context.book, sequence_of(*quote.number), is_quoted);
    return found.found();
  }
  if (channel.id != 0) return std::nullopt;  // all probes have the same source port, so it names none
  // The port holds all bits of the sequence number but the top one, so both values of that bit are tried.
  const auto low = static_cast<std::uint16_t>(quote.local_port & ~chosen_port);
  any_candidate(codec_, context.book, quote.local_port, is_quoted);
  const auto of_high = std::exchange(found, {}).found();
  any_candidate(codec_, context.book, low, is_quoted);
  return older(of_high, found.found(), context.book);
}

void RawHandshakeProtocol::take_error(const QueuedError& queued, const AnswerContext& context) {
  const Channel& channel = context.channel;
  const auto quote = quote_of(queued, channel);
  // A raw socket receives the errors about every packet of its protocol that this host sent.
  const bool ours = quote && (channel.id != 0 ? quote->local_port == channel.id : quote->local_port >= chosen_port);
  if (!ours) return;
  const auto serial = quoted_probe(queued, *quote, context);
  if (!serial) return void(++context.counters.unauthenticated);
  const IcmpErrorReport report = report_of(queued, channel);
  if (!report.tells_a_fate() || counts_elsewhere(context.book.probe(*serial), context)) return;
  const std::uint8_t bits = channel.protocol == Protocol::tcp ? tcp_bits : quote->number ? sctp_bits : sctp_port_bits;
  context.events.push_back(errors_.event(context.book.probe(*serial), channel.protocol, report, bits));
}

}  // namespace multiping::net
