// An entry ages when somebody looks at it: each step follows from the times of the one before.
// See simulated_neighbours.hpp.
#include "sim/simulated_neighbours.hpp"

#include <algorithm>
#include <chrono>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using State = net::Neighbour::State;

constexpr Duration reachable_time = 30s, before_first_probe = 5s, between_questions = 1s;
constexpr Duration call_time = 1ms;
constexpr int questions = 3;
constexpr std::uint32_t only_device = 2;

}  // namespace

SimulatedNeighbours::SimulatedNeighbours(const SimulatedHost& host, const Instant& now, HostLog& log)
    : now_{now}, start_{host.start}, log_{log} {
  for (const SimulatedHost::Gateway& gateway : host.gateways) {
    blocks_.add(gateway.block, entries_.size());
    const Instant confirmed = start_ - gateway.confirmed_before;
    entries_.push_back({.gateway = gateway,
                        .state = gateway.state,
                        .confirmed = confirmed,
                        .changed = confirmed,
                        .asked_until = start_});
  }
}

SimulatedNeighbours::Entry* SimulatedNeighbours::entry_of(const Address& to) {
  const auto found = blocks_.find(to);
  return found ? &entries_[*found] : nullptr;
}

bool SimulatedNeighbours::is_there(const Entry& entry, Instant at) const {
  return std::ranges::none_of(entry.gateway.gone, [&](const SimulatedHost::Absence& absence) {
    return at >= start_ + absence.from && at < start_ + absence.until;
  });
}

/// When the gateway answers one of the questions that are asked from then on, one each second.
std::optional<Instant> SimulatedNeighbours::answers(const Entry& entry, Instant from, Instant until) const {
  for (Instant at = from; at < until; at += between_questions)
    if (is_there(entry, at)) return at;
  return std::nullopt;
}

void SimulatedNeighbours::change(Entry& entry, State state, Instant at) const {
  entry.state = state;
  entry.changed = at;
  if (state == State::reachable) entry.confirmed = at;
  if (state == State::incomplete || state == State::probe) entry.asked_until = at + questions * between_questions;
  entry.used = false;
}

/// Brings the entry to its next state, if that has begun.
bool SimulatedNeighbours::step(Entry& entry) const {
  switch (*entry.state) {
    case State::incomplete:
    case State::probe: {
      const auto answered = answers(entry, entry.changed, std::min(entry.asked_until, now_ + Duration{1}));
      if (answered) return change(entry, State::reachable, *answered), true;
      if (now_ < entry.asked_until) return false;
      return change(entry, State::failed, entry.asked_until), true;
    }
    case State::reachable: {
      const Instant end = entry.confirmed + reachable_time;
      if (now_ < end) return false;
      return change(entry, entry.used ? State::delay : State::stale, end), true;
    }
    case State::delay:
      if (now_ < entry.changed + before_first_probe) return false;
      return change(entry, State::probe, entry.changed + before_first_probe), true;
    case State::failed:
    case State::stale:
    case State::fixed:
      break;
  }
  return false;
}

void SimulatedNeighbours::age(Entry& entry) const {
  while (entry.state && step(entry)) {
  }
}

/// How long a packet waits for this next hop; none: it is lost there.
std::optional<Duration> SimulatedNeighbours::pass(Entry& entry) const {
  age(entry);
  if (!entry.state || entry.state == State::failed) change(entry, State::incomplete, now_);
  age(entry);
  if (entry.state == State::stale) change(entry, State::delay, now_);
  std::optional<Duration> wait;
  if (entry.state == State::incomplete) {
    const auto answered = answers(entry, entry.changed, entry.asked_until);
    if (answered) wait = *answered - now_;
  } else if (is_there(entry, now_)) {
    wait = Duration{};
  }
  entry.used = true;
  return wait;
}

std::optional<Duration> SimulatedNeighbours::leave(const Address& to) {
  Entry* const entry = entry_of(to);
  if (entry == nullptr) return Duration{};
  const std::optional<Duration> wait = pass(*entry);
  HostLog::Passage& passage = log_.passages[to];
  wait ? passage.passed.push_back(now_ + *wait) : void(++passage.lost);
  return wait;
}

std::optional<std::vector<net::RouteEntry>> SimulatedNeighbours::routes(Family) {
  ++log_.questions;
  std::vector<net::RouteEntry> routes;
  for (const Entry& entry : entries_) {
    const auto slash = entry.gateway.block.find('/');
    routes.push_back({.to = *Address::parse(entry.gateway.block.substr(0, slash)),
                      .length = static_cast<std::uint8_t>(std::stoi(entry.gateway.block.substr(slash + 1))),
                      .gateway = entry.gateway.address,
                      .device = only_device});
  }
  return routes;
}

std::optional<net::WayOut> SimulatedNeighbours::way_out(const Address& to, const ProbeOptions&) {
  ++log_.questions;
  const Entry* const entry = entry_of(to);
  return net::WayOut{.gateway = entry != nullptr ? entry->gateway.address : Address{},
                     .source = *Address::parse("10.255.255.1"),
                     .device = only_device};
}

SimulatedNeighbours::Entry* SimulatedNeighbours::entry_at(const Address& gateway) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.gateway.address == gateway; });
  return found != entries_.end() ? &*found : nullptr;
}

std::optional<net::Neighbour> SimulatedNeighbours::neighbour(const Address& address, std::uint32_t device) {
  ++log_.questions;
  Entry* const entry = entry_at(address);
  if (entry == nullptr) return std::nullopt;
  age(*entry);
  if (!entry->state) return std::nullopt;
  return net::Neighbour{.address = address,
                        .device = device,
                        .state = *entry->state,
                        .unconfirmed = now_ - entry->confirmed,
                        .unchanged = now_ - entry->changed};
}

void SimulatedNeighbours::call(const Address& next_hop, std::uint32_t, const Address&, const ProbeOptions&) {
  ++log_.calls;
  Entry* const entry = entry_at(next_hop);
  if (entry == nullptr) return;
  const std::optional<Duration> wait = pass(*entry);
  entry->call = Entry::Call{.made = now_};
  if (wait && !entry->gateway.mute) entry->call->answered = now_ + *wait + call_time;
}

std::optional<Instant> SimulatedNeighbours::answered_call(const Address& next_hop, std::uint32_t) {
  const Entry* const entry = entry_at(next_hop);
  if (entry == nullptr || !entry->call || entry->call->answered > now_) return std::nullopt;
  return entry->call->made;
}

std::vector<net::Neighbour> SimulatedNeighbours::neighbours(Family, std::uint32_t device) {
  std::vector<net::Neighbour> all;
  for (const Entry& entry : entries_)
    if (auto found = neighbour(entry.gateway.address, device)) all.push_back(*found);
  return all;
}

std::optional<net::Link> SimulatedNeighbours::link(std::uint32_t) {
  ++log_.questions;
  return net::Link{.up = true, .carrier = true};
}

std::uint32_t SimulatedNeighbours::device(const std::string&) { return only_device; }

}  // namespace multiping::test
