// Checks answers as RFC 9293 section 3.10.7.3 and RFC 9260 section 5.1 define them.
// See handshake_speaker.hpp.
#include "net/handshake_speaker.hpp"

#include <algorithm>
#include <utility>

#include "net/address_facts.hpp"
#include "net/candidates.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"

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

std::uint16_t HandshakeSpeaker::local_port(Serial serial, const Channel& channel) const noexcept {
  return channel.id != 0 ? channel.id : chosen_port_of(codec_.sequence(serial));
}

void HandshakeSpeaker::encode(const Probe& probe, const Exit& exit, std::span<std::uint8_t> message) const noexcept {
  const std::uint16_t port = shapes_[probe.shape].port;
  const std::uint16_t source_port = local_port(probe.serial, exit.channel);
  const auto number = codec_.handshake_number({.target = *probe.to, .id = port, .serial = probe.serial});
  if (exit.channel.carrier == Carrier::sctp) {
    const packet::SctpInit init{.source_port = source_port, .destination_port = port, .initiate_tag = number};
    std::ranges::copy(packet::encode_sctp_init(init), message.begin());
    return;
  }
  const packet::TcpSyn syn{.source_port = source_port, .destination_port = port, .sequence = number};
  std::ranges::copy(packet::encode_tcp_syn(syn, exit.source, *probe.to), message.begin());
}

std::optional<HandshakeSpeaker::Claim> HandshakeSpeaker::tcp_claim(const Outer& outer,
                                                                   const Hearing& hearing) noexcept {
  const auto segment = packet::parse_tcp(outer.message);
  if (!segment) {
    ++hearing.counters.malformed;
    return std::nullopt;
  }
  if (segment->destination_port != hearing.channel.id) return std::nullopt;
  // Where the socket gives no IP header, the kernel has checked the checksum.
  if (outer.destination && !packet::tcp_checksum_ok(outer.message, outer.source, outer.destination)) {
    ++hearing.counters.bad_checksum;
    return std::nullopt;
  }
  Claim claim{
      .local_port = segment->destination_port, .port = segment->source_port, .number = segment->acknowledgment - 1};
  if (segment->ack && segment->rst) claim.kind = Event::Kind::refused;
  if (segment->ack && segment->syn && !segment->rst) claim.kind = Event::Kind::reply;
  return claim;
}

std::optional<HandshakeSpeaker::Claim> HandshakeSpeaker::sctp_claim(const Outer& outer,
                                                                    const Hearing& hearing) noexcept {
  const auto packet = packet::parse_sctp(outer.message);
  if (!packet) {
    ++hearing.counters.malformed;
    return std::nullopt;
  }
  const Channel& channel = hearing.channel;
  const std::uint16_t ours = channel.id != 0 ? channel.id : chosen_port_of(sequence_of(packet->verification_tag));
  if (packet->destination_port != ours) return std::nullopt;  // of another association on this host
  if (!packet::sctp_checksum_ok(outer.message)) {
    ++hearing.counters.bad_checksum;
    return std::nullopt;
  }
  Claim claim{.local_port = packet->destination_port, .port = packet->source_port, .number = packet->verification_tag};
  if (packet->chunk_type == packet::sctp_abort) claim.kind = Event::Kind::refused;
  if (packet->chunk_type == packet::sctp_init_ack) claim.kind = Event::Kind::reply;
  return claim;
}

void HandshakeSpeaker::take_packet(const Incoming& packet, const Hearing& hearing) {
  const auto outer = outer_of(packet);
  if (!outer || packet.truncated) return void(++hearing.counters.malformed);
  const bool sctp = hearing.channel.carrier == Carrier::sctp;
  auto claim = sctp ? sctp_claim(*outer, hearing) : tcp_claim(*outer, hearing);
  if (!claim) return;
  claim->arrival = packet.arrival;
  take_claim(*claim, *outer, hearing);
}

/// True when the probe carries this number, which depends on the target and its port.
bool HandshakeSpeaker::is_number_of(const Probe& probe, std::uint32_t number, const Channel& channel) const noexcept {
  const ShapeFacts& shape = shapes_[probe.shape];
  if (shape.carrier != channel.carrier) return false;
  return codec_.handshake_number({.target = *probe.to, .id = shape.port, .serial = probe.serial}) == number;
}

/// A raw socket also receives the answers to probes of other lanes. True when the lane of this probe receives the
/// answer too: it is counted there.
bool HandshakeSpeaker::counts_elsewhere(const Probe& probe, const Hearing& hearing) const noexcept {
  const Route& own = shapes_.route(hearing.channel.family, probe.shape);
  return own.state == Route::State::lane && own.lane != hearing.lane && own.hears_all;
}

Event HandshakeSpeaker::event(const Probe& probe, const Claim& claim, const Outer& outer,
                              const Channel& channel) noexcept {
  return {.serial = probe.serial,
          .kind = *claim.kind,
          .responder = outer.source,
          .arrival = claim.arrival,
          .reply_ttl = outer.ttl.value_or(std::uint8_t{0}),
          .reply_tos = outer.tos,
          .auth_bits = channel.carrier == Carrier::sctp ? sctp_bits : tcp_bits};
}

void HandshakeSpeaker::take_claim(const Claim& claim, const Outer& outer, const Hearing& hearing) const {
  const Channel& channel = hearing.channel;
  const auto answers = [&](const Probe& probe) {
    if (*probe.to != outer.source || shapes_[probe.shape].port != claim.port) return false;
    if (!is_number_of(probe, claim.number, channel)) return false;
    if (!counts_elsewhere(probe, hearing)) hearing.events.push_back(event(probe, claim, outer, channel));
    return true;
  };
  if (claim.kind && any_candidate(codec_, hearing.book, sequence_of(claim.number), answers)) return;
  refuse(claim, outer, hearing);
}

/// Sorts an answer that no probe to its source fits. A right number from another port, where another service answers,
/// counts as wrong_source; one from another address becomes an event, which the engine judges.
void HandshakeSpeaker::refuse(const Claim& claim, const Outer& outer, const Hearing& hearing) const {
  Counters& counters = hearing.counters;
  const std::uint16_t sequence = sequence_of(claim.number);
  if (!claim.kind) return void(++counters.unauthenticated);
  const auto elsewhere = [&](const Probe& probe) {
    if (!is_number_of(probe, claim.number, hearing.channel)) return false;
    if (shapes_[probe.shape].port != claim.port) {
      ++counters.wrong_source;
      return true;
    }
    hearing.events.push_back(event(probe, claim, outer, hearing.channel));
    hearing.events.back().elsewhere = true;
    return true;
  };
  if (any_candidate(codec_, hearing.book, sequence, elsewhere)) return;
  const bool late = any_forgotten(codec_, hearing.book.window().end, sequence, [&](Serial serial) {
    return codec_.handshake_number({.target = outer.source, .id = claim.port, .serial = serial}) == claim.number;
  });
  ++(late ? counters.late : counters.unauthenticated);
}

std::optional<HandshakeSpeaker::Quote> HandshakeSpeaker::quote_of(const QueuedError& queued,
                                                                  const Channel& channel) noexcept {
  if (channel.carrier == Carrier::sctp) {
    const auto quoted = packet::parse_quoted_sctp(queued.quoted);
    if (!quoted) return std::nullopt;
    return Quote{quoted->source_port, quoted->destination_port, quoted->initiate_tag};
  }
  const auto quoted = packet::parse_quoted_tcp(queued.quoted);
  if (!quoted) return std::nullopt;
  return Quote{quoted->source_port, quoted->destination_port, quoted->sequence};
}

std::optional<Serial> HandshakeSpeaker::quoted_probe(const QueuedError& queued, const Quote& quote,
                                                     const Hearing& hearing) const {
  const Channel& channel = hearing.channel;
  OldestUnanswered found;
  const auto is_quoted = [&](const Probe& probe) {
    const ShapeFacts& shape = shapes_[probe.shape];
    if (shape.carrier != channel.carrier || shape.port != quote.port) return false;
    if (!same_octets(*probe.to, queued.destination)) return false;
    if (local_port(probe.serial, channel) != quote.local_port) return false;
    if (quote.number && !is_number_of(probe, *quote.number, channel)) return false;
    found.offer(probe.serial, quote.number || hearing.book.is_unanswered(probe.serial));
    return quote.number.has_value();
  };
  if (quote.number) {
    any_candidate(codec_, hearing.book, sequence_of(*quote.number), is_quoted);
    return found.found();
  }
  if (channel.id != 0) return std::nullopt;  // all probes have the same source port, so it names none
  // The port holds all bits of the sequence number but the top one, so both values of that bit are tried.
  const auto low = static_cast<std::uint16_t>(quote.local_port & ~chosen_port);
  any_candidate(codec_, hearing.book, quote.local_port, is_quoted);
  const auto of_high = std::exchange(found, {}).found();
  any_candidate(codec_, hearing.book, low, is_quoted);
  return older(of_high, found.found(), hearing.book);
}

void HandshakeSpeaker::take_error(const QueuedError& queued, const Hearing& hearing) {
  const Channel& channel = hearing.channel;
  const auto quote = quote_of(queued, channel);
  // A raw socket receives the errors about every packet of its protocol that this host sent.
  const bool ours = quote && (channel.id != 0 ? quote->local_port == channel.id : quote->local_port >= chosen_port);
  if (!ours) return;
  const auto serial = quoted_probe(queued, *quote, hearing);
  if (!serial) return void(++hearing.counters.unauthenticated);
  const IcmpReport report = report_of(queued, channel);
  if (!report.tells_a_fate() || counts_elsewhere(hearing.book.probe(*serial), hearing)) return;
  const std::uint8_t bits = channel.carrier == Carrier::tcp ? tcp_bits : quote->number ? sctp_bits : sctp_port_bits;
  hearing.events.push_back(errors_.event(hearing.book.probe(*serial), channel.carrier, report, bits));
}

}  // namespace multiping::net
