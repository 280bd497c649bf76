// What the answers of a trace say about its hops, and where its routes end.
// See trace_schedule.hpp; trace_schedule.cpp has what is asked next.
#include <algorithm>
#include <utility>

#include "engine/trace_schedule.hpp"

namespace multiping::engine {
namespace {

using State = HopProbe::State;
using Sign = HopAnswerMeaning;

/// The sender of the answer.
const Address& responder_of(const TraceSchedule::Answer& answer) noexcept {
  return answer.record.answered() ? answer.record.address : answer.detail.responder;
}

}  // namespace

void TraceSchedule::heard(std::uint64_t id, const Answer& answer) {
  const Turn which = unpack(id);
  if (probe_of(which).state != State::under_way) return;
  const Sign sign = sign_of(answer, routes_[which.route].request.target);
  if (sign != Sign::refusal && sign != Sign::target) return;
  keep(which, answer);  // this stays the answer unless a better one comes in time
  hear(which, answer, sign);
  free_place(which, Fate::answered);
}

void TraceSchedule::done(std::uint64_t id, const Answer& answer, Instant now) {
  const Turn which = unpack(id);
  --routes_[which.route].under_way;
  if (probe_of(which).state == State::abandoned) {
    probe_of(which).state = State::over;
    --routes_[which.route].abandoned;
  } else {
    take(which, answer, now);
  }
  continue_one_by_one(which.route);
  conclude(which.route);
}

void TraceSchedule::take(const Turn& turn, const Answer& answer, Instant now) {
  const Route& route = routes_[turn.route];
  const bool in_time = !route.closed && now <= last_ask(turn.route);
  const std::uint32_t most = route.request.most_attempts;
  const Sign sign = sign_of(answer, route.request.target);
  switch (sign) {
    case Sign::target:
    case Sign::expired:
    case Sign::refusal:
      keep(turn, answer);
      hear(turn, answer, sign);
      free_place(turn, Fate::answered);  // after hear(), which has moved the line to the responder's window
      return settle(turn);
    case Sign::silence:
      free_place(turn, Fate::silent);
      probe_of(turn).silent_at = now;
      return repeat_or_settle(turn, in_time && (most == 0 || probe_of(turn).attempts < most));
    case Sign::not_left:
    case Sign::no_time:
      break;
  }
  free_place(turn, Fate::not_sent);
  if (answer.record.attempt == 0) --probe_of(turn).attempts;
  if (sign == Sign::not_left) keep(turn, as_refused_here(answer));
  repeat_or_settle(turn, in_time && sign == Sign::no_time);
}

void TraceSchedule::keep(const Turn& turn, Answer answer) {
  HopProbe& probe = probe_of(turn);
  if (probe.answer != 0) {
    answers_[probe.answer - 1] = std::move(answer);
    return;
  }
  answers_.push_back(std::move(answer));
  probe.answer = static_cast<std::uint32_t>(answers_.size());
}

void TraceSchedule::repeat_or_settle(const Turn& turn, bool again) {
  Route& route = routes_[turn.route];
  if (!again) return settle(turn);
  const HopProbe& probe = probe_of(turn);
  if (route.request.alike && probe.attempts > 0) route.one_by_one = true;
  want(turn.route, turn_of(turn.route, turn.ttl, turn.number));
}

/// Notes what an answer says about the hop, the next hop, and where the route ends.
void TraceSchedule::hear(const Turn& turn, const Answer& answer, HopAnswerMeaning sign) {
  Route& route = routes_[turn.route];
  slowest_ = std::max(slowest_, answer.record.rtt);
  if (const Address& responder = responder_of(answer)) meet(turn, responder);
  if (sign == Sign::refusal) {
    probe_of(turn).refused = true;
    const bool nearest = route.refused == 0 || turn.ttl < route.refused;
    if (turn.ttl > route.highest && nearest) set_refused(turn.route, turn.ttl);
  } else {
    route.highest = std::max(route.highest, turn.ttl);
    route.reached = route.reached || sign == Sign::target;
    if (sign == Sign::target && (route.end == 0 || turn.ttl < route.end)) cut(turn.route, turn.ttl);
    if (route.refused != 0 && route.refused <= route.highest) set_refused(turn.route, nearest_refusal(turn.route));
  }
  if (!route.closed) extend(turn.route);
}

/// Notes that `responder` is the router at this hop, and lines up the probes of this hop and the next one anew.
void TraceSchedule::meet(const Turn& turn, const Address& responder) {
  windows_.learn(probe_of(turn).line, responder);
  windows_.learn(predicted_line(turn.route, turn.ttl), responder);
  routes_[turn.route].responders[static_cast<std::size_t>(turn.ttl - rules_.first_ttl)] = responder;
  line_up_anew(turn.route, turn.ttl);
  line_up_anew(turn.route, turn.ttl + 1);
}

int TraceSchedule::nearest_refusal(std::uint32_t route) const noexcept {
  const Route& asked = routes_[route];
  if (asked.end != 0) return 0;
  for (int ttl = asked.highest + 1; ttl <= asked.asked_to; ++ttl)
    for (int number = 0; number < rules_.probes_per_hop; ++number)
      if (probe(route, ttl, number).refused) return ttl;
  return 0;
}

/// Holds the waiting probes that are idle from now on, and lines up the held probes that no longer are.
void TraceSchedule::set_refused(std::uint32_t route, int ttl) {
  Route& changed = routes_[route];
  changed.refused = ttl;
  if (changed.closed) return;
  for (int each = rules_.first_ttl; each <= changed.asked_to; ++each)
    for (int number = 0; number < rules_.probes_per_hop; ++number) {
      const RouterWindows::Turn turn = turn_of(route, each, number);
      HopProbe& probe = probe_of(unpack(turn));
      if (probe.state == State::waiting && is_idle(unpack(turn))) {
        unline(turn);
        want(route, turn);
      } else if (probe.state == State::held && !is_idle(unpack(turn))) {
        --changed.held;
        want(route, turn);
      }
    }
}

/// Ends the route at the router that said unreachable, when no probe is left to send or under way.
void TraceSchedule::conclude(std::uint32_t route) {
  const Route& asked = routes_[route];
  const bool all_asked = asked.under_way == 0 && (asked.closed || asked.unsettled == asked.held);
  if (asked.refused != 0 && asked.end == 0 && all_asked) cut(route, asked.refused);
}

/// Ends the route at this TTL. Probes of later hops are taken out, or abandoned while they are under way.
void TraceSchedule::cut(std::uint32_t route, int ttl) {
  Route& shorter = routes_[route];
  shorter.end = ttl;
  for (int beyond = ttl + 1; beyond <= shorter.asked_to; ++beyond)
    for (int number = 0; number < rules_.probes_per_hop; ++number) {
      const RouterWindows::Turn turn = turn_of(route, beyond, number);
      const Turn which = unpack(turn);
      const State state = probe_of(which).state;
      if (state == State::over || state == State::abandoned) continue;
      unline(turn);
      free_place(which, Fate::not_sent);
      settle(which);
      if (state != State::under_way) continue;
      probe_of(which).state = State::abandoned;
      ++shorter.abandoned;
    }
}

}  // namespace multiping::engine
