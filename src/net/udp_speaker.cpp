// Asks by UDP datagrams, and decides which datagrams and which ICMP errors from the queue are believed.
// See udp_speaker.hpp.
#include "net/udp_speaker.hpp"

#include "net/address_facts.hpp"
#include "net/candidates.hpp"
#include "packet/reader.hpp"

namespace multiping::net {
namespace {

/// What our source port adds.
constexpr std::uint8_t port_bits = 16;

constexpr std::size_t smallest_tag = packet::tag_size(2);

/// As much of a payload as tells most tags apart.
std::uint16_t tag_start(std::span<const std::uint8_t> payload) noexcept { return packet::Reader{payload}.u16(); }

/// Port unreachable, of RFC 792 and RFC 4443.
bool says_port_unreachable(const QueuedError& queued, Family family) noexcept {
  constexpr std::uint8_t code_v4 = 3, code_v6 = 4;
  if (family == Family::ipv6) return queued.type == packet::icmpv6::destination_unreachable && queued.code == code_v6;
  return queued.type == packet::icmpv4::destination_unreachable && queued.code == code_v4;
}

}  // namespace

unsigned UdpSpeaker::turn(const Probe& probe) {
  const ShapeFacts& shape = shapes_[probe.shape];
  return shape.turns == 1 ? 0 : index_.sent_to(*probe.to, shape.port) % shape.turns;
}

void UdpSpeaker::encode(const Probe& probe, const Channel& channel, std::span<std::uint8_t> message) {
  const ShapeFacts& shape = shapes_[probe.shape];
  codec_.encode_payload(identity(*probe.to, shape.port, probe.serial), shape.image, message);
  index_.add(probe, {.port = shape.port, .local_port = channel.id, .tag_start = tag_start(message)});
}

void UdpSpeaker::take_back(const Probe& probe) noexcept { index_.take_back(probe, shapes_[probe.shape].port); }

UdpSpeaker::Wait UdpSpeaker::wait_of(Serial serial, const UdpFlight& flight, const Hearing& hearing) noexcept {
  if (flight.answered || flight.forgotten || !in_window(hearing.book, serial)) return Wait::over;
  return flight.reported ? Wait::for_an_answer : Wait::for_anything;
}

UdpSpeaker::Match UdpSpeaker::tagged(const Incoming& packet, const Hearing& hearing) {
  Match match;
  const std::uint16_t start = tag_start(packet.bytes);
  index_.any(packet.from, packet.port, hearing.channel.id, [&](Serial serial, UdpFlight& flight) {
    if (flight.tag_start != start) return false;
    const auto& image = shapes_[flight.shape].image;
    const auto check = codec_.check_payload(identity(packet.from, packet.port, serial), image, packet.bytes);
    if (!check.authentic || check.tag_bits == 0) return false;
    match = {.serial = serial,
             .flight = &flight,
             .auth_bits = static_cast<std::uint8_t>(check.tag_bits + port_bits),
             .altered = check.altered};
    return true;
  });
  return match;
}

/// The oldest probe that waits, rather one of which no error is known; where none does, the newest, for which this is a
/// duplicate or late. None where probes of different looks wait: nobody can tell whose answer it is.
UdpSpeaker::Match UdpSpeaker::untagged(const Incoming& packet, const Hearing& hearing) {
  Match found;
  Wait most = Wait::over;
  bool looks_differ = false;
  const Serial first = hearing.book.window().first;
  index_.any(packet.from, packet.port, hearing.channel.id, [&](Serial serial, UdpFlight& flight) {
    const Wait wait = wait_of(serial, flight, hearing);
    const bool replaces = found.flight == nullptr || wait > most || (wait == most && wait != Wait::over);
    if (!replaces) return serial < first;  // nobody waits for older ones
    looks_differ = wait == most && found.flight != nullptr && (looks_differ || found.flight->shape != flight.shape);
    found = {.serial = serial, .flight = &flight, .auth_bits = port_bits};
    most = wait;
    return serial < first;
  });
  return looks_differ ? Match{} : found;
}

void UdpSpeaker::take_packet(const Incoming& packet, const Hearing& hearing) {
  if (packet.own) return void(++hearing.counters.unauthenticated);
  Match match = tagged(packet, hearing);
  if (match.flight == nullptr) match = untagged(packet, hearing);
  if (match.flight == nullptr) return count_refused(packet, hearing);
  match.flight->answered = true;
  if (!in_window(hearing.book, match.serial)) return void(++hearing.counters.late);
  hearing.events.push_back({.serial = match.serial,
                            .responder = packet.from,
                            .arrival = packet.arrival,
                            .reply_ttl = packet.ttl.value_or(std::uint8_t{0}),
                            .reply_tos = packet.tos,
                            .auth_bits = match.auth_bits,
                            .payload_altered = match.altered});
}

/// A right tag from another address or port, as far as the newest probes can tell.
void UdpSpeaker::count_refused(const Incoming& packet, const Hearing& hearing) {
  const bool elsewhere = index_.any_recent(hearing.channel.id, [&](Serial serial, const UdpFlight& flight) {
    if (!in_window(hearing.book, serial)) return false;
    const ShapeFacts& shape = shapes_[flight.shape];
    const auto probe = identity(*hearing.book.probe(serial).to, shape.port, serial);
    return codec_.check_quoted_payload(probe, shape.image.size(), packet.bytes).authentic;
  });
  ++(elsewhere ? hearing.counters.wrong_source : hearing.counters.unauthenticated);
}

/// Where the whole tag is quoted it must be right; where less is, the ports and its beginning are all there is.
std::optional<std::uint8_t> UdpSpeaker::fits(const Quote& quote, Serial serial,
                                             const UdpFlight& flight) const noexcept {
  const std::size_t size = shapes_[flight.shape].image.size();
  const std::size_t whole_tag = packet::tag_size(size);
  if (whole_tag == 0 || quote.queued.quoted.size() < smallest_tag) return port_bits;
  if (tag_start(quote.queued.quoted) != flight.tag_start) return std::nullopt;
  if (quote.queued.quoted.size() < whole_tag) return port_bits;
  const auto probe = identity(quote.target, quote.queued.port, serial);
  const auto check = codec_.check_quoted_payload(probe, size, quote.queued.quoted);
  if (!check.authentic) return std::nullopt;
  return static_cast<std::uint8_t>(check.tag_bits + port_bits);
}

/// The probe whose tag is quoted; else the newest that fits, rather one that waits for it. None where probes of
/// different looks fit and wait: those of one flow, say, which their ttl tells apart.
UdpSpeaker::Match UdpSpeaker::matching(const QueuedError& queued, const Hearing& hearing) {
  Match found;
  const Serial first = hearing.book.window().first;
  const bool may_quote_tag = queued.quoted.size() >= smallest_tag;
  bool found_waits = false, looks_differ = false;
  const auto visit = [&](const Address& target, Serial serial, UdpFlight& flight) {
    const auto bits = fits({.queued = queued, .target = target}, serial, flight);
    if (!bits) return false;
    const bool waits = wait_of(serial, flight, hearing) == Wait::for_anything, tagged = *bits > port_bits;
    looks_differ = !tagged && (looks_differ || (waits && found_waits && found.flight->shape != flight.shape));
    if (tagged || found.flight == nullptr || (waits && !found_waits)) {
      found = {.serial = serial, .flight = &flight, .auth_bits = *bits};
      found_waits = waits;
    }
    return tagged || (!may_quote_tag && (looks_differ || serial < first));
  };
  index_.any_zone(queued.destination, queued.port, hearing.channel.id, visit);
  return looks_differ ? Match{} : found;
}

void UdpSpeaker::take_error(const QueuedError& queued, const Hearing& hearing) {
  const IcmpReport report = report_of(queued, hearing.channel);
  const Match match = matching(queued, hearing);
  if (match.flight == nullptr) return void(++hearing.counters.unauthenticated);
  if (!report.tells_a_fate()) return;
  const bool refused =
      says_port_unreachable(queued, hearing.channel.family) && same_octets(queued.offender, queued.destination);
  match.flight->reported = true;
  if (refused) match.flight->answered = true;
  if (!in_window(hearing.book, match.serial)) return void(++hearing.counters.late);
  Event event = errors_.event(match.serial, report, match.auth_bits);
  if (refused) event.kind = Event::Kind::refused;
  hearing.events.push_back(std::move(event));
}

}  // namespace multiping::net
