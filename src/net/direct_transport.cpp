// The probe-level seam served by sockets of this process: a speaker for each way of asking above, packet_io below.
// See direct_transport.hpp.
#include "net/direct_transport.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "net/packet_size.hpp"

namespace multiping::net {
namespace {

using namespace std::chrono_literals;

/// Messages handed over in one call: few enough that their sending times are known to some 100 microseconds, enough
/// that the call itself costs nothing.
constexpr std::size_t longest_batch = SentCalls::most_probes;
constexpr std::size_t largest_message = 65'535;
/// Calls of one draining; a flood does not hold the caller for longer than this.
constexpr int most_reads = 4096;
/// A device, an address or a port that a probe asked for in vain may be there a moment later; but many probes in a row
/// do not ask for it one after another.
constexpr Duration memory_of_refusals = 1s;

/// What cannot be taken in for want of memory is given back, so that it is not lost.
template <class Item, class Take, class GiveBack>
void take_each(std::span<const Item> items, Take take, GiveBack give_back) {
  try {
    for (; !items.empty(); items = items.subspan(1)) take(items.front());
  } catch (...) {
    give_back(items.size());
    throw;
  }
}

/// Hands all that a speaker is told of to it. An error that comes while packets are read ends that call early, so that
/// behind errors there may be packets still.
template <class Speaker>
std::size_t drain_into(Speaker& speaker, PacketIo& io, Lane lane, const Hearing& hearing) {
  std::size_t all_packets = 0, all_errors = 0;
  for (int reads = 0; reads < most_reads;) {
    std::size_t packets_taken = 0, errors_taken = 0;
    for (bool more = true; more && reads < most_reads; ++reads) {
      const auto packets = io.receive(lane, more);
      take_each(
          packets, [&](const Incoming& packet) { speaker.take_packet(packet, hearing); },
          [&](std::size_t left) { io.give_back(PacketIo::Taken::packets, lane, left); });
      packets_taken += packets.size();
    }
    for (bool more = true; more && reads < 2 * most_reads; ++reads) {
      const auto errors = io.receive_errors(lane, more);
      take_each(
          errors, [&](const QueuedError& error) { speaker.take_error(error, hearing); },
          [&](std::size_t left) { io.give_back(PacketIo::Taken::errors, lane, left); });
      errors_taken += errors.size();
    }
    all_packets += packets_taken;
    all_errors += errors_taken;
    if (packets_taken == 0 || errors_taken == 0) break;
  }
  return all_packets + all_errors;
}

/// Too large for the rest of the path.
bool says_too_big(const Event& event, Family family) noexcept {
  if (event.kind != Event::Kind::unreachable || event.final || !event.icmp) return false;
  const IcmpError& icmp = *event.icmp;
  if (family == Family::ipv6) return icmp.type == packet::icmpv6::packet_too_big;
  return icmp.type == packet::icmpv4::destination_unreachable && icmp.code == packet::icmpv4::code_fragmentation_needed;
}

}  // namespace

DirectTransport::DirectTransport(std::unique_ptr<PacketIo> io, const IoRequest& request, const packet::SipKey& key)
    : io_{std::move(io)},
      request_{request},
      codec_{key},
      echo_{codec_, shapes_, errors_},
      udp_{codec_, shapes_, errors_},
      handshake_{codec_, shapes_, errors_},
      connections_{*io_, shapes_, errors_},
      longest_run_{longest_batch} {
  for (std::size_t shape = 0; shape < request.shapes.size(); ++shape)
    shapes_.set(static_cast<ShapeNumber>(shape), request.shapes[shape]);
  credit_ = request.targets == 0 ? longest_batch : std::min(longest_batch, request.targets);
  outgoing_.resize(credit_);
  make_room();
}

/// Messages that grow one by one make it grow a few times in all.
void DirectTransport::make_room() {
  const std::size_t largest = shapes_.largest_message();
  if (largest <= message_room_) return;
  const std::size_t room = std::max(largest, std::min(2 * message_room_, largest_message));
  messages_.resize(outgoing_.size() * room);
  message_room_ = room;
}

void DirectTransport::set_shape(ShapeNumber shape, const ProbeOptions& options) {
  io_->set_shape(shape, options);
  shapes_.set(shape, options);
  make_room();
}

/// What is asked of a lane that is opened later holds for all: nobody knows where the next answers come in.
void DirectTransport::opened(const Way& way) noexcept {
  if (way.kind != Way::Kind::lane) return;
  credit_ = std::max<std::size_t>(1, std::min(credit_, io_->channel(way.lane).receive_room));
}

Route DirectTransport::route_by(const Way& way) {
  Route route = net::route_of(way);
  if (way.kind == Way::Kind::none) route.forgotten_at = after(io_->now(), memory_of_refusals);
  route.hears_all = way.kind == Way::Kind::lane && !io_->channel(way.lane).bound;
  return route;
}

Obstacle DirectTransport::prepare(Family family, ShapeNumber shape) {
  const Way way = io_->way(family, shape, 0);
  opened(way);
  if (!way.may_pass) shapes_.route(family, shape, 0) = route_by(way);
  if (way.kind != Way::Kind::none) return {};
  return {.error = way.error, .doing = way.doing, .privilege = way.privilege};
}

const Route& DirectTransport::route_of(const Probe& probe) {
  return shapes_[probe.shape].turns == 1 ? route(probe, 0) : route_in_turn(probe);
}

/// A source port from which no earlier probe to there may still be answered, so that an answer without our tag is this
/// one's. The last port takes what finds none: there such answers belong to the oldest of many, and those ports that
/// are waited for get free again.
const Route& DirectTransport::route_in_turn(const Probe& probe) {
  if (turn_ > 0 && is_free(probe, turn_)) return route(probe, turn_);
  const unsigned last = shapes_[probe.shape].turns - 1;
  for (turn_ = 0; turn_ < last; ++turn_) {
    if (is_free(probe, turn_)) return route(probe, turn_);
    if (route(probe, turn_).state == Route::State::lane) continue;
    // No further one can be had. Of the first it is the reason why.
    return turn_ == 0 ? route(probe, 0) : route(probe, --turn_);
  }
  return route(probe, last).state == Route::State::lane ? route(probe, last) : route(probe, --turn_);
}

bool DirectTransport::is_free(const Probe& probe, unsigned turn) {
  const Route& way = route(probe, turn);
  return way.state == Route::State::lane && udp_.is_free(probe, io_->channel(way.lane).id);
}

const Route& DirectTransport::route(const Probe& probe, unsigned turn) {
  const Route& known = shapes_.route(probe.to->family(), probe.shape, turn);
  const bool forgotten = known.state == Route::State::none && io_->now() >= known.forgotten_at;
  return forgotten || known.state == Route::State::unknown ? find_route(probe, turn) : known;
}

const Route& DirectTransport::find_route(const Probe& probe, unsigned turn) {
  try {
    const Way way = io_->way(probe.to->family(), probe.shape, turn);
    opened(way);
    if (!way.may_pass) return shapes_.route(probe.to->family(), probe.shape, turn) = route_by(way);
    failed_ = net::route_of(way);
  } catch (const std::system_error& out_of_something) {
    failed_ = {.state = Route::State::none, .error = out_of_something.code()};
  }
  return failed_;
}

std::span<const std::uint8_t> DirectTransport::encode(const Probe& probe, Lane lane, std::size_t place) {
  const auto message = std::span{messages_}.subspan(place * message_room_, shapes_[probe.shape].message_size);
  const Channel& channel = io_->channel(lane);
  switch (channel.carrier) {
    case Carrier::icmp:
      echo_.encode(probe, channel, message);
      break;
    case Carrier::udp:
      udp_.encode(probe, channel, message);
      break;
    case Carrier::tcp:
      // The kernel writes the checksum of IPv6.
      handshake_.encode(
          probe, {channel, channel.family == Family::ipv4 ? io_->source(lane, *probe.to, probe.shape) : Address{}},
          message);
      break;
    case Carrier::sctp:
      handshake_.encode(probe, {.channel = channel}, message);
      break;
  }
  return message;
}

ProbeTransport::Sent DirectTransport::send(std::span<const Probe> probes, std::span<Instant> sent_at) {
  std::size_t done = 0;
  sent_any_ = true;
  udp_.set_time(io_->now());
  while (done < probes.size()) {
    Sent step;
    try {
      step = send_some(probes.subspan(done), sent_at.subspan(done));
    } catch (const std::bad_alloc&) {
      if (done == 0) throw;
      break;  // what left before is told first
    }
    done += step.accepted;
    if (step.refused || step.full || step.behind)
      return {.accepted = done, .refused = step.refused, .full = step.full, .behind = step.behind};
  }
  return {.accepted = done};
}

/// The first of them, and those behind it that go the same way.
ProbeTransport::Sent DirectTransport::send_some(std::span<const Probe> probes, std::span<Instant> sent_at) {
  const Route& route = route_of(probes.front());
  switch (route.state) {
    case Route::State::lane:
      return send_run(route.lane, probes, sent_at);
    case Route::State::connection:
      return connect(probes.front(), sent_at.front());
    case Route::State::none:
    case Route::State::unknown:
      break;
  }
  return refuse(route.error);
}

ProbeTransport::Sent DirectTransport::refuse(std::error_code error) noexcept {
  if (!out_of_descriptors(error) || !connections_.any()) return {.refused = error};
  connections_.free_descriptor();
  return {.full = true};
}

ProbeTransport::Sent DirectTransport::send_run(Lane lane, std::span<const Probe> probes, std::span<Instant> sent_at) {
  if (lane >= paces_.size()) paces_.resize(std::size_t{lane} + 1);
  std::size_t run = 0;
  SendReport report;
  try {
    for (; run < std::min(credit_, longest_run_) && run < probes.size(); ++run) {
      const Probe& probe = probes[run];
      const Route& route = route_of(probe);
      if (route.state != Route::State::lane || route.lane != lane) break;
      outgoing_[run] = {.to = probe.to, .bytes = encode(probe, lane, run), .shape = probe.shape};
    }
    report = io_->send(lane, std::span{outgoing_}.first(run));
  } catch (...) {
    take_back(lane, probes.first(run));
    throw;
  }
  note_times(lane, report, probes, sent_at);
  take_back(lane, probes.first(run).subspan(report.accepted));
  // Behind a refusal the rest is encoded anew: where many are refused, runs are short.
  longest_run_ = report.accepted == run ? std::min(longest_batch, 2 * longest_run_) : 1;
  if (report.accepted == run) return {.accepted = run};
  return {.accepted = report.accepted, .refused = report.refused, .full = report.full};
}

/// They were encoded, and did not leave.
void DirectTransport::take_back(Lane lane, std::span<const Probe> unsent) noexcept {
  if (io_->channel(lane).carrier != Carrier::udp) return;
  for (; !unsent.empty(); unsent = unsent.first(unsent.size() - 1)) udp_.take_back(unsent.back());
}

/// The message k of a call left k steps behind its start, as far as anybody knows: rather before that than behind it.
void DirectTransport::note_times(Lane lane, const SendReport& report, std::span<const Probe> probes,
                                 std::span<Instant> sent_at) noexcept {
  if (report.accepted == 0) return;
  const Duration step = paces_[lane].step(report.finished - report.started, report.accepted);
  Instant at = report.started;
  for (Instant& each : sent_at.first(report.accepted)) {
    each = at;
    at += step;
  }
  if (report.accepted == 1) return;
  calls_.add(
      {.probes = probes.first(report.accepted), .started = report.started, .finished = report.finished, .step = step});
}

ProbeTransport::Sent DirectTransport::connect(const Probe& probe, Instant& sent_at) {
  const auto started = connections_.connect(probe);
  if (started.full || started.refused || started.behind)
    return {.refused = started.refused, .full = started.full, .behind = started.behind};
  sent_at = started.at;
  return {.accepted = 1};
}

void DirectTransport::receive(const ProbeBook& book, std::vector<Event>& events) {
  if (!sent_any_) return;  // nobody can know of our identifiers and ports yet
  std::size_t taken = 0;
  const std::size_t known = events.size();
  echo_.all_noted();
  try {
    for (const Lane lane : io_->heard()) taken += drain(lane, book, events);
  } catch (...) {
    taken_since_look_ = true;
    complete(std::span{events}.subspan(known), book);
    throw;
  }
  complete(std::span{events}.subspan(known), book);
  taken_since_look_ = taken_since_look_ || taken > 0;
  if (taken > 1 && taken >= credit_ / 2) look_for_drops();
  if (connections_.any()) drain_connections(book, events);
  if (connections_.has_news()) connections_.settle(book, events);
  const Serial first = book.window().first;
  if (!udp_.idle()) udp_.forget_below(first, io_->now());
  connections_.forget_below(first);
}

/// With what only the sending of their probes tells.
void DirectTransport::complete(std::span<Event> events, const ProbeBook& book) const noexcept {
  for (Event& event : events) {
    if (event.arrival.stamp) event.rtt = calls_.round_trip(event.serial, *event.arrival.stamp);
    if (event.icmp) event.cut_next_time = will_be_cut(book.probe(event.serial), event);
  }
}

/// The kernel has learned the path's MTU from the same report, and cuts what is larger. IPv6 packets are never cut to
/// less than every path carries. Larger IPv4 packets than that could have been cut on their way already.
bool DirectTransport::will_be_cut(const Probe& probe, const Event& event) const noexcept {
  const ShapeFacts& shape = shapes_[probe.shape];
  const Family family = probe.to->family();
  if (!shape.may_be_cut || !says_too_big(event, family)) return false;
  const std::size_t size = packet_size(family, shape.image.size());
  const bool cut_here = family == Family::ipv4 ? size <= carried_by_ipv4 : size > carried_by_ipv6;
  return cut_here && size > event.icmp->mtu;
}

std::size_t DirectTransport::drain(Lane lane, const ProbeBook& book, std::vector<Event>& events) {
  const Hearing hearing{
      .channel = io_->channel(lane), .book = book, .events = events, .counters = counters_, .lane = lane};
  switch (hearing.channel.carrier) {
    case Carrier::icmp:
      return drain_into(echo_, *io_, lane, hearing);
    case Carrier::udp:
      return drain_into(udp_, *io_, lane, hearing);
    case Carrier::tcp:
    case Carrier::sctp:
      break;
  }
  return drain_into(handshake_, *io_, lane, hearing);
}

void DirectTransport::drain_connections(const ProbeBook& book, std::vector<Event>& events) {
  bool more = true;
  for (int reads = 0; more && reads < most_reads; ++reads)
    take_each(
        io_->connections(more),
        [&](const Connected& connected) { connections_.take(connected, book, events, counters_); },
        [&](std::size_t left) { io_->give_back(PacketIo::Taken::connections, Lane{}, left); });
}

void DirectTransport::forget(Serial serial) noexcept {
  udp_.forget(serial);
  connections_.forget(serial);
}

Counters DirectTransport::counters() noexcept {
  Counters all = counters_;
  all.receive_drops = dropped_.no_room;
  all.bad_checksum += dropped_.damaged;
  return all;
}

void DirectTransport::look_for_drops() noexcept {
  // A buffer that was empty has dropped nothing for want of room, and asking costs a system call.
  if (std::exchange(taken_since_look_, false)) dropped_ = io_->drops();
}

/// Only where no speaker but the one of echo requests has ever been asked.
bool DirectTransport::can_rest() noexcept {
  const auto is_echo = [](const ProbeOptions& shape) { return shape.protocol == Protocol::icmp; };
  return std::ranges::all_of(request_.shapes, is_echo) && io_->can_rest();
}

/// What was found out of routes and of the pace of lanes stays true.
bool DirectTransport::renew(const IoRequest& request, const Secret& secret) {
  if (request != request_ || !io_->renew()) return false;
  codec_ = packet::ProbeCodec{packet::SipKey{secret}};
  echo_.forget_all();
  errors_ = {};
  calls_.forget_all();
  sent_any_ = taken_since_look_ = false;
  counters_ = {};
  dropped_ = {};
  return true;
}

}  // namespace multiping::net
