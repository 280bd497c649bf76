// Each probe has one number, its turn, which is its id and its place in the order of all routes' waiting probes.
// See trace_schedule.hpp; trace_schedule_answers.cpp has what answers say.
#include "engine/trace_schedule.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace multiping::engine {
namespace {

using State = HopProbe::State;

/// A probe is still sent while at least 15/16 of its timeout is left.
constexpr int lateness = 16;
/// A probe without an answer after this many times the slowest RTT gives its place in the window to others.
constexpr int patient_for = 4;

constexpr unsigned number_bits = 8, ttl_bits = 8, route_bits = 32;

/// The most that one call of due() does; each of these takes some milliseconds.
constexpr std::size_t most_asks = 512, most_expired = 2048, most_started = 256;

/// The first attempt of the first probe of a hop.
bool is_first(RouterWindows::Turn turn) noexcept { return turn >> (route_bits + ttl_bits) == 0; }

}  // namespace

RouterWindows::Turn TraceSchedule::pack(const Turn& turn) noexcept {
  RouterWindows::Turn packed = std::min<std::uint32_t>(turn.attempts, std::numeric_limits<std::uint16_t>::max());
  packed = (packed << number_bits) | static_cast<unsigned>(turn.number);
  packed = (packed << ttl_bits) | static_cast<unsigned>(turn.ttl);
  return (packed << route_bits) | turn.route;
}

TraceSchedule::Turn TraceSchedule::unpack(RouterWindows::Turn packed) noexcept {
  return {.route = static_cast<std::uint32_t>(packed),
          .ttl = static_cast<std::uint8_t>(packed >> route_bits),
          .number = static_cast<std::uint8_t>(packed >> (route_bits + ttl_bits)),
          .attempts = static_cast<std::uint32_t>(packed >> (route_bits + ttl_bits + number_bits))};
}

std::size_t TraceSchedule::place(int ttl, int number) const noexcept {
  const auto hop = static_cast<std::size_t>(ttl - rules_.first_ttl);
  return hop * static_cast<std::size_t>(rules_.probes_per_hop) + static_cast<std::size_t>(number);
}

HopProbe& TraceSchedule::probe_of(const Turn& turn) noexcept {
  return routes_[turn.route].probes[place(turn.ttl, turn.number)];
}

RouterWindows::Turn TraceSchedule::turn_of(std::uint32_t route, int ttl, int number) const noexcept {
  return pack({.route = route, .ttl = ttl, .number = number, .attempts = probe(route, ttl, number).attempts});
}

TraceSchedule::TraceSchedule(const TraceRules& rules, std::span<const TraceRequest> requests, Instant now)
    : rules_{rules} {
  routes_.resize(requests.size());
  for (std::uint32_t i = 0; i < requests.size(); ++i) {
    Route& route = routes_[i];
    route.request = requests[i];
    route.one_by_one = requests[i].one_by_one;
    route.asked_to = route.highest = rules.first_ttl - 1;
    route.until = after(now, requests[i].budget);
    const Duration latest = std::max(requests[i].budget - (rules.timeout - rules.timeout / lateness), Duration{});
    route.first_closing = after(now, latest);
    closings_.emplace_back(route.until, i);
    end_ = std::max(end_, route.until);
    unstarted_[requests[i].target.family() == Family::ipv4 ? 0 : 1].push_back(i);
    ++open_;
  }
  std::sort(closings_.rbegin(), closings_.rend());
  for (auto& family : unstarted_) std::reverse(family.begin(), family.end());
  start_some();
}

/// Starts the next routes of each family: if no probe of one family leaves, probes of the other may.
void TraceSchedule::start_some() {
  for (auto& family : unstarted_)
    for (std::size_t count = 0; count < most_started && !family.empty(); ++count) {
      const std::uint32_t route = family.back();
      family.pop_back();
      if (std::exchange(routes_[route].started, true)) continue;
      extend(route);
    }
}

/// More routes start when a window has idle room, or when no hop's first probe is ready: first probes of all routes
/// come before second ones. Otherwise the new probes would only wait.
bool TraceSchedule::wants_more_routes() const noexcept {
  if (unstarted_[0].empty() && unstarted_[1].empty()) return false;
  return windows_.has_idle_room() || (windows_.any_ready() && !is_first(windows_.next()));
}

/// The TTL of the last hop that may be needed, by what is known so far.
int TraceSchedule::horizon(const Route& route) const noexcept {
  if (route.end != 0) return route.end;
  if (rules_.max_silent_hops == 0) return rules_.max_ttl;
  return static_cast<int>(std::min<std::int64_t>(rules_.max_ttl, std::int64_t{route.highest} + rules_.max_silent_hops));
}

void TraceSchedule::extend(std::uint32_t route) {
  Route& extended = routes_[route];
  const int from = extended.asked_to + 1, to = horizon(extended);
  if (to < from) return;
  extended.asked_to = to;
  extended.probes.resize(place(to + 1, 0));
  extended.responders.resize(static_cast<std::size_t>(to + 1 - rules_.first_ttl));
  for (int ttl = from; ttl <= to; ++ttl)
    for (int number = 0; number < rules_.probes_per_hop; ++number) {
      ++extended.unsettled;
      want(route, turn_of(route, ttl, number));
    }
  continue_one_by_one(route);
}

void TraceSchedule::want(std::uint32_t route, RouterWindows::Turn turn) {
  HopProbe& probe = probe_of(unpack(turn));
  if (is_idle(unpack(turn))) {
    probe.state = State::held;
    ++routes_[route].held;
    return;
  }
  probe.state = State::waiting;
  routes_[route].one_by_one ? static_cast<void>(routes_[route].backlog.insert(turn)) : line_up(turn);
}

/// Beyond a router that said unreachable, each hop gets one probe first. True for the further probes, which can wait.
bool TraceSchedule::is_idle(const Turn& turn) const noexcept {
  const int refused = routes_[turn.route].refused;
  return refused != 0 && turn.ttl > refused && (turn.number > 0 || turn.attempts > 0);
}

void TraceSchedule::line_up(RouterWindows::Turn turn) {
  const Turn which = unpack(turn);
  HopProbe& probe = probe_of(which);
  probe.line = line_of(which.route, which.ttl);
  probe.in_line = true;
  ++routes_[which.route].in_line;
  windows_.wait(probe.line, turn);
}

void TraceSchedule::unline(RouterWindows::Turn turn) {
  const Turn which = unpack(turn);
  HopProbe& probe = probe_of(which);
  routes_[which.route].backlog.erase(turn);
  if (!probe.in_line) return;
  probe.in_line = false;
  --routes_[which.route].in_line;
  windows_.leave(probe.line, turn);
}

void TraceSchedule::continue_one_by_one(std::uint32_t route) {
  Route& careful = routes_[route];
  if (careful.backlog.empty() || careful.under_way > 0 || careful.in_line > 0) return;
  const RouterWindows::Turn turn = *careful.backlog.begin();
  careful.backlog.erase(careful.backlog.begin());
  line_up(turn);
}

/// The line for probes of a hop that has not answered yet.
RouterWindows::Line TraceSchedule::predicted_line(std::uint32_t route, int ttl) {
  const Route& asked = routes_[route];
  if (ttl > rules_.first_ttl) {
    const Address& before = asked.responders[static_cast<std::size_t>(ttl - 1 - rules_.first_ttl)];
    if (before) return windows_.behind(before, ttl);
  }
  return windows_.at_distance(asked.request.target.family(), ttl);
}

RouterWindows::Line TraceSchedule::line_of(std::uint32_t route, int ttl) {
  const Address& responder = routes_[route].responders[static_cast<std::size_t>(ttl - rules_.first_ttl)];
  return responder ? windows_.of(responder) : predicted_line(route, ttl);
}

/// Moves the waiting probes of this hop to another line, after more is known about their router.
void TraceSchedule::line_up_anew(std::uint32_t route, int ttl) {
  if (ttl > routes_[route].asked_to) return;
  const RouterWindows::Line line = line_of(route, ttl);
  for (int number = 0; number < rules_.probes_per_hop; ++number) {
    const RouterWindows::Turn turn = turn_of(route, ttl, number);
    HopProbe& probe = probe_of(unpack(turn));
    if (!probe.in_line || probe.line == line) continue;
    windows_.leave(probe.line, turn);
    probe.line = line;
    windows_.wait(line, turn);
  }
}

void TraceSchedule::due(Instant now, std::size_t most, std::vector<Ask>& asks) {
  asks.clear();
  expire_places(now);
  close_late(now);
  if (wants_more_routes()) start_some();
  if (!windows_.any_ready()) return;
  const std::size_t allowed = std::min(most, most_asks);
  for (std::size_t tries = 0; tries < most_expired && asks.size() < allowed && windows_.any_ready(); ++tries) {
    const RouterWindows::Taken taken = windows_.take();
    routes_[unpack(taken.turn).route].closed ? drop(taken) : asks.push_back(ask(taken, now));
  }
}

/// Drops a probe that still waited when its route was closed.
void TraceSchedule::drop(const RouterWindows::Taken& taken) {
  const Turn which = unpack(taken.turn);
  probe_of(which).in_line = false;
  --routes_[which.route].in_line;
  windows_.give_back(taken.line);
}

TraceSchedule::Ask TraceSchedule::ask(const RouterWindows::Taken& taken, Instant now) {
  Turn which = unpack(taken.turn);
  Route& route = routes_[which.route];
  HopProbe& probe = probe_of(which);
  probe.state = State::under_way;
  probe.in_line = false;
  --route.in_line;
  ++route.under_way;
  if (probe.attempts < std::numeric_limits<std::uint16_t>::max()) ++probe.attempts;
  which.attempts = 0;  // all attempts of a probe have the same id
  Duration timeout = std::min(rules_.timeout, route.until - now);
  // When probes are repeated one by one, silent ones must not use up the time of the others.
  if (route.one_by_one && !route.request.one_by_one) timeout = std::min(timeout, patience());
  probe.placed = true;
  probe.line = taken.line;
  probe.place_until = after(now, std::min(rules_.timeout, patience() * windows_.slowness(taken.line)));
  places_.emplace(probe.place_until, pack(which));
  return {.id = pack(which), .route = which.route, .ttl = which.ttl, .timeout = timeout};
}

/// How long a probe keeps its place while it waits for an answer.
Duration TraceSchedule::patience() const noexcept {
  const Duration timeout = rules_.timeout;
  if (slowest_ == Duration{}) return timeout / 4;
  return std::clamp(std::min(slowest_, timeout) * patient_for, timeout / 16, timeout / 2);
}

void TraceSchedule::expire_places(Instant now) {
  for (std::size_t count = 0; count < most_expired && !places_.empty() && places_.begin()->first <= now; ++count)
    free_place(unpack(places_.begin()->second), Fate::silent);
}

void TraceSchedule::free_place(const Turn& turn, Fate fate) {
  HopProbe& probe = probe_of(turn);
  if (!probe.placed) return;
  probe.placed = false;
  Turn name = turn;
  name.attempts = 0;
  places_.erase({probe.place_until, pack(name)});
  switch (fate) {
    case Fate::answered:
      return windows_.answered(probe.line);
    case Fate::silent:
      return windows_.silent(probe.line);
    case Fate::not_sent:
      return windows_.give_back(probe.line);
  }
}

void TraceSchedule::settle(const Turn& turn) {
  Route& route = routes_[turn.route];
  const State before = std::exchange(probe_of(turn).state, State::over);
  if (route.closed && before != State::under_way) return;  // the probe is not counted any more
  if (before == State::held) --route.held;
  if (--route.unsettled == 0) --open_;
}

/// The last time at which a probe may leave and still be answered in time. Before the first answer, a probe needs 15/16
/// of a timeout; later, a multiple of the slowest RTT may be enough.
Instant TraceSchedule::last_ask(std::uint32_t route) const noexcept {
  const Route& asked = routes_[route];
  const Duration timeout = rules_.timeout;
  Duration reserve = timeout - timeout / lateness;
  if (slowest_ != Duration{})
    reserve = std::min(reserve, std::max(std::min(slowest_, timeout / patient_for) * patient_for, timeout / lateness));
  return std::max(asked.first_closing, asked.until - reserve);
}

void TraceSchedule::close_late(Instant now) {
  while (!closings_.empty() && last_ask(closings_.back().second) < now) {
    close(closings_.back().second);
    closings_.pop_back();
  }
}

/// Sends no more probes of the route; only probes under way can still be answered. Waiting probes leave their lines
/// when they come to the front, since a search for them now would take long.
void TraceSchedule::close(std::uint32_t route) {
  Route& closed = routes_[route];
  closed.closed = true;
  const bool was_open = !closed.started || closed.unsettled > 0;
  closed.started = true;
  closed.held = 0;
  closed.unsettled = closed.under_way - closed.abandoned;
  closed.backlog.clear();
  if (was_open && closed.unsettled == 0) --open_;
}

Instant TraceSchedule::next(Instant may_ask) const noexcept {
  if (wants_more_routes()) return Instant::min();
  Instant next = places_.empty() ? Instant::max() : places_.begin()->first;
  if (windows_.any_ready()) next = std::min(next, may_ask);
  // A route may send probes up to and including last_ask(), so it closes one nanosecond later.
  if (!closings_.empty()) next = std::min(next, after(last_ask(closings_.back().second), Duration{1}));
  return next;
}

int TraceSchedule::last_ttl(std::size_t route) const noexcept {
  const Route& traced = routes_[route];
  if (traced.end != 0) return traced.end;
  if (traced.refused != 0) return traced.refused;
  for (int ttl = traced.asked_to; ttl >= rules_.first_ttl; --ttl)
    for (int number = 0; number < rules_.probes_per_hop; ++number)
      if (const HopProbe& asked = probe(route, ttl, number); asked.attempts > 0 || asked.answer > 0) return ttl;
  return rules_.first_ttl - 1;
}

}  // namespace multiping::engine
