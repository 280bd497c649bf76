// Starts, displaces and restarts connections, and allocates before each step that must not fail.
// See tcp_connect_protocol.hpp.
#include "net/tcp_connect_protocol.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/reserve_more.hpp"

namespace multiping::net {
namespace {

using namespace std::chrono_literals;

/// When room is needed, a connection that is older than the patience is displaced: its SYN was lost, or no answer will
/// come soon. The patience grows to twice the longest RTT, up to `most_patience`.
constexpr Duration least_patience = 1s, most_patience = 4s;
/// Other processes hold ports and buffers too. No event tells when they free them, so the caller tries again after this
/// pause.
constexpr Duration retry_pause = 5ms;
/// The kernel compares 32 bits of sequence number and 15 bits of port.
constexpr std::uint8_t connection_bits = 47;
/// One bit less: in an ICMP error the kernel accepts two sequence numbers, that of the SYN and the next.
constexpr std::uint8_t connection_error_bits = 46;
/// After so many restarts that followed forged packets at once, each further restart waits, for twice as long as the
/// one before and at most `longest_restart_pause`: a flood costs little, and a host that lives is found when its SYN
/// gets through.
constexpr std::uint8_t quick_restarts = 16;
constexpr Duration first_restart_pause = 1ms, longest_restart_pause = 32ms;

Duration restart_pause(std::uint8_t restarts) noexcept {
  if (restarts <= quick_restarts) return {};
  constexpr int enough_doublings = 5;
  const int doublings = std::min(restarts - quick_restarts - 1, enough_doublings);
  return std::min(first_restart_pause * (1 << doublings), longest_restart_pause);
}

bool is_port_taken(std::error_code error) noexcept {
  return error == std::errc::address_in_use || error == std::errc::address_not_available;
}

bool wants_room(std::error_code error) noexcept {
  return out_of_descriptors(error) || is_port_taken(error) || error == std::errc::resource_unavailable_try_again ||
         error == std::errc::no_buffer_space || error == std::errc::not_enough_memory;
}

/// True when the profile fixes the source port. Two connections to one target cannot have the same ports at once.
bool has_given_port(const ProfileFacts& profile) noexcept { return profile.source_port != 0 || profile.flow; }

std::uint32_t both_ports(const ProfileFacts& profile) noexcept {
  return static_cast<std::uint32_t>(profile.flow.value_or(profile.source_port)) << 16 | profile.port;
}

}  // namespace

TcpConnectProtocol::TcpConnectProtocol(PacketIo& io, const ProfileTable& profiles, IcmpEvents& errors)
    : io_{io}, profiles_{profiles}, errors_{errors}, patience_{least_patience} {}

TcpConnectProtocol::Started TcpConnectProtocol::connect(const Probe& probe) {
  room_at_ = Instant::max();
  const Instant now = io_.now();
  std::error_code error = start(probe, now, 0);
  if (!error) return {.at = now};
  if (!wants_room(error)) return {.refused = error};
  if (share(probe)) return {.at = now};
  if (is_port_taken(error) && has_given_port(profiles_[probe.profile])) return held_up(probe, error);
  if (displace_one(now)) error = start(probe, now, 0);
  if (!error) return {.at = now};
  if (!wants_room(error) || !any()) return {.refused = error};
  be_full();
  if (!out_of_descriptors(error)) room_at_ = std::min(room_at_, after(now, retry_pause));
  return {.full = true};
}

std::error_code TcpConnectProtocol::start(const Probe& probe, Instant now, std::uint8_t restarts) {
  const auto level = static_cast<std::uint8_t>(std::min<std::size_t>(probe.displaced, levels - 1));
  // Everything that allocates comes before connect(), so that no connection is lost for lack of memory.
  Latest* const latest = make_room_for(probe);
  waiting_[level].push_back({.serial = probe.serial, .started = now});
  std::error_code error;
  try {
    error = io_.connect({.token = probe.serial, .to = probe.to, .profile = probe.profile, .ttl = probe.packet.ttl});
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

/// Reserves memory for the connection and its outcome. Returns the entry of its ports; null when no port is given.
TcpConnectProtocol::Latest* TcpConnectProtocol::make_room_for(const Probe& probe) {
  reserve_more(displaced_, under_way_ + 1);
  reserve_more(restarts_, under_way_ + 1);
  if (connections_.find(probe.serial) == nullptr) connections_.put(probe.serial, {});
  if (probe.target != Probe::no_target && by_target_.size() <= probe.target)
    by_target_.resize(std::max<std::size_t>(probe.target + std::size_t{1}, by_target_.size() * 2), no_serial);
  const ProfileFacts& profile = profiles_[probe.profile];
  if (!has_given_port(profile)) return nullptr;
  const auto is_under_way = [this](const Latest& latest) {
    const Connection* connection = connections_.find(latest.serial);
    return connection != nullptr && connection->under_way;
  };
  return &latest_of(profile).at(*probe.to, both_ports(profile), is_under_way);
}

/// Lets the probe share the connection of its target; false when none is under way.
bool TcpConnectProtocol::share(const Probe& probe) noexcept {
  if (probe.target >= by_target_.size()) return false;
  Connection* connection = connections_.find(by_target_[probe.target]);
  if (connection == nullptr || !connection->under_way || connection->target != probe.target) return false;
  connection->latest = probe.serial;
  return true;
}

/// Handles a probe whose ports are taken. When the connection of another target holds them, the probe waits for its
/// end, and does not displace it. When a socket outside this object holds them, perhaps for ever, the probe is refused.
TcpConnectProtocol::Started TcpConnectProtocol::held_up(const Probe& probe, std::error_code error) noexcept {
  const ProfileFacts& profile = profiles_[probe.profile];
  const Latest* holder = latest_of(profile).find(*probe.to, both_ports(profile));
  const Connection* connection = holder == nullptr ? nullptr : connections_.find(holder->serial);
  if (connection == nullptr || !connection->under_way) return {.refused = error};
  return {.behind = holder->serial};
}

Instant TcpConnectProtocol::makes_way_at(const QueueAllocatedOnUse<Waiting>& line) const noexcept {
  return after(line.front().started, patience(static_cast<std::size_t>(&line - waiting_.data())));
}

/// Returns the line whose first connection may be displaced before all others; null when none is under way.
QueueAllocatedOnUse<TcpConnectProtocol::Waiting>* TcpConnectProtocol::first_to_go() noexcept {
  QueueAllocatedOnUse<Waiting>* first = nullptr;
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

/// Displaces one connection, if one is older than its patience. Displacements are spread evenly: within one patience,
/// at most as many connections are displaced as are under way. Answers that come meanwhile may lengthen the patience.
bool TcpConnectProtocol::displace_one(Instant now) {
  const auto* line = first_to_go();
  if (line == nullptr || now < std::max(makes_way_at(*line), next_displacing_)) return false;
  next_displacing_ = after(now, patience_ / static_cast<std::int64_t>(under_way_));
  const Serial serial = line->front().serial;
  const auto ended = end(serial);
  io_.abandon(serial);
  displaced_.push_back({.serial = ended->latest, .at = now});
  return true;
}

void TcpConnectProtocol::be_full() noexcept {
  if (const auto* line = first_to_go()) room_at_ = std::max(makes_way_at(*line), next_displacing_);
}

void TcpConnectProtocol::free_descriptor() noexcept {
  const Instant now = io_.now();
  be_full();
  if (displace_one(now)) room_at_ = now;
}

std::optional<TcpConnectProtocol::Connection> TcpConnectProtocol::end(Serial serial) noexcept {
  Connection* connection = connections_.find(serial);
  if (connection == nullptr || !connection->under_way) return std::nullopt;
  --under_way_;
  const Connection ended = *connection;
  connection->under_way = false;
  return ended;
}

/// Moves room_at() to now: no event tells the caller that there is room.
void TcpConnectProtocol::became_roomy() noexcept {
  if (room_at_ != Instant::max()) room_at_ = std::min(room_at_, io_.now());
}

void TcpConnectProtocol::begin_anew(Serial serial, std::uint8_t restarts) {
  restarts_.push_back({.serial = serial, .restarts = restarts, .at = after(io_.now(), restart_pause(restarts))});
}

Instant TcpConnectProtocol::next_settling() const noexcept {
  if (!displaced_.empty()) return Instant::min();
  Instant next = Instant::max();
  for (const Restart& restart : restarts_) next = std::min(next, restart.at);
  return next;
}

/// Makes an event of the ICMP error that ended the connection of a probe of the window.
std::optional<Event> TcpConnectProtocol::reported(const Connected& connected, const ProbeBook& book) {
  if (!connected.report || !in_window(book, connected.token)) return std::nullopt;
  const Probe probe = book.probe(connected.token);
  const IcmpErrorReport report =
      report_of(*connected.report, {.family = probe.to->family(), .protocol = Protocol::tcp});
  if (!report.tells_a_fate()) return std::nullopt;
  Event event = errors_.event(probe, Protocol::tcp, report, connection_error_bits);
  event.final = true;
  return event;
}

void TcpConnectProtocol::take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events,
                              Counters& counters) {
  const Connection* known = connections_.find(connected.token);
  if (known == nullptr || !known->under_way) return;
  // Memory is allocated before anything changes.
  reserve_more(events, 1);
  std::optional<Event> error = reported(connected, book);
  const auto ended = end(connected.token);
  if (connected.error == std::errc::connection_reset) {
    ++counters.unauthenticated;
    constexpr std::uint8_t most = std::numeric_limits<std::uint8_t>::max();
    begin_anew(ended->latest, static_cast<std::uint8_t>(ended->restarts + (ended->restarts < most ? 1 : 0)));
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
    // The kernel repeats the SYN net.ipv4.tcp_syn_retries times, even when the probe's timeout is longer than that.
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

void TcpConnectProtocol::settle(const ProbeBook& book, std::vector<Event>& events) {
  const Instant now = io_.now();
  reserve_more(displaced_, restarts_.size() + under_way_);
  reserve_more(events, restarts_.size() + displaced_.size());
  for (std::size_t i = 0; i < restarts_.size();) {
    const Restart restart = restarts_[i];
    const bool is_awaited = in_window(book, restart.serial);
    if (is_awaited && restart.at > now) {
      ++i;
      continue;
    }
    if (is_awaited) restart_now(restart, book, events, now);
    restarts_[i] = restarts_.back();
    restarts_.pop_back();
  }
  for (const Displaced& displaced : displaced_)
    if (in_window(book, displaced.serial))
      events.push_back({.serial = displaced.serial,
                        .kind = Event::Kind::displaced,
                        .final = true,
                        .arrival = {.read = displaced.at}});
  displaced_.clear();
}

void TcpConnectProtocol::restart_now(const Restart& restart, const ProbeBook& book, std::vector<Event>& events,
                                     Instant now) {
  const std::error_code error = start(book.probe(restart.serial), now, restart.restarts);
  if (!error) return;
  if (wants_room(error)) return displaced_.push_back({.serial = restart.serial, .at = now});
  events.push_back(
      {.serial = restart.serial, .kind = Event::Kind::failed, .final = true, .arrival = {.read = now}, .error = error});
}

void TcpConnectProtocol::forget(Serial serial) noexcept {
  std::erase_if(restarts_, [serial](const Restart& restart) { return restart.serial == serial; });
  if (!end(serial)) return;
  io_.abandon(serial);
  became_roomy();
}

void TcpConnectProtocol::forget_below(Serial first) noexcept {
  while (!connections_.empty() && (connections_.first() < first || !connections_.front().under_way)) {
    if (connections_.first() < first) forget(connections_.first());
    connections_.pop_front();
  }
}

}  // namespace multiping::net
