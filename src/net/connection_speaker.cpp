// Asks by connect(): as many TCP connections at once as this process has descriptors and ports for.
// See connection_speaker.hpp.
#include "net/connection_speaker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/make_room.hpp"

namespace multiping::net {
namespace {

using namespace std::chrono_literals;

/// Where room is wanted, a connection that is older makes way: its SYN was lost, or nobody will answer it soon. Where
/// answers take longer than half of that, they are waited for.
constexpr Duration least_patience = 1s, most_patience = 4s;
/// Ports and buffers may also be held, and given back, by others; of that nobody tells.
constexpr Duration retry_pause = 5ms;
/// The kernel compares the sequence number, 32 bits, and the port, 15.
constexpr std::uint8_t connection_bits = 47;
/// A forger who hits this often, against ever new ports, is not outlasted.
constexpr std::uint8_t most_restarts = 16;

bool is_port_taken(std::error_code error) noexcept {
  return error == std::errc::address_in_use || error == std::errc::address_not_available;
}

bool wants_room(std::error_code error) noexcept {
  return out_of_descriptors(error) || is_port_taken(error) || error == std::errc::resource_unavailable_try_again ||
         error == std::errc::no_buffer_space || error == std::errc::not_enough_memory;
}

/// No two connections to a target can have the same ports at once.
bool has_given_port(const ShapeFacts& shape) noexcept { return shape.source_port != 0 || shape.flow; }

std::uint32_t both_ports(const ShapeFacts& shape) noexcept {
  return static_cast<std::uint32_t>(shape.flow.value_or(shape.source_port)) << 16 | shape.port;
}

}  // namespace

ConnectionSpeaker::ConnectionSpeaker(PacketIo& io, const ShapeTable& shapes, IcmpEvents& errors)
    : io_{io}, shapes_{shapes}, errors_{errors}, patience_{least_patience} {}

ConnectionSpeaker::Started ConnectionSpeaker::connect(const Probe& probe) {
  room_at_ = Instant::max();
  const Instant now = io_.now();
  std::error_code error = start(probe, now, 0);
  if (!error) return {.at = now};
  if (!wants_room(error)) return {.refused = error};
  if (share(probe)) return {.at = now};
  if (is_port_taken(error) && has_given_port(shapes_[probe.shape])) return held_up(probe, error);
  if (displace_one(now)) error = start(probe, now, 0);
  if (!error) return {.at = now};
  if (!wants_room(error) || !any()) return {.refused = error};
  be_full();
  if (!out_of_descriptors(error)) room_at_ = std::min(room_at_, after(now, retry_pause));
  return {.full = true};
}

std::error_code ConnectionSpeaker::start(const Probe& probe, Instant now, std::uint8_t restarts) {
  const auto level = static_cast<std::uint8_t>(std::min<std::size_t>(probe.displaced, levels - 1));
  // All that needs memory comes before the connection, which is not to be lost.
  Latest* const latest = make_room_for(probe);
  waiting_[level].push_back({.serial = probe.serial, .started = now});
  std::error_code error;
  try {
    error = io_.connect({.token = probe.serial, .to = probe.to, .shape = probe.shape});
  } catch (...) {
    waiting_[level].pop_back();
    throw;
  }
  if (error) {
    waiting_[level].pop_back();
    return error;
  }
  *connections_.find(probe.serial) = {.started = now,
                                      .latest = probe.serial,
                                      .target = probe.target,
                                      .level = level,
                                      .restarts = restarts,
                                      .under_way = true};
  ++under_way_;
  if (probe.target != Probe::no_target) by_target_[probe.target] = probe.serial;
  if (latest != nullptr) latest->serial = probe.serial;
  return error;
}

/// For the connection, and for what becomes of it; the place of its ports, where they were given.
ConnectionSpeaker::Latest* ConnectionSpeaker::make_room_for(const Probe& probe) {
  make_room(displaced_, under_way_ + 1);
  make_room(restarts_, under_way_ + 1);
  if (connections_.find(probe.serial) == nullptr) connections_.put(probe.serial, {});
  if (probe.target != Probe::no_target && by_target_.size() <= probe.target)
    by_target_.resize(std::max<std::size_t>(probe.target + std::size_t{1}, by_target_.size() * 2), no_serial);
  const ShapeFacts& shape = shapes_[probe.shape];
  if (!has_given_port(shape)) return nullptr;
  const auto is_under_way = [this](const Latest& latest) {
    const Connection* connection = connections_.find(latest.serial);
    return connection != nullptr && connection->under_way;
  };
  return &latest_of(shape).at(*probe.to, both_ports(shape), is_under_way);
}

/// The target's connection is this probe's, too.
bool ConnectionSpeaker::share(const Probe& probe) noexcept {
  if (probe.target >= by_target_.size()) return false;
  Connection* connection = connections_.find(by_target_[probe.target]);
  if (connection == nullptr || !connection->under_way || connection->target != probe.target) return false;
  connection->latest = probe.serial;
  return true;
}

/// The ports are those of another target's connection, which shall not suffer for it; or of something that is not of
/// this object, and may hold them for ever.
ConnectionSpeaker::Started ConnectionSpeaker::held_up(const Probe& probe, std::error_code error) noexcept {
  const ShapeFacts& shape = shapes_[probe.shape];
  const Latest* holder = latest_of(shape).find(*probe.to, both_ports(shape));
  const Connection* connection = holder == nullptr ? nullptr : connections_.find(holder->serial);
  if (connection == nullptr || !connection->under_way) return {.refused = error};
  return {.behind = holder->serial};
}

Instant ConnectionSpeaker::makes_way_at(const RareQueue<Waiting>& line) const noexcept {
  return after(line.front().started, patience(static_cast<std::size_t>(&line - waiting_.data())));
}

/// The line whose first connection makes way before all others; null where none is under way.
RareQueue<ConnectionSpeaker::Waiting>* ConnectionSpeaker::first_to_go() noexcept {
  RareQueue<Waiting>* first = nullptr;
  for (auto& line : waiting_) {
    const auto is_over = [this](const Waiting& waiting) {
      const Connection* connection = connections_.find(waiting.serial);
      return connection == nullptr || !connection->under_way || connection->started != waiting.started;
    };
    while (!line.empty() && is_over(line.front())) line.pop_front();
    if (!line.empty() && (first == nullptr || makes_way_at(line) < makes_way_at(*first))) first = &line;
  }
  return first;
}

/// One at a time, as many in the time of their patience as there are: then the answers to the others may teach more of
/// it.
bool ConnectionSpeaker::displace_one(Instant now) {
  const auto* line = first_to_go();
  if (line == nullptr || now < std::max(makes_way_at(*line), next_displacing_)) return false;
  next_displacing_ = after(now, patience_ / static_cast<std::int64_t>(under_way_));
  const Serial serial = line->front().serial;
  const auto ended = end(serial);
  io_.abandon(serial);
  displaced_.push_back({.serial = ended->latest, .at = now});
  return true;
}

void ConnectionSpeaker::be_full() noexcept {
  if (const auto* line = first_to_go()) room_at_ = std::max(makes_way_at(*line), next_displacing_);
}

void ConnectionSpeaker::free_descriptor() noexcept {
  const Instant now = io_.now();
  be_full();
  if (displace_one(now)) room_at_ = now;
}

std::optional<ConnectionSpeaker::Connection> ConnectionSpeaker::end(Serial serial) noexcept {
  Connection* connection = connections_.find(serial);
  if (connection == nullptr || !connection->under_way) return std::nullopt;
  --under_way_;
  const Connection ended = *connection;
  connection->under_way = false;
  return ended;
}

/// No event tells of it.
void ConnectionSpeaker::became_roomy() noexcept {
  if (room_at_ != Instant::max()) room_at_ = std::min(room_at_, io_.now());
}

void ConnectionSpeaker::begin_anew(Serial serial, std::uint8_t restarts) {
  restarts_.push_back({.serial = serial, .restarts = restarts});
}

/// The ICMP error that ended the connection of a probe of the window.
std::optional<Event> ConnectionSpeaker::reported(const Connected& connected, const ProbeBook& book) {
  if (!connected.report || !in_window(book, connected.token)) return std::nullopt;
  const Probe probe = book.probe(connected.token);
  const IcmpReport report = report_of(*connected.report, {.family = probe.to->family(), .carrier = Carrier::tcp});
  if (!report.tells_a_fate()) return std::nullopt;
  Event event = errors_.event(probe, Carrier::tcp, report, connection_bits);
  event.final = true;
  return event;
}

void ConnectionSpeaker::take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events,
                             Counters& counters) {
  const Connection* known = connections_.find(connected.token);
  if (known == nullptr || !known->under_way) return;
  // What needs memory comes before anything changes.
  make_room(events, 1);
  std::optional<Event> error = reported(connected, book);
  const auto ended = end(connected.token);
  if (connected.error == std::errc::connection_reset) {
    ++counters.unauthenticated;
    if (ended->restarts < most_restarts) begin_anew(ended->latest, static_cast<std::uint8_t>(ended->restarts + 1));
    return became_roomy();
  }
  const bool answered = !connected.error || connected.error == std::errc::connection_refused;
  if (!in_window(book, connected.token)) {
    counters.late += answered ? 1U : 0U;
    return became_roomy();
  }
  const Address& target = *book.probe(connected.token).to;
  const bool is_shared = ended->latest != connected.token;
  if (error) {
    if (is_shared && error->kind != Event::Kind::refused) begin_anew(ended->latest, 0);
    return events.push_back(*std::move(error));
  }
  if (connected.error == std::errc::timed_out) {
    // The kernel repeats a SYN as often as net.ipv4.tcp_syn_retries says, whatever time there is.
    displaced_.push_back({.serial = ended->latest, .at = connected.arrival.read});
    return became_roomy();
  }
  if (!answered && is_shared) begin_anew(ended->latest, 0);
  Event event{.serial = connected.token, .final = true, .arrival = connected.arrival};
  if (answered) {
    event.kind = connected.error ? Event::Kind::refused : Event::Kind::reply;
    event.responder = target;
    event.rtt = connected.rtt;
    event.auth_bits = connection_bits;
    if (connected.rtt) patience_ = std::clamp(2 * *connected.rtt, patience_, most_patience);
  } else {
    event.kind = Event::Kind::failed;
    event.error = connected.error;
  }
  events.push_back(std::move(event));
}

void ConnectionSpeaker::settle(const ProbeBook& book, std::vector<Event>& events) {
  const Instant now = io_.now();
  make_room(displaced_, restarts_.size() + under_way_);
  make_room(events, restarts_.size() + displaced_.size());
  while (!restarts_.empty()) {
    const Restart restart = restarts_.front();
    const bool waits = in_window(book, restart.serial);
    const std::error_code error = waits ? start(book.probe(restart.serial), now, restart.restarts) : std::error_code{};
    restarts_.erase(restarts_.begin());
    if (!error) continue;
    if (wants_room(error)) {
      displaced_.push_back({.serial = restart.serial, .at = now});
    } else {
      events.push_back({.serial = restart.serial,
                        .kind = Event::Kind::failed,
                        .final = true,
                        .arrival = {.read = now},
                        .error = error});
    }
  }
  for (const Displaced& displaced : displaced_)
    if (in_window(book, displaced.serial))
      events.push_back({.serial = displaced.serial,
                        .kind = Event::Kind::displaced,
                        .final = true,
                        .arrival = {.read = displaced.at}});
  displaced_.clear();
}

void ConnectionSpeaker::forget(Serial serial) noexcept {
  std::erase_if(restarts_, [serial](const Restart& restart) { return restart.serial == serial; });
  if (!end(serial)) return;
  io_.abandon(serial);
  became_roomy();
}

void ConnectionSpeaker::forget_below(Serial first) noexcept {
  while (!connections_.empty() && (connections_.first() < first || !connections_.front().under_way)) {
    forget(connections_.first());
    connections_.pop_front();
  }
}

}  // namespace multiping::net
