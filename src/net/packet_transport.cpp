// Sends probes in runs, each through one socket, and drains every socket that may have something.
// See packet_transport.hpp; packet_transport_renewal.cpp has what lets another object use it.
#include "net/packet_transport.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "net/messages_per_call.hpp"
#include "net/packet_size.hpp"
#include "net/untagged_payload.hpp"

namespace multiping::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_message = 65'535;
/// The most calls in which one socket is drained, so that a flood does not hold the caller for ever.
constexpr int most_reads = 4096;
/// How long a failed route is remembered. A missing device, address or port may exist a moment later, but many probes
/// in a row must not all ask the kernel for it again.
constexpr Duration memory_of_refusals = 1s;

/// Takes each item. Items that cannot be taken for lack of memory are given back, so that they are not lost.
template <class Item, class Take, class GiveBack>
void take_each(std::span<const Item> items, Take take, GiveBack give_back) {
  try {
    for (; !items.empty(); items = items.subspan(1)) take(items.front());
  } catch (...) {
    give_back(items.size());
    throw;
  }
}

/// Hands all packets and errors of a socket to its protocol. An ICMP error that comes while packets are read ends that
/// call early, so packets may be left after the errors: both are read until one of them is empty.
template <class AnyProtocol>
std::size_t drain_into(AnyProtocol& protocol, PacketIo& io, SocketId socket_id, const AnswerContext& context) {
  std::size_t all_packets = 0, all_errors = 0;
  for (int reads = 0; reads < most_reads;) {
    std::size_t packets_taken = 0, errors_taken = 0;
    for (bool more = true; more && reads < most_reads; ++reads) {
      const auto packets = io.receive(socket_id, more);
      take_each(
          packets, [&](const Incoming& packet) { protocol.take_packet(packet, context); },
          [&](std::size_t left) { io.give_back(PacketIo::Taken::packets, socket_id, left); });
      packets_taken += packets.size();
    }
    for (bool more = true; more && reads < 2 * most_reads; ++reads) {
      const auto errors = io.receive_errors(socket_id, more);
      take_each(
          errors, [&](const QueuedError& error) { protocol.take_error(error, context); },
          [&](std::size_t left) { io.give_back(PacketIo::Taken::errors, socket_id, left); });
      errors_taken += errors.size();
    }
    all_packets += packets_taken;
    all_errors += errors_taken;
    if (packets_taken == 0 || errors_taken == 0) break;
  }
  return all_packets + all_errors;
}

/// True for "fragmentation needed" and "packet too big" from a router.
bool says_too_big(const Event& event, Family family) noexcept {
  if (event.kind != Event::Kind::unreachable || event.final || !event.icmp) return false;
  const IcmpError& icmp = *event.icmp;
  if (family == Family::ipv6) return icmp.type == packet::icmpv6::packet_too_big;
  return icmp.type == packet::icmpv4::destination_unreachable && icmp.code == packet::icmpv4::code_fragmentation_needed;
}

}  // namespace

PacketTransport::PacketTransport(std::unique_ptr<PacketIo> io, const SocketsNeeded& request, const packet::SipKey& key)
    : io_{std::move(io)},
      request_{request},
      codec_{key},
      echo_{codec_, profiles_, errors_},
      udp_{codec_, profiles_, errors_},
      handshake_{codec_, profiles_, errors_},
      connections_{*io_, profiles_, errors_},
      longest_run_{most_sent_at_once} {
  for (std::size_t profile = 0; profile < request.profiles.size(); ++profile)
    profiles_.set(static_cast<ProfileNumber>(profile), request.profiles[profile]);
  credit_ = request.targets == 0 ? most_sent_at_once : std::min(most_sent_at_once, request.targets);
  outgoing_.resize(credit_);
  make_room();
}

/// Doubles the room, so that messages that grow byte by byte reallocate only a few times.
void PacketTransport::make_room() {
  const std::size_t largest = profiles_.largest_message();
  if (largest <= message_room_) return;
  const std::size_t room = std::max(largest, std::min(2 * message_room_, largest_message));
  messages_.resize(outgoing_.size() * room);
  message_room_ = room;
}

void PacketTransport::set_profile(ProfileNumber profile, const ProbeOptions& options) {
  io_->set_profile(profile, options);
  profiles_.set(profile, options);
  make_room();
}

/// Lowers the credit to the receive room of a new socket. The smallest room limits all sockets, since the next answers
/// may all come in on that one.
void PacketTransport::opened(const SendPath& way) noexcept {
  if (way.kind != SendPath::Kind::socket_id) return;
  credit_ = std::max<std::size_t>(1, std::min(credit_, io_->channel(way.socket_id).receive_room));
}

Route PacketTransport::route_by(const SendPath& way) {
  Route route = net::route_of(way);
  if (way.kind == SendPath::Kind::none) route.forgotten_at = after(io_->now(), memory_of_refusals);
  route.hears_all = way.kind == SendPath::Kind::socket_id && !io_->channel(way.socket_id).bound;
  return route;
}

Obstacle PacketTransport::prepare(Family family, ProfileNumber profile) {
  const SendPath way = io_->way(family, profile, 0);
  opened(way);
  if (!way.may_pass) profiles_.route(family, profile, 0) = route_by(way);
  if (way.kind != SendPath::Kind::none) return {};
  return {.error = way.error, .doing = way.doing, .privilege = way.privilege};
}

const Route& PacketTransport::route_of(const Probe& probe) {
  return profiles_[probe.profile].turns == 1 ? route(probe, 0) : route_in_turn(probe);
}

/// Finds a source port from which no earlier probe to the same target may still be answered, so that an answer without
/// our tag belongs to this probe. A probe that finds no such port takes the last port. An answer to the last port
/// without a tag is credited to the oldest of many probes. Meanwhile the other ports become free again.
const Route& PacketTransport::route_in_turn(const Probe& probe) {
  if (turn_ > 0 && is_free(probe, turn_)) return route(probe, turn_);
  const unsigned last = profiles_[probe.profile].turns - 1;
  for (turn_ = 0; turn_ < last; ++turn_) {
    if (is_free(probe, turn_)) return route(probe, turn_);
    if (route(probe, turn_).state == Route::State::socket_id) continue;
    // No further port can be had. The route of the first port says why.
    return turn_ == 0 ? route(probe, 0) : route(probe, --turn_);
  }
  return route(probe, last).state == Route::State::socket_id ? route(probe, last) : route(probe, --turn_);
}

bool PacketTransport::is_free(const Probe& probe, unsigned turn) {
  const Route& way = route(probe, turn);
  return way.state == Route::State::socket_id && udp_.is_free(probe, io_->channel(way.socket_id).id);
}

const Route& PacketTransport::route(const Probe& probe, unsigned turn) {
  const Route& known = profiles_.route(probe.to->family(), probe.profile, turn);
  const bool forgotten = known.state == Route::State::none && io_->now() >= known.forgotten_at;
  return forgotten || known.state == Route::State::unknown ? find_route(probe, turn) : known;
}

const Route& PacketTransport::find_route(const Probe& probe, unsigned turn) {
  try {
    const SendPath way = io_->way(probe.to->family(), probe.profile, turn);
    opened(way);
    if (!way.may_pass) return profiles_.route(probe.to->family(), probe.profile, turn) = route_by(way);
    failed_ = net::route_of(way);
  } catch (const std::system_error& out_of_something) {
    failed_ = {.state = Route::State::none, .error = out_of_something.code()};
  }
  return failed_;
}

std::span<const std::uint8_t> PacketTransport::encode(const Probe& probe, SocketId socket_id, std::size_t place) {
  const auto message =
      std::span{messages_}.subspan(place * message_room_, message_size(profiles_[probe.profile], probe.packet));
  const Channel& channel = io_->channel(socket_id);
  switch (channel.protocol) {
    case Protocol::icmp:
      echo_.encode(probe, channel, message);
      break;
    case Protocol::udp:
      udp_.encode(probe, channel, message);
      break;
    case Protocol::tcp:
      // The kernel writes the checksum of IPv6.
      handshake_.encode(
          probe,
          {channel, channel.family == Family::ipv4 ? io_->source(socket_id, *probe.to, probe.profile) : Address{}},
          message);
      break;
    case Protocol::sctp:
      handshake_.encode(probe, {.channel = channel}, message);
      break;
  }
  return message;
}

ProbeTransport::Sent PacketTransport::send(std::span<const Probe> probes, std::span<Instant> sent_at) {
  std::size_t done = 0;
  sent_any_ = true;
  if (profiles_.has_udp()) udp_.set_time(io_->now());
  while (done < probes.size()) {
    Sent step;
    try {
      step = send_some(probes.subspan(done), sent_at.subspan(done));
    } catch (const std::bad_alloc&) {
      if (done == 0) throw;
      break;  // the probes that were sent are reported first
    }
    done += step.accepted;
    if (step.refused || step.full || step.behind)
      return {.accepted = done, .refused = step.refused, .full = step.full, .behind = step.behind};
  }
  return {.accepted = done};
}

/// Sends the first probe, and the probes after it that take the same socket.
ProbeTransport::Sent PacketTransport::send_some(std::span<const Probe> probes, std::span<Instant> sent_at) {
  const Route& route = route_of(probes.front());
  switch (route.state) {
    case Route::State::socket_id:
      return send_run(route.socket_id, probes, sent_at);
    case Route::State::connection:
      return connect(probes.front(), sent_at.front());
    case Route::State::none:
    case Route::State::unknown:
      break;
  }
  return refuse(route.error);
}

ProbeTransport::Sent PacketTransport::refuse(std::error_code error) noexcept {
  if (!out_of_descriptors(error) || !connections_.any()) return {.refused = error};
  connections_.free_descriptor();
  return {.full = true};
}

ProbeTransport::Sent PacketTransport::send_run(SocketId socket_id, std::span<const Probe> probes,
                                               std::span<Instant> sent_at) {
  if (socket_id >= paces_.size()) paces_.resize(std::size_t{socket_id} + 1);
  std::size_t run = 0;
  SendReport report;
  try {
    for (; run < std::min(credit_, longest_run_) && run < probes.size(); ++run) {
      const Probe& probe = probes[run];
      const Route& route = route_of(probe);
      if (route.state != Route::State::socket_id || route.socket_id != socket_id) break;
      outgoing_[run] = {
          .to = probe.to, .bytes = encode(probe, socket_id, run), .profile = probe.profile, .ttl = probe.packet.ttl};
    }
    report = io_->send(socket_id, std::span{outgoing_}.first(run));
  } catch (...) {
    take_back(socket_id, probes.first(run));
    throw;
  }
  note_times(socket_id, report, probes, sent_at);
  for (const Probe& probe : probes.first(run)) next_serial_ = std::max(next_serial_, probe.serial + 1);
  take_back(socket_id, probes.first(run).subspan(report.accepted));
  // After a refusal the rest is encoded again, so runs are short while many probes are refused.
  longest_run_ = report.accepted == run ? std::min(most_sent_at_once, 2 * longest_run_) : 1;
  if (report.accepted == run) return {.accepted = run};
  return {.accepted = report.accepted, .refused = report.refused, .full = report.full};
}

/// Tells the UDP protocol which probes were encoded but not sent.
void PacketTransport::take_back(SocketId socket_id, std::span<const Probe> unsent) noexcept {
  if (io_->channel(socket_id).protocol != Protocol::udp) return;
  for (; !unsent.empty(); unsent = unsent.first(unsent.size() - 1)) udp_.take_back(unsent.back());
}

/// Message k of a call counts as sent k steps after the start of the call. This is an estimate: it is too early rather
/// than too late.
void PacketTransport::note_times(SocketId socket_id, const SendReport& report, std::span<const Probe> probes,
                                 std::span<Instant> sent_at) noexcept {
  if (report.accepted == 0) return;
  const Duration step = paces_[socket_id].step(report.finished - report.started, report.accepted);
  Instant at = report.started;
  for (Instant& each : sent_at.first(report.accepted)) {
    each = at;
    at += step;
  }
  if (report.accepted == 1) return;
  calls_.add(
      {.probes = probes.first(report.accepted), .started = report.started, .finished = report.finished, .step = step});
}

ProbeTransport::Sent PacketTransport::connect(const Probe& probe, Instant& sent_at) {
  const auto started = connections_.connect(probe);
  if (started.full || started.refused || started.behind)
    return {.refused = started.refused, .full = started.full, .behind = started.behind};
  sent_at = started.at;
  return {.accepted = 1};
}

void PacketTransport::receive(const ProbeBook& book, std::vector<Event>& events) {
  if (!sent_any_) return;  // no other host can know our identifiers and ports yet
  std::size_t taken = 0;
  const std::size_t known = events.size();
  echo_.all_noted();
  try {
    for (const SocketId socket_id : io_->heard()) taken += drain(socket_id, book, events);
  } catch (...) {
    taken_since_look_ = true;
    complete(std::span{events}.subspan(known), book);
    throw;
  }
  complete(std::span{events}.subspan(known), book);
  taken_since_look_ = taken_since_look_ || taken > 0;
  if (taken > 1 && taken >= credit_ / 2) look_for_drops();
  if (connections_.any()) drain_connections(book, events);
  if (connections_.next_settling() != Instant::max()) connections_.settle(book, events);
  const Serial first = book.window().first;
  if (!udp_.idle()) udp_.forget_below(first, io_->now());
  connections_.forget_below(first);
}

/// Sets the RTT and `cut_next_time` of the events. Both depend on how the probes were sent.
void PacketTransport::complete(std::span<Event> events, const ProbeBook& book) const noexcept {
  for (Event& event : events) {
    if (event.arrival.stamp) event.rtt = calls_.round_trip(event.serial, *event.arrival.stamp);
    if (event.icmp) event.cut_next_time = will_be_cut(book.probe(event.serial), event);
  }
}

/// The kernel has learned the path MTU from the same report, and fragments larger packets from now on. It never
/// fragments IPv6 packets below the size that every path carries. Larger IPv4 packets left without DF, so that a router
/// could have fragmented them already.
bool PacketTransport::will_be_cut(const Probe& probe, const Event& event) const noexcept {
  const ProfileFacts& profile = profiles_[probe.profile];
  const Family family = probe.to->family();
  if (!profile.may_be_cut || !says_too_big(event, family)) return false;
  const std::size_t size = packet_size(family, payload_size(profile, probe.packet));
  const bool cut_here = family == Family::ipv4 ? size <= carried_by_ipv4 : size > carried_by_ipv6;
  return cut_here && size > event.icmp->mtu;
}

std::size_t PacketTransport::drain(SocketId socket_id, const ProbeBook& book, std::vector<Event>& events) {
  const AnswerContext context{.channel = io_->channel(socket_id),
                              .book = book,
                              .events = events,
                              .counters = counters_,
                              .socket_id = socket_id};
  switch (context.channel.protocol) {
    case Protocol::icmp:
      return drain_into(echo_, *io_, socket_id, context);
    case Protocol::udp:
      return drain_into(udp_, *io_, socket_id, context);
    case Protocol::tcp:
    case Protocol::sctp:
      break;
  }
  return drain_into(handshake_, *io_, socket_id, context);
}

void PacketTransport::drain_connections(const ProbeBook& book, std::vector<Event>& events) {
  bool more = true;
  for (int reads = 0; more && reads < most_reads; ++reads)
    take_each(
        io_->connections(more),
        [&](const Connected& connected) { connections_.take(connected, book, events, counters_); },
        [&](std::size_t left) { io_->give_back(PacketIo::Taken::connections, SocketId{}, left); });
}

void PacketTransport::forget(Serial serial) noexcept {
  udp_.forget(serial);
  connections_.forget(serial);
}

Counters PacketTransport::counters() noexcept {
  Counters all = counters_;
  all.receive_drops = dropped_.no_room;
  all.bad_checksum += dropped_.damaged;
  return all;
}

void PacketTransport::look_for_drops() noexcept {
  // An empty buffer has dropped nothing for lack of room, and asking the kernel costs a system call.
  if (std::exchange(taken_since_look_, false)) dropped_ = io_->drops();
}

}  // namespace multiping::net
