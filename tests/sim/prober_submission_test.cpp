// Tests what a Submission of a Prober asks for, and submissions that are cancelled, in virtual time.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "sim/prober_world.hpp"

namespace multiping::test {
namespace {

using namespace prober_world;

BOOST_AUTO_TEST_SUITE(prober_submission_test)

std::string complaint_about(Options options) {
  options.transport = simulate(network());
  try {
    const Prober prober{options};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

BOOST_AUTO_TEST_CASE(an_option_that_a_prober_has_no_use_for_is_refused_by_name) {
  BOOST_TEST(complaint_about({}) == "accepted");
  BOOST_TEST(complaint_about({.max_rate = 5, .fail_fast = true, .any_source = true}) == "accepted");
  BOOST_TEST(complaint_about({.threads = 4}) == "Options::threads is 4; a Prober does not take it");
  BOOST_TEST(complaint_about({.ignore_lookup_errors = true}) ==
             "Options::ignore_lookup_errors is true; a Prober does not take it: it looks up no names");
  const std::string resolve = "Options::resolve is not the default; a Prober does not take it: it looks up no names";
  BOOST_TEST(complaint_about({.resolve = {.family = Family::ipv6}}) == resolve);
  BOOST_TEST(complaint_about({.resolve = {.timeout = 1s}}) == resolve);
  BOOST_TEST(complaint_about({.resolve = {.parallel = 1}}) == resolve);
  BOOST_TEST(complaint_about({.resolve = {.budget = 1s}}) == resolve);
  BOOST_TEST(complaint_about({.probe = {.ttl = 5}}) ==
             "Options::probe is not the default; a Prober does not take it: each submission has its own");
}

BOOST_AUTO_TEST_CASE(a_value_out_of_range_is_refused_by_name) {
  World world;
  const auto complaint = [&world](const Submission& submission) -> std::string {
    try {
      static_cast<void>(world.prober.submit(address("10.0.0.1"), submission));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  BOOST_TEST(complaint({.timeout = -1ms}) == "Submission::timeout is -1 ms; it must be 0 or more");
  BOOST_TEST(complaint({.retry = -1}) == "Submission::retry is -1; it must be 0 or more");
  BOOST_TEST(complaint({.back_off = BackOff{.factor = 0}}) == "BackOff::factor is 0; it must be 1 or more, and finite");
  BOOST_TEST(complaint({.probe = {.ttl = 256}}) == "ProbeOptions::ttl is 256; it must be 1 to 255");
  BOOST_TEST(world.prober.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(one_submission_fails_fast_and_the_others_do_not) {
  World world;
  const auto hasty = world.prober.submit(address("10.0.4.1"), {.timeout = 1h, .fail_fast = true});
  const auto patient = world.prober.submit(address("10.0.4.2"), {.timeout = 100ms});
  const auto first = world.prober.poll(50ms);
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST(first[0].token == hasty);
  BOOST_CHECK(first[0].result.outcome == Outcome::unreachable);
  const auto second = world.prober.poll(1s);
  BOOST_REQUIRE_EQUAL(second.size(), 1U);
  BOOST_TEST(second[0].token == patient);
}

BOOST_AUTO_TEST_CASE(the_waits_of_a_submission_can_grow) {
  World world{recording};
  const BackOff growing{.first = 100ms, .factor = 2, .most = 300ms};
  static_cast<void>(world.prober.submit(address("10.0.1.1"), {.timeout = 0s, .retry = 4, .back_off = growing}));
  const Result result = world.only();
  BOOST_CHECK(result.outcome == Outcome::no_reply);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 5U);
  const Duration expected[] = {0ms, 100ms, 300ms, 600ms, 900ms};
  for (std::size_t i = 0; i < 5; ++i) BOOST_CHECK(about(sent[i].at - sent[0].at, expected[i]));
}

BOOST_AUTO_TEST_CASE(a_submission_ends_when_it_expires) {
  World world{recording, 10};
  const auto at = [](Duration time) { return std::chrono::steady_clock::time_point{1000s + time}; };
  const auto over = world.prober.submit(address("10.0.0.1"), {.expires = at(-1ms)});
  const auto reply = world.prober.submit(address("10.0.0.2"), {.expires = at(50ms)});
  const auto unsent = world.prober.submit(address("10.0.0.3"), {.expires = at(50ms)});
  const auto cut_short = world.prober.submit(address("10.0.2.1"), {.expires = at(350ms)});
  const auto silent = world.prober.submit(address("10.0.1.1"), {.timeout = 50ms, .retry = 100, .expires = at(1s)});
  auto results = world.all();
  BOOST_REQUIRE_EQUAL(results.size(), 5U);
  BOOST_CHECK(results[over].outcome == Outcome::pending);
  BOOST_TEST(results[over].attempt == 0U);
  BOOST_CHECK(results[reply].outcome == Outcome::reply);
  BOOST_CHECK(results[unsent].outcome == Outcome::pending);
  BOOST_TEST(results[unsent].attempt == 0U);
  BOOST_CHECK(results[cut_short].outcome == Outcome::pending);  // it may be alive, and it is
  BOOST_TEST(results[cut_short].attempt == 1U);
  BOOST_CHECK(results[silent].outcome == Outcome::no_reply);
  BOOST_CHECK(about(world.transport->log().last_waited - Instant{1000s}, 1s));
}

BOOST_AUTO_TEST_CASE(what_is_cancelled_never_comes) {
  World world;
  const auto silent = world.submit("10.0.1.1", 1h), late = world.submit("10.0.2.1", 1h);
  const auto answered = world.submit("10.0.0.1");
  BOOST_TEST(world.prober.cancel(silent));
  BOOST_TEST(world.prober.in_flight() == 2U);
  BOOST_TEST(!world.prober.cancel(silent));
  const auto first = world.prober.poll(1h);
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  BOOST_TEST(first[0].token == answered);
  BOOST_TEST(!world.prober.cancel(answered));
  BOOST_TEST(world.prober.cancel(late));
  BOOST_TEST(world.prober.in_flight() == 0U);
  world.submit("10.0.1.2", 500ms);
  BOOST_CHECK(world.only().outcome == Outcome::no_reply);
  BOOST_TEST(world.prober.counters().late == 1U);  // of the host that answers after 300 ms
  BOOST_TEST(world.prober.counters().received == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_done_but_not_returned_can_be_cancelled) {
  World world;
  const auto denied = world.submit("224.0.0.1");
  BOOST_TEST(world.prober.in_flight() == 1U);
  BOOST_TEST(world.prober.cancel(denied));
  BOOST_TEST(world.prober.in_flight() == 0U);
  BOOST_TEST(world.prober.poll(1h).empty());
}

BOOST_AUTO_TEST_CASE(the_turn_of_what_is_cancelled_is_given_to_the_next) {
  World world{recording, 10};
  std::vector<Prober::Token> waiting;
  for (int i = 1; i <= 10; ++i) waiting.push_back(world.submit("10.0.0." + std::to_string(i)));
  for (std::size_t i = 1; i < 9; ++i) BOOST_TEST(world.prober.cancel(waiting[i]));
  BOOST_TEST(world.all().size() == 2U);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 2U);
  BOOST_CHECK(about(sent[1].at - sent[0].at, 100ms));
}

BOOST_AUTO_TEST_CASE(the_connection_of_what_is_cancelled_is_closed_at_once) {
  SimulatedHost host;
  host.descriptors = 16;
  World world{host};
  for (int i = 0; i < 300; ++i) {
    const auto token = world.submit("10.0.1." + std::to_string(i % 250 + 1), 1h, 0, tcp());
    BOOST_TEST(world.prober.counters().sent == static_cast<std::uint64_t>(i) + 1);
    BOOST_TEST(world.prober.cancel(token));
  }
  BOOST_TEST(world.transport->log().most_connections == 1U);
}

BOOST_AUTO_TEST_CASE(after_a_stop_what_is_cancelled_does_not_complete) {
  std::stop_source source;
  Prober prober{{.transport = simulate(network()), .stop = source.get_token()}};
  const auto first = prober.submit(address("10.0.1.1"), {.timeout = 1h});
  const auto second = prober.submit(address("10.1.2.1"), {.probe = tcp(), .timeout = 1h});
  source.request_stop();
  BOOST_TEST(prober.cancel(first));
  const auto done = prober.poll(1h);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].token == second);
  BOOST_TEST(!prober.cancel(second));
  BOOST_TEST(prober.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(a_loop_that_polls_cancels_the_slower_ones) {
  World world;
  std::map<Prober::Token, Prober::Token> rival;
  for (int i = 1; i <= 100; ++i) {
    const auto quick = world.submit("10.0.0." + std::to_string(i)), slow = world.submit("10.0.2." + std::to_string(i));
    rival[quick] = slow;
  }
  std::size_t answered = 0;
  while (world.prober.in_flight() > 0)
    for (const auto& done : world.prober.poll(1h)) {
      BOOST_TEST(world.prober.cancel(rival.at(done.token)));
      ++answered;
    }
  BOOST_TEST(answered == 100U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
