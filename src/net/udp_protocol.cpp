// Finds the probe of a datagram or an ICMP error by its tag; without a tag, by its ports and the order of sending.
// See udp_protocol.hpp.
#include "net/udp_protocol.hpp"

#include <algorithm>

#include "net/candidate_probes.hpp"
#include "net/packet_size.hpp"
#include "net/untagged_payload.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {
namespace {

/// The bits that a forger has to guess of our source port.
constexpr std::uint8_t port_bits = 16;

constexpr std::size_t smallest_tag = packet::tag_size(2);

/// The most probes of one stream that one search looks at.
constexpr int most_steps = 4096;

/// From the UDP header on, which the socket leaves out; 0: not known.
std::uint16_t size_of(const Incoming& packet) noexcept {
  constexpr std::size_t udp_header = 8;
  return packet.truncated ? std::uint16_t{0} : reply_size(udp_header + packet.bytes.size());
}

Instant came_at(const Arrival& arrival) noexcept { return arrival.stamp.value_or(arrival.read); }

/// True when the payload equals what was sent, except for its tag. At least `least_pattern` bytes rule out chance.
bool looks_like_echo(std::span<const std::uint8_t> image, std::span<const std::uint8_t> bytes) noexcept {
  constexpr std::size_t least_pattern = 4;
  const std::size_t tag = packet::tag_size(image.size());
  return tag > 0 && bytes.size() == image.size() && image.size() >= tag + least_pattern &&
         std::ranges::equal(bytes.subspan(tag), image.subspan(tag));
}

}  // namespace

void UdpProtocol::encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) {
  const ProfileFacts& profile = profiles_[probe.profile];
  codec_.encode_payload({.target = *probe.to, .id = profile.port, .serial = probe.serial},
                        image_of(profile, codec_, probe), message);
  index_.add({*probe.to, profile.port, channel.id}, {.serial = probe.serial,
                                                     .profile = probe.profile,
                                                     .packet = probe.packet,
                                                     .at = now_,
                                                     .tag = message.first(packet::tag_size(message.size()))});
}

UdpProtocol::Wait UdpProtocol::wait_of(Serial serial, const UdpFlight& flight, const AnswerContext& context) noexcept {
  if (flight.answered || flight.forgotten || !in_window(context.book, serial)) return Wait::over;
  return flight.reported ? Wait::for_an_answer : Wait::for_anything;
}

/// Finds the probe whose tag these bytes begin with. Where short tags are equal, it is the oldest unanswered one.
template <class Fits>
UdpProtocol::Match UdpProtocol::tagged(std::span<const std::uint8_t> bytes, Fits fits) {
  Match found;
  index_.any_tagged(bytes, [&](Serial serial, UdpFlight& flight) {
    Match match{.serial = serial, .flight = &flight};
    if (!fits(index_.stream_of(flight), match)) return false;
    const bool first = found.flight == nullptr, waits = !flight.answered;
    const bool older = !first && (serial < found.serial ? waits : waits && found.flight->answered);
    if (first || older || match.sure) found = match;
    return match.sure;
  });
  return found;
}

/// A tag of `telling_bits` proves its probe, whatever address and port the answer comes from. A shorter tag counts only
/// from the right address and port: from others it may match by chance.
UdpProtocol::Match UdpProtocol::answered_by_tag(const Incoming& packet, const AnswerContext& context) {
  return tagged(packet.bytes, [&](const UdpStream& stream, Match& match) {
    if (stream.local_port != context.channel.id) return false;
    const auto image = image_of(profiles_[match.flight->profile], codec_, match.serial, match.flight->packet);
    const auto check = codec_.check_payload(identity(stream, match.serial), image, packet.bytes);
    if (!check.authentic || check.tag_bits == 0) return false;
    match.auth_bits = static_cast<std::uint8_t>(check.tag_bits + port_bits);
    match.altered = check.altered;
    match.sure = check.tag_bits >= telling_bits;
    match.elsewhere = stream.to != packet.from;
    return match.sure || (!match.elsewhere && stream.port == packet.port);
  });
}

UdpProtocol::Match UdpProtocol::quoted_by_tag(const QueuedError& queued, const AnswerContext& context) {
  return tagged(queued.quoted, [&](const UdpStream& stream, Match& match) {
    if (stream.local_port != context.channel.id || stream.port != queued.port) return false;
    if (!same_octets(stream.to, queued.destination)) return false;
    const std::size_t size = payload_size(profiles_[match.flight->profile], match.flight->packet);
    const auto check = codec_.check_quoted_payload(identity(stream, match.serial), size, queued.quoted);
    match.auth_bits = static_cast<std::uint8_t>(check.tag_bits + port_bits);
    match.sure = check.tag_bits >= telling_bits;
    return check.authentic;
  });
}

/// Finds the first probe of a stream, from `low` on, that may still be answered and for which `accepts` returns true.
template <class Accepts>
UdpProtocol::Match UdpProtocol::first_from(std::uint32_t low, const Heard& heard, Accepts accepts) {
  for (int steps = 0; low != UdpStream::none && steps < most_steps; ++steps) {
    const Serial serial = index_.serial(low);
    UdpFlight* flight = index_.find(serial);
    if (!UdpProbeIndex::is_over(*flight, heard.at) && accepts(serial, *flight))
      return {.serial = serial, .flight = flight, .auth_bits = port_bits};
    low = UdpProbeIndex::next(low, *flight);
  }
  return {};
}

/// Finds the probe of a stream that an answer or an error without a tag is about. It is the oldest that fits and may
/// still be answered, waited for or not, so that an RTT is too long rather than too short. Probes without an ICMP error
/// come first. Where none may be answered any more, it is the newest, which then gets one answer too many.
template <class Fits>
UdpProtocol::Match UdpProtocol::by_order(UdpStream& stream, const Heard& heard, Fits fits) {
  index_.settle(stream, heard.at);
  Match found;
  if (stream.mixed) {
    found = among_different(stream, heard, fits);
  } else {
    found = first_from(stream.unheard, heard, [&](Serial serial, const UdpFlight& flight) {
      return !flight.reported && fits(serial, flight);
    });
    if (found.flight == nullptr) found = first_from(stream.oldest, heard, fits);
  }
  if (found.flight != nullptr || stream.oldest != UdpStream::none || stream.newest == UdpStream::none) return found;
  const Serial serial = index_.serial(stream.newest);
  UdpFlight* newest = index_.find(serial);
  if (!fits(serial, *newest)) return {};
  return {.serial = serial, .flight = newest, .auth_bits = port_bits};
}

/// The same for a stream whose probes do not look the same, such as a flow with several TTLs. Where waiting probes
/// differ, none is found; else it is the oldest probe that looks like those that wait.
template <class Fits>
UdpProtocol::Match UdpProtocol::among_different(const UdpStream& stream, const Heard& heard, Fits fits) {
  const UdpFlight* waiting = nullptr;
  Wait most = Wait::over;
  bool looks_differ = false;
  static_cast<void>(first_from(stream.oldest, heard, [&](Serial serial, const UdpFlight& flight) {
    const Wait wait = wait_of(serial, flight, heard.context);
    if (wait == Wait::over || wait < most || !fits(serial, flight)) return false;
    looks_differ = wait == most && (looks_differ || !flight.looks_like(*waiting));
    waiting = &flight;
    most = wait;
    return false;
  }));
  if (looks_differ) return {};
  return first_from(stream.oldest, heard, [&](Serial serial, const UdpFlight& flight) {
    if (waiting != nullptr && (!flight.looks_like(*waiting) || flight.reported != waiting->reported)) return false;
    return fits(serial, flight);
  });
}

void UdpProtocol::take_packet(const Incoming& packet, const AnswerContext& context) {
  if (packet.own) return void(++context.counters.unauthenticated);
  const Match match = answered_by_tag(packet, context);
  if (match.flight == nullptr) return take_untagged(packet, context);
  take_answer(match, packet, context);
}

void UdpProtocol::take_answer(const Match& match, const Incoming& packet, const AnswerContext& context) {
  if (!in_window(context.book, match.serial)) {
    match.flight->answered = true;
    return void(++(match.elsewhere ? context.counters.wrong_source : context.counters.late));
  }
  context.events.push_back({.serial = match.serial,
                            .responder = packet.from,
                            .arrival = packet.arrival,
                            .reply_ttl = packet.ttl.value_or(std::uint8_t{0}),
                            .reply_tos = packet.tos,
                            .auth_bits = match.auth_bits,
                            .payload_altered = match.altered,
                            .elsewhere = match.elsewhere,
                            .reply_size = size_of(packet)});
  match.flight->answered = true;
}

/// In an unsure stream it is not known which probe is answered; the answer counts as late. A payload that looks like an
/// echo of ours but has another tag counts as unauthenticated: its probe is forgotten, or the tag is forged.
void UdpProtocol::take_untagged(const Incoming& packet, const AnswerContext& context) {
  UdpStream* stream = index_.find({packet.from, packet.port, context.channel.id});
  if (stream == nullptr) return void(++context.counters.unauthenticated);
  const Heard heard{.context = context, .at = came_at(packet.arrival)};
  const Match match = by_order(*stream, heard, [](Serial, const UdpFlight&) { return true; });
  if (match.flight == nullptr ||
      looks_like_echo(image_of(profiles_[match.flight->profile], codec_, match.serial, match.flight->packet),
                      packet.bytes))
    return void(++context.counters.unauthenticated);
  if (stream->unsure) return void(++context.counters.late);
  take_answer(match, packet, context);
}

/// True when a quote without a whole tag may be of this probe. A quote with a whole tag is matched by the tag alone.
bool UdpProtocol::fits(const QueuedError& queued, Serial serial, const UdpFlight& flight) const noexcept {
  const std::size_t whole_tag = packet::tag_size(payload_size(profiles_[flight.profile], flight.packet));
  const std::size_t quoted = queued.quoted.size();
  if (whole_tag == 0 || quoted < smallest_tag) return true;
  if (quoted >= whole_tag) return false;
  const packet::ProbeIdentity probe = identity(index_.stream_of(flight), serial);
  return codec_.check_quoted_payload(probe, quoted, queued.quoted).authentic;
}

UdpProtocol::Match UdpProtocol::quoted_by_order(const QueuedError& queued, const AnswerContext& context) {
  const Heard heard{.context = context, .at = came_at(queued.arrival)};
  Match oldest;
  index_.each_zone({queued.destination, queued.port, context.channel.id}, [&](UdpStream& stream) {
    const Match match =
        by_order(stream, heard, [&](Serial serial, const UdpFlight& flight) { return fits(queued, serial, flight); });
    if (match.flight == nullptr) return;
    const bool over = UdpProbeIndex::is_over(*match.flight, heard.at);
    if (oldest.flight == nullptr || (!over && match.serial < oldest.serial)) oldest = match;
  });
  return oldest;
}

void UdpProtocol::take_error(const QueuedError& queued, const AnswerContext& context) {
  const IcmpErrorReport report = report_of(queued, context.channel);
  Match match = quoted_by_tag(queued, context);
  if (match.flight == nullptr) match = quoted_by_order(queued, context);
  if (match.flight == nullptr) return void(++context.counters.unauthenticated);
  if (!report.tells_a_fate()) return;
  const bool waits = in_window(context.book, match.serial);
  if (waits)
    context.events.push_back(errors_.event(context.book.probe(match.serial), Protocol::udp, report, match.auth_bits));
  else
    ++context.counters.late;
  match.flight->reported = true;
  if (report.is_refusal_of(queued.destination, Protocol::udp)) match.flight->answered = true;
}

}  // namespace multiping::net
