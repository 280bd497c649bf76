// Tests traces: which probes are sent, the effect of answers, where a route ends, which probes are repeated, and when.
// No network and no clock; each test chooses the time.
#include "engine/trace_schedule.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <iterator>
#include <limits>
#include <memory>
#include <set>
#include <vector>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using engine::HopProbe;
using engine::TraceRequest;
using engine::TraceRules;
using engine::TraceSchedule;
using Ask = TraceSchedule::Ask;

namespace trace_schedule_test {

constexpr Instant start{100s};

Address router(int ttl, int branch = 0) {
  return Address::v4({10, 1, static_cast<std::uint8_t>(branch), static_cast<std::uint8_t>(ttl)});
}
Address target(std::uint32_t route) {
  return Address::v4({10, 0, static_cast<std::uint8_t>(route >> 8), static_cast<std::uint8_t>(route)});
}

struct Dialogue {
  void begin(const TraceRules& rules = {}, std::size_t routes = 1, const TraceRequest& like = {}) {
    TraceRules timed = rules;
    if (timed.timeout == Duration{}) timed.timeout = 1s;
    std::vector<TraceRequest> requests;
    for (std::uint32_t i = 0; i < routes; ++i) {
      requests.push_back(like);
      requests.back().target = target(i);
      if (like.budget == Duration{}) requests.back().budget = 3s;
    }
    session = std::make_unique<TraceSchedule>(timed, requests, start);
  }
  std::vector<Ask> due(Instant now, std::size_t most = std::numeric_limits<std::size_t>::max()) const {
    std::vector<Ask> asks;
    session->due(now, most, asks);
    return asks;
  }
  void tell(const Ask& ask, Outcome outcome, const Address& responder, Instant now) const {
    TraceSchedule::Answer answer;
    answer.record.address = target(ask.route);
    answer.record.outcome = outcome;
    answer.record.attempt = 1;
    answer.record.rtt = 10ms;
    answer.detail.responder = responder;
    session->done(ask.id, answer, now);
  }
  /// An ICMP error about a probe, which stays under way (`so_far`) or is over.
  void error(const Ask& ask, const Address& from, const IcmpError& icmp, Instant now, bool so_far = false,
             bool own = false) const {
    TraceSchedule::Answer answer;
    answer.record =
        engine::TargetRecord{.address = target(ask.route), .rtt = 10ms, .attempt = 1, .outcome = Outcome::unreachable};
    answer.detail = {.responder = from, .icmp = std::make_shared<const IcmpError>(icmp), .error = {}};
    answer.own = own;
    so_far ? session->heard(ask.id, answer) : session->done(ask.id, answer, now);
  }
  void unreachable(const Ask& ask, int by, Instant now) const { error(ask, router(by), no_route, now); }
  static inline const IcmpError no_route{.type = 3, .code = 0}, no_port{.type = 3, .code = 3};
  void expired(const Ask& ask, Instant now) const { tell(ask, Outcome::ttl_expired, router(ask.ttl), now); }
  void replied(const Ask& ask, Instant now) const { tell(ask, Outcome::reply, {}, now); }
  void silent(const Ask& ask, Instant now) const { tell(ask, Outcome::no_reply, {}, now); }
  void not_sent(const Ask& ask, Outcome outcome, Instant now) const {
    TraceSchedule::Answer answer;
    answer.record.outcome = outcome;
    if (outcome == Outcome::send_failed) answer.detail.error = std::make_error_code(std::errc::network_unreachable);
    session->done(ask.id, answer, now);
  }
  /// Answers as a network with `routers` routers before the target.
  void answer(const std::vector<Ask>& asks, int routers, Instant now) const {
    for (const Ask& ask : asks) ask.ttl <= routers ? expired(ask, now) : replied(ask, now);
  }
  [[nodiscard]] Outcome outcome(int ttl, int number = 0, std::size_t route = 0) const {
    const auto* answer = session->answer(session->probe(route, ttl, number));
    return answer == nullptr ? Outcome::no_reply : answer->record.outcome;
  }
  [[nodiscard]] int attempts(int ttl, int number = 0, std::size_t route = 0) const {
    return session->probe(route, ttl, number).attempts;
  }

  std::unique_ptr<TraceSchedule> session;
};

std::vector<Ask> with_ttl(const std::vector<Ask>& asks, int ttl) {
  std::vector<Ask> found;
  std::copy_if(asks.begin(), asks.end(), std::back_inserter(found), [ttl](const Ask& ask) { return ask.ttl == ttl; });
  return found;
}
std::set<int> ttls(const std::vector<Ask>& asks) {
  std::set<int> found;
  for (const Ask& ask : asks) found.insert(ask.ttl);
  return found;
}

}  // namespace trace_schedule_test

BOOST_FIXTURE_TEST_SUITE(trace_schedule_test, trace_schedule_test::Dialogue)

BOOST_AUTO_TEST_CASE(what_may_be_needed_is_asked_at_once_the_first_probes_and_near_hops_first) {
  begin();
  const auto asks = due(start);
  BOOST_REQUIRE_EQUAL(asks.size(), 24U);
  for (std::size_t i = 0; i < asks.size(); ++i) {
    BOOST_TEST(asks[i].ttl == static_cast<int>(i % 8) + 1);
    BOOST_CHECK(asks[i].timeout == 1s);
  }
  BOOST_TEST(due(start).empty());
  begin({.first_ttl = 4, .max_ttl = 6, .probes_per_hop = 1, .max_silent_hops = 0});
  BOOST_TEST(ttls(due(start)) == (std::set<int>{4, 5, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_route_ends_at_the_nearest_answer_of_its_target) {
  begin();
  const auto asks = due(start);
  replied(with_ttl(asks, 7)[0], start + 10ms);
  BOOST_TEST(session->last_ttl(0) == 7);
  replied(with_ttl(asks, 5)[0], start + 10ms);
  for (int ttl = 1; ttl <= 4; ++ttl)
    for (const Ask& ask : with_ttl(asks, ttl)) expired(ask, start + 10ms);
  BOOST_TEST(!session->over());
  for (const int number : {1, 2}) replied(with_ttl(asks, 5)[static_cast<std::size_t>(number)], start + 11ms);
  BOOST_TEST(session->over());  // although probes of later hops are still under way
  BOOST_TEST(session->last_ttl(0) == 5);
  BOOST_TEST(session->reached(0));
  BOOST_TEST(outcome(4, 2) == Outcome::ttl_expired);
  BOOST_TEST(outcome(5, 2) == Outcome::reply);
  replied(with_ttl(asks, 6)[0], start + 12ms);
  silent(with_ttl(asks, 8)[0], start + 1s);
  BOOST_TEST(session->over());
  BOOST_TEST(due(start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(each_answer_moves_the_horizon) {
  begin({.max_ttl = 12, .probes_per_hop = 1});
  const auto asks = due(start);
  expired(with_ttl(asks, 3)[0], start + 5ms);
  BOOST_TEST(ttls(due(start + 5ms)) == (std::set<int>{9, 10, 11}), boost::test_tools::per_element());
  expired(with_ttl(asks, 2)[0], start + 5ms);
  BOOST_TEST(due(start + 5ms).empty());
  expired(with_ttl(asks, 8)[0], start + 5ms);
  BOOST_TEST(ttls(due(start + 5ms)) == std::set<int>{12}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_of_silent_hops_ends_a_route_and_is_its_tail) {
  begin({.probes_per_hop = 1, .max_silent_hops = 3}, 1, {.most_attempts = 1});
  auto asks = due(start);
  expired(asks[0], start + 5ms);
  for (const Ask& ask : due(start + 5ms)) asks.push_back(ask);
  BOOST_REQUIRE_EQUAL(asks.size(), 4U);
  for (std::size_t i = 1; i < 4; ++i) silent(asks[i], start + 1s);
  BOOST_TEST(session->over());
  BOOST_TEST(session->last_ttl(0) == 4);
  BOOST_TEST(!session->reached(0));
  BOOST_TEST(outcome(4) == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(time_exceeded_never_reaches_the_target_and_port_unreachable_does) {
  begin({.probes_per_hop = 1});
  const auto asks = due(start);
  tell(with_ttl(asks, 1)[0], Outcome::ttl_expired, target(0), start + 5ms);
  BOOST_TEST(!session->reached(0));
  BOOST_TEST(session->last_ttl(0) == 8);
  error(with_ttl(asks, 5)[0], target(0), no_port, start + 5ms);
  BOOST_TEST(session->reached(0));
  BOOST_TEST(session->last_ttl(0) == 5);
}

BOOST_AUTO_TEST_CASE(unreachable_ends_a_route_when_nothing_else_is_left_to_be_said) {
  begin({.max_ttl = 8, .probes_per_hop = 2});
  const auto asks = due(start);
  for (const Ask& ask : asks)
    if (ask.ttl != 5) ask.ttl < 3 ? expired(ask, start + 5ms) : unreachable(ask, 3, start + 5ms);
  BOOST_TEST(session->last_ttl(0) == 3);
  BOOST_TEST(!session->over());
  for (const Ask& ask : with_ttl(asks, 5)) silent(ask, start + 1s);
  BOOST_TEST(session->over());  // beyond the unreachable error, silent probes are not repeated
  BOOST_TEST(session->last_ttl(0) == 3);
  BOOST_TEST(!session->reached(0));
}

BOOST_AUTO_TEST_CASE(unreachable_is_outweighed_at_its_hop_and_from_behind_at_any_time) {
  begin({.max_ttl = 6, .probes_per_hop = 2}, 3);
  const auto asks = due(start);
  const auto of = [&](std::uint32_t route, int ttl) {
    std::vector<Ask> found;
    for (const Ask& ask : with_ttl(asks, ttl))
      if (ask.route == route) found.push_back(ask);
    return found;
  };
  for (std::uint32_t route = 0; route < 3; ++route) {
    unreachable(of(route, 2)[0], 2, start + 5ms);
    BOOST_TEST(session->last_ttl(route) == 2);
  }
  expired(of(0, 2)[1], start + 6ms);
  BOOST_TEST(session->last_ttl(0) == 6);
  expired(of(1, 4)[0], start + 6ms);
  BOOST_TEST(session->last_ttl(1) == 6);
  replied(of(2, 5)[1], start + 6ms);
  BOOST_TEST(session->last_ttl(2) == 5);
  BOOST_TEST(session->reached(2));
  BOOST_TEST(outcome(2, 0, 2) == Outcome::unreachable);  // the error stays the outcome of its probe
}

BOOST_AUTO_TEST_CASE(what_is_held_behind_an_unreachable_error_is_asked_when_that_is_outweighed) {
  begin({.max_ttl = 5, .probes_per_hop = 1}, 1, {.most_attempts = 2});
  const auto asks = due(start);
  unreachable(with_ttl(asks, 2)[0], 2, start + 5ms);
  for (const int ttl : {3, 4}) silent(with_ttl(asks, ttl)[0], start + 1s);
  BOOST_TEST(due(start + 1s).empty());
  expired(with_ttl(asks, 5)[0], start + 1s);
  BOOST_TEST(ttls(due(start + 1s)) == (std::set<int>{3, 4}), boost::test_tools::per_element());

  begin({.max_ttl = 5, .probes_per_hop = 1}, 1, {.most_attempts = 2});
  const auto others = due(start);
  unreachable(with_ttl(others, 2)[0], 2, start + 5ms);
  for (const int ttl : {3, 4, 5}) silent(with_ttl(others, ttl)[0], start + 1s);
  BOOST_TEST(!session->over());  // the probe of the first hop is repeated
  BOOST_TEST(ttls(due(start + 1s)).empty());
  silent(with_ttl(others, 1)[0], start + 1s);
  BOOST_TEST(ttls(due(start + 1s)) == std::set<int>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_said_so_far_counts_and_what_comes_for_the_same_probe_outweighs_it) {
  begin({.max_ttl = 4, .probes_per_hop = 1});
  const auto asks = due(start);
  error(with_ttl(asks, 3)[0], router(9), no_route, start, true);
  BOOST_TEST(session->last_ttl(0) == 3);
  BOOST_TEST(session->window(router(9)) == 17U);  // the answer lets the window grow
  replied(with_ttl(asks, 3)[0], start + 20ms);
  BOOST_TEST(session->last_ttl(0) == 3);
  BOOST_TEST(session->reached(0));
  BOOST_TEST(outcome(3) == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(an_error_of_this_host_is_a_refusal_to_send) {
  begin({.max_ttl = 2, .probes_per_hop = 1});
  const auto asks = due(start);
  error(asks[0], router(77), no_route, start, true, true);
  BOOST_TEST(session->last_ttl(0) == 2);
  for (const Ask& ask : asks) error(ask, router(77), no_route, start + 1s, false, true);
  BOOST_TEST(session->over());
  BOOST_TEST(outcome(1) == Outcome::send_failed);
  BOOST_TEST(attempts(1) == 1);
  const auto* answer = session->answer(session->probe(0, 1, 0));
  BOOST_REQUIRE(answer != nullptr);
  BOOST_CHECK(answer->detail.error == std::errc::host_unreachable);
  BOOST_TEST(!answer->detail.responder);
}

BOOST_AUTO_TEST_CASE(a_fragment_that_got_lost_is_silence) {
  begin({.max_ttl = 1, .probes_per_hop = 1});
  error(due(start)[0], target(0), {.type = 11, .code = 1}, start + 1s);
  const auto again = due(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  expired(again[0], start + 1010ms);
  BOOST_TEST(session->over());
  BOOST_TEST(outcome(1) == Outcome::ttl_expired);
}

BOOST_AUTO_TEST_CASE(silence_is_asked_again_and_attempts_are_counted) {
  begin({.max_ttl = 2, .probes_per_hop = 1}, 1, {.most_attempts = 3});
  auto asks = due(start);
  replied(with_ttl(asks, 2)[0], start + 5ms);
  Instant now = start;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    BOOST_REQUIRE_EQUAL(with_ttl(asks, 1).size(), 1U);
    now += 1s;
    silent(with_ttl(asks, 1)[0], now);
    BOOST_TEST(attempts(1) == attempt);
    asks = due(now);
  }
  BOOST_TEST(asks.empty());
  BOOST_TEST(session->over());
  BOOST_TEST(outcome(1) == Outcome::no_reply);
  BOOST_TEST(attempts(2) == 1);
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_later_attempt_counts) {
  begin({.max_ttl = 1, .probes_per_hop = 1});
  silent(due(start)[0], start + 1s);
  expired(due(start + 1s)[0], start + 1010ms);
  BOOST_TEST(session->over());
  BOOST_TEST(attempts(1) == 2);
  BOOST_TEST(outcome(1) == Outcome::ttl_expired);
}

BOOST_AUTO_TEST_CASE(asking_stops_a_timeout_before_the_end_and_no_answer_is_awaited_behind_it) {
  begin({.max_ttl = 1, .probes_per_hop = 1}, 40, {.budget = 2s});
  auto asks = due(start);
  BOOST_TEST(asks.size() == 16U);
  for (const Ask& ask : asks) expired(ask, start + 900ms);
  asks = due(start + 1050ms);
  BOOST_TEST(asks.size() == 24U);  // a little late: the probes are sent, but have less time
  for (const Ask& ask : asks) BOOST_CHECK(ask.timeout == 950ms);

  begin({.max_ttl = 1, .probes_per_hop = 1}, 40, {.budget = 2s});
  asks = due(start);
  BOOST_CHECK(session->next() <= start + 2s);
  for (const Ask& ask : asks) silent(ask, start + 1s);
  BOOST_TEST(due(start + 1100ms).empty());
  BOOST_TEST(session->over());
  BOOST_TEST(attempts(1, 0, 39) == 0);
  BOOST_TEST(session->last_ttl(39) == 0);
}

BOOST_AUTO_TEST_CASE(where_answers_come_fast_asking_goes_on_almost_until_the_end) {
  begin({.max_ttl = 30, .probes_per_hop = 1}, 1, {.budget = 1s});
  Instant now = start;
  for (int ttl = 8; ttl < 30; ttl += 8) {
    const auto asks = due(now);
    BOOST_REQUIRE(!asks.empty());
    BOOST_TEST(asks.back().ttl == ttl);
    now += 150ms;
    for (const Ask& ask : asks) expired(ask, now);
  }
  const auto asks = due(start + 399ms);  // RTTs are 10 ms, so probes may leave until 62.5 ms before the end
  BOOST_TEST(asks.size() == 6U);
  for (const Ask& ask : asks) silent(ask, start + 1s);
  BOOST_TEST(session->over());
}

BOOST_AUTO_TEST_CASE(no_budget_is_too_short_to_ask_once) {
  begin({.max_ttl = 1}, 1, {.budget = 1s});
  const auto asks = due(start);
  BOOST_TEST(asks.size() == 3U);
  for (const Ask& ask : asks) silent(ask, start + 1s);
  BOOST_TEST(session->over());
}

BOOST_AUTO_TEST_CASE(one_by_one_means_that_one_probe_of_a_route_is_under_way) {
  begin({.max_ttl = 4, .probes_per_hop = 2}, 2, {.one_by_one = true, .budget = 1min, .most_attempts = 1});
  Instant now = start;
  std::vector<int> asked;
  while (!session->over()) {
    const auto asks = due(now);
    BOOST_REQUIRE_EQUAL(asks.size(), 2U);
    BOOST_TEST(asks[0].route != asks[1].route);
    BOOST_TEST(due(now).empty());
    asked.push_back(asks[0].ttl);
    now += 100ms;
    answer(asks, 2, now);
  }
  BOOST_TEST(asked == (std::vector<int>{1, 2, 3, 1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(probes_that_are_alike_are_asked_again_one_by_one_and_not_for_long) {
  begin({.max_ttl = 4, .probes_per_hop = 1}, 1, {.alike = true});
  const auto asks = due(start);
  BOOST_TEST(asks.size() == 4U);
  replied(with_ttl(asks, 4)[0], start + 10ms);
  silent(asks[0], start + 1s);
  BOOST_TEST(due(start + 1s).empty());  // two probes are still under way
  silent(asks[1], start + 1s);
  silent(asks[2], start + 1s);
  auto again = due(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST(again[0].ttl == 1);
  BOOST_CHECK(again[0].timeout < 100ms);
  silent(again[0], start + 1100ms);
  again = due(start + 1100ms);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST(again[0].ttl == 2);
  expired(again[0], start + 1110ms);
  BOOST_TEST(attempts(2) == 2);
}

BOOST_AUTO_TEST_CASE(what_this_host_had_no_room_for_was_not_asked) {
  begin({.max_ttl = 1, .probes_per_hop = 1}, 1, {.most_attempts = 1});
  not_sent(due(start)[0], Outcome::pending, start + 1s);
  BOOST_TEST(attempts(1) == 0);
  const auto again = due(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  expired(again[0], start + 1010ms);
  BOOST_TEST(attempts(1) == 1);
  BOOST_TEST(session->over());
}

BOOST_AUTO_TEST_CASE(what_this_host_would_not_send_is_final) {
  begin({.max_ttl = 2, .probes_per_hop = 1});
  for (const Ask& ask : due(start)) not_sent(ask, Outcome::send_failed, start);
  BOOST_TEST(session->over());
  BOOST_TEST(outcome(1) == Outcome::send_failed);
  BOOST_TEST(attempts(1) == 0);
  BOOST_TEST(session->last_ttl(0) == 2);
}

BOOST_AUTO_TEST_CASE(no_more_is_asked_than_may_leave) {
  begin({.max_ttl = 1, .probes_per_hop = 1}, 10, {.budget = 1min});
  Instant now = start;
  for (int i = 0; i < 10; ++i, now += 10ms) {
    BOOST_TEST(due(now, 0).empty());
    BOOST_CHECK(session->next(now + 10ms) == now + 10ms);
    const auto asks = due(now, 1);
    BOOST_REQUIRE_EQUAL(asks.size(), 1U);
    expired(asks[0], now);
  }
  BOOST_TEST(session->over());
}

BOOST_AUTO_TEST_CASE(a_hop_that_many_routes_share_is_asked_as_fast_as_it_answers) {
  begin({.max_ttl = 2, .probes_per_hop = 2}, 200);
  auto asks = due(start);
  BOOST_TEST(with_ttl(asks, 1).size() == 16U);
  BOOST_TEST(with_ttl(asks, 2).size() == 16U);
  std::size_t rounds = 0, at_first_hop = 0;
  for (Instant now = start + 10ms; !asks.empty(); now += 10ms, ++rounds) {
    at_first_hop += with_ttl(asks, 1).size();
    answer(asks, 1, now);
    asks = due(now);
  }
  BOOST_TEST(session->over());
  BOOST_TEST(at_first_hop == 400U);
  BOOST_TEST(rounds >= 4U);  // 16 + 32 + 64 + 128 < 400
  BOOST_TEST(rounds <= 12U);
}

BOOST_AUTO_TEST_CASE(a_limited_hop_is_asked_less_and_the_others_are_not_delayed) {
  begin({.max_ttl = 3, .probes_per_hop = 1}, 300);
  Instant now = start;
  std::size_t limited_asked = 0, allowed = 10;
  while (now < start + 1s) {
    for (const Ask& ask : due(now)) {
      const bool limited = ask.ttl == 2;
      if (limited) ++limited_asked;
      if (limited && allowed == 0) continue;
      if (limited) --allowed;
      answer({ask}, 2, now + 10ms);
    }
    now += 10ms;
  }
  for (std::uint32_t route = 0; route < 300; ++route) {
    BOOST_TEST(session->reached(route));
    BOOST_TEST(attempts(1, 0, route) == 1);
  }
  BOOST_TEST(limited_asked >= 20U);
  BOOST_TEST(limited_asked <= 80U);
  BOOST_TEST(session->window(router(2)) == 4U);
}

BOOST_AUTO_TEST_CASE(a_router_that_never_answers_holds_nobody_up) {
  begin({.max_ttl = 3, .probes_per_hop = 3}, 500);
  Instant now = start;
  std::size_t asked = 0;
  while (now < start + 1s) {
    for (const Ask& ask : due(now)) {
      if (ask.ttl == 2)
        ++asked;
      else
        answer({ask}, 2, now + 10ms);
    }
    now += 10ms;
  }
  BOOST_TEST(asked == 1500U);
}

// The caller checks the clock and a stop request only between two calls.
BOOST_AUTO_TEST_CASE(a_call_asks_some_of_many_routes_and_is_due_again_at_once) {
  begin({.max_ttl = 30, .probes_per_hop = 1, .max_silent_hops = 8}, 20'000);
  std::set<std::uint32_t> routes;
  for (int calls = 0; calls < 10'000 && routes.size() < 20'000; ++calls) {
    const auto asks = due(start);
    BOOST_TEST(asks.size() <= 512U);
    for (const Ask& ask : asks) routes.insert(ask.route);
    answer(asks, 30, start);
    if (routes.size() < 20'000) BOOST_CHECK(session->next() <= start);
  }
  BOOST_TEST(routes.size() == 20'000U);
}

// The session does not search for the probes that still wait, however many there are.
BOOST_AUTO_TEST_CASE(at_the_end_of_the_budget_nothing_is_asked_and_all_is_over) {
  begin({.max_ttl = 30, .max_silent_hops = 0}, 5000, {.budget = 2s});
  std::vector<Ask> asked;
  for (Instant now = start; now < start + 2s; now += 10ms)
    for (const Ask& ask : due(now)) asked.push_back(ask);
  BOOST_CHECK(session->end() == start + 2s);
  BOOST_TEST(!session->over());
  BOOST_TEST(due(start + 2s + 1ms).empty());
  for (const Ask& ask : asked) silent(ask, start + 2s + 1ms);
  BOOST_TEST(session->over());
  BOOST_TEST(session->given_up(0, session->probe(0, 1, 0)));
  BOOST_TEST(due(start + 3s).empty());
}

// If no better answer comes until the budget ends, the router's error is the answer.
BOOST_AUTO_TEST_CASE(what_was_heard_is_known_before_its_probe_is_over) {
  begin({.max_ttl = 1, .probes_per_hop = 1});
  const auto asks = due(start);
  BOOST_TEST_REQUIRE(asks.size() == 1U);
  error(asks[0], router(1), no_route, start + 10ms, true);
  BOOST_CHECK(outcome(1) == Outcome::unreachable);
  BOOST_TEST(!session->over());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
