// Asks by connect(): as many TCP connections at once as this process has descriptors and ports for.
// See connection_speaker.hpp.
#include "net/connection_speaker.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace multiping::net {
namespace {

using namespace std::chrono_literals;

/// Where room is wanted, a connection that is older makes way: its SYN was lost, or nobody will answer it soon.
constexpr Duration patience = 1s;
/// Ports and buffers may also be held, and given back, by others; of that nobody tells.
constexpr Duration retry_pause = 5ms;
/// The kernel compares the sequence number, 32 bits, and the port, 15.
constexpr std::uint8_t connection_bits = 47;

bool wants_room(std::error_code error) noexcept {
  return out_of_descriptors(error) || error == std::errc::address_not_available || error == std::errc::address_in_use ||
         error == std::errc::resource_unavailable_try_again || error == std::errc::no_buffer_space;
}

/// No two connections to a target can have the same ports at once.
bool has_given_port(const ShapeFacts& shape) noexcept { return shape.source_port != 0 || shape.flow; }

/// By something that is not of this object, and may hold it for ever.
bool is_port_of_flow_taken(std::error_code error, const ShapeFacts& shape) noexcept {
  return shape.flow && (error == std::errc::address_in_use || error == std::errc::address_not_available);
}

std::uint32_t both_ports(const ShapeFacts& shape) noexcept {
  return static_cast<std::uint32_t>(shape.flow.value_or(shape.source_port)) << 16 | shape.port;
}

}  // namespace

ConnectionSpeaker::Started ConnectionSpeaker::connect(const Probe& probe) {
  room_at_ = Instant::max();
  make_way_for(probe);
  const Instant now = io_.now();
  std::error_code error = start(probe);
  if (is_port_of_flow_taken(error, shapes_[probe.shape])) return {.at = now, .refused = error};
  if (wants_room(error) && give_up_oldest(now)) error = start(probe);
  if (!error) {
    connections_.put(probe.serial, {.started = now, .under_way = true});
    ++under_way_;
    return {.at = now};
  }
  if (!wants_room(error) || !any()) return {.at = now, .refused = error};
  be_full();
  if (!out_of_descriptors(error)) room_at_ = std::min(room_at_, after(now, retry_pause));
  return {.at = now, .full = true};
}

void ConnectionSpeaker::make_way_for(const Probe& probe) noexcept {
  const ShapeFacts& shape = shapes_[probe.shape];
  if (!has_given_port(shape)) return;
  const Latest* earlier = latest_of(shape).find(*probe.to, both_ports(shape));
  if (earlier != nullptr && end(earlier->serial)) io_.abandon(earlier->serial);
}

std::error_code ConnectionSpeaker::start(const Probe& probe) {
  const std::error_code error = io_.connect({.token = probe.serial, .to = probe.to, .shape = probe.shape});
  const ShapeFacts& shape = shapes_[probe.shape];
  if (error || !has_given_port(shape)) return error;
  const auto is_under_way = [this](const Latest& latest) {
    const Connection* connection = connections_.find(latest.serial);
    return connection != nullptr && connection->under_way;
  };
  latest_of(shape).at(*probe.to, both_ports(shape), is_under_way).serial = probe.serial;
  return error;
}

bool ConnectionSpeaker::give_up_oldest(Instant now) noexcept {
  trim();
  if (!any() || now < after(connections_.front().started, patience)) return false;
  const Serial oldest = connections_.first();
  end(oldest);
  io_.abandon(oldest);
  return true;
}

void ConnectionSpeaker::be_full() noexcept {
  trim();
  if (any()) room_at_ = after(connections_.front().started, patience);
}

void ConnectionSpeaker::free_descriptor() noexcept {
  const Instant now = io_.now();
  be_full();
  if (give_up_oldest(now)) room_at_ = now;
}

bool ConnectionSpeaker::end(Serial serial) noexcept {
  Connection* connection = connections_.find(serial);
  if (connection == nullptr || !std::exchange(connection->under_way, false)) return false;
  --under_way_;
  return true;
}

/// What is over leaves the front.
void ConnectionSpeaker::trim() noexcept {
  while (!connections_.empty() && !connections_.front().under_way) connections_.pop_front();
}

/// No event tells of it.
void ConnectionSpeaker::became_roomy() noexcept {
  if (room_at_ != Instant::max()) room_at_ = std::min(room_at_, io_.now());
}

void ConnectionSpeaker::take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events,
                             Counters& counters) {
  if (!end(connected.token)) return;
  const bool answered = !connected.error || connected.error == std::errc::connection_refused;
  if (!in_window(book, connected.token)) {
    counters.late += answered ? 1U : 0U;
    return became_roomy();
  }
  const Address& target = *book.probe(connected.token).to;
  if (connected.report) {
    const IcmpReport report = report_of(*connected.report, {.family = target.family(), .carrier = Carrier::tcp});
    if (report.tells_a_fate()) {
      events.push_back(errors_.event(connected.token, report, connection_bits));
      events.back().final = true;
      return;
    }
  }
  if (connected.error == std::errc::timed_out) return became_roomy();
  Event event{.serial = connected.token, .final = true, .arrival = connected.arrival};
  if (answered) {
    event.kind = connected.error ? Event::Kind::refused : Event::Kind::reply;
    event.responder = target;
    event.rtt = connected.rtt;
    event.auth_bits = connection_bits;
  } else {
    event.kind = Event::Kind::failed;
    event.error = connected.error;
  }
  events.push_back(std::move(event));
}

void ConnectionSpeaker::forget(Serial serial) noexcept {
  if (!end(serial)) return;
  io_.abandon(serial);
  became_roomy();
}

void ConnectionSpeaker::forget_below(Serial first) noexcept {
  for (; !connections_.empty() && connections_.first() < first; connections_.pop_front()) forget(connections_.first());
  trim();
}

}  // namespace multiping::net
