// Tests multi_ping() with a function that is told each result, and with waits that grow, in virtual time.
// Times are exact, except for the microsecond that a simulated send takes.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(progress_test)

/// 10.0.0.0/16 answers after a millisecond, 10.1.0.0/16 is silent, 10.2.0.0/16 answers after 300 ms, 10.3.0.0/16 loses
/// the first request, and a router says that 10.4.0.0/16 is unreachable.
Scenario network() {
  Scenario scenario{.name = "progress", .seed = 5};
  scenario.hosts = {HostRule{.block = "10.0.0.0/16"},
                    silent("10.1.0.0/16"),
                    HostRule{.block = "10.2.0.0/16", .replies = {EchoReply{.delay = 300ms}}},
                    HostRule{.block = "10.3.0.0/16", .lost = {1}},
                    only_error("10.4.0.0/16", {.from = router()}),
                    with_open("10.5.0.0/16", Protocol::tcp)};
  return scenario;
}

struct World {
  World() {
    transport = simulate(network(), {.record = true});
    options.transport = transport;
  }
  /// When each packet to this address was sent, counted from the first.
  [[nodiscard]] std::vector<Duration> departures(const char* to) const {
    std::vector<Duration> times;
    const auto& sent = transport->log().sent;
    for (const auto& packet : sent)
      if (packet.to == *Address::parse(to)) times.push_back(packet.at - sent.front().at);
    return times;
  }

  std::shared_ptr<SimulatedTransport> transport;
  Options options;
};

bool about(Duration time, Duration expected) { return time >= expected - 1ms && time <= expected + 1ms; }
bool about(const std::vector<Duration>& times, const std::vector<Duration>& expected) {
  return std::ranges::equal(times, expected, [](Duration a, Duration b) { return about(a, b); });
}

using Positions = std::vector<std::uint32_t>;

BOOST_AUTO_TEST_CASE(answers_are_told_as_they_come_and_the_rest_at_the_end) {
  World world;
  Positions told;
  std::vector<Outcome> outcomes;
  const Batch batch = multi_ping({"10.1.0.1", "10.2.0.1", "10.0.0.1", "10.3.0.1", "10.4.0.1"}, 1s, 1, world.options,
                                 [&](const Result& result) {
                                   told.push_back(result.position);
                                   outcomes.push_back(result.outcome);
                                   return true;
                                 });
  BOOST_TEST((told == Positions{2, 1, 3, 0, 4}));
  BOOST_TEST((outcomes == std::vector<Outcome>{Outcome::reply, Outcome::reply, Outcome::reply, Outcome::no_reply,
                                               Outcome::unreachable}));
  BOOST_TEST(batch.responses.size() == 3U);
  BOOST_TEST(batch.no_responses.size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_told_is_what_is_returned) {
  World world;
  std::vector<Target> targets{{"10.0.0.1"}, {"10.5.0.1", tcp(80)}, {"10.0.0.1"}, {"224.0.0.1"}, {"10.1.0.1"}};
  std::vector<Result> told;
  world.options.ignore_lookup_errors = true;
  const Batch batch = multi_ping(targets, 1s, 0, world.options, [&](const Result& result) {
    told.push_back(result);
    return true;
  });
  std::ranges::sort(told, {}, &Result::position);
  BOOST_REQUIRE(told.size() == targets.size());
  for (const auto* list : {&batch.responses, &batch.no_responses})
    for (const Result& result : *list) {
      const Result& same = told.at(result.position);
      BOOST_CHECK(same.outcome == result.outcome && same.rtt == result.rtt && same.at == result.at);
      BOOST_CHECK(same.host == result.host && same.attempt == result.attempt && same.error == result.error);
    }
}

BOOST_AUTO_TEST_CASE(each_position_of_a_long_list_is_told_once) {
  for (const bool twice : {false, true}) {
    World world;
    std::vector<Address> hosts = expand("10.0.0.0-10.0.63.255");
    if (twice) hosts.insert(hosts.end(), hosts.begin(), hosts.end());
    std::vector<int> told(hosts.size());
    world.options.threads = 2;
    const Batch batch = multi_ping(hosts, 5s, 1, world.options, [&](const Result& result) {
      ++told[result.position];
      return true;
    });
    BOOST_TEST(batch.responses.size() == hosts.size());
    BOOST_TEST(std::ranges::all_of(told, [](int times) { return times == 1; }));
  }
}

BOOST_AUTO_TEST_CASE(names_are_told_too) {
  World world;
  world.options.ignore_lookup_errors = true;
  const std::vector<Target> targets{{"no such name"}, {"10.0.0.1"}, {"10.0.0.1", {.family = Family::ipv6}}};
  std::vector<Outcome> told(3, Outcome::pending);
  const Batch batch = multi_ping(targets, 200ms, 1, world.options, [&](const Result& result) {
    told[result.position] = result.outcome;
    return true;
  });
  BOOST_TEST((told == std::vector<Outcome>{Outcome::unresolved, Outcome::reply, Outcome::unresolved}));
}

BOOST_AUTO_TEST_CASE(false_ends_the_call_with_what_is_known) {
  World world;
  int calls = 0;
  const Batch batch = multi_ping({"10.1.0.1", "10.0.0.1", "10.2.0.1"}, 10s, 3, world.options,
                                 [&](const Result&) { return ++calls, false; });
  BOOST_TEST(calls == 1);
  BOOST_REQUIRE(batch.responses.size() == 1U);
  BOOST_TEST(batch.responses[0].host == "10.0.0.1");
  BOOST_REQUIRE(batch.no_responses.size() == 2U);
  for (const Result& result : batch.no_responses) BOOST_CHECK(result.outcome == Outcome::pending);
  BOOST_TEST(world.departures("10.1.0.1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(false_while_probes_are_sent_ends_the_call_too) {
  World world;
  std::vector<Address> hosts = expand("10.0.0.0-10.0.15.255");
  hosts.push_back(*Address::parse("10.1.0.1"));
  int calls = 0;
  const Batch batch = multi_ping(hosts, 60s, 2, world.options, [&](const Result&) { return ++calls, false; });
  BOOST_TEST(calls == 1);
  BOOST_TEST(!batch.responses.empty());
  BOOST_TEST(batch.responses.size() < hosts.size() - 1);
  BOOST_TEST((world.transport->log().last_waited < SimulatedHost{}.start + 1s));
}

BOOST_AUTO_TEST_CASE(false_at_the_end_leaves_the_rest_untold) {
  World world;
  int calls = 0;
  const Batch batch = multi_ping({"10.1.0.1", "10.1.0.2", "10.1.0.3"}, 1s, 0, world.options,
                                 [&](const Result&) { return ++calls < 2; });
  BOOST_TEST(calls == 2);
  BOOST_TEST(batch.no_responses.size() == 3U);
  for (const Result& result : batch.no_responses) BOOST_CHECK(result.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(nothing_is_told_after_a_stop) {
  World world;
  std::stop_source source;
  world.options.stop = source.get_token();
  Positions told;
  const Batch batch = multi_ping({"10.1.0.1", "10.0.0.1"}, 10s, 0, world.options, [&](const Result& result) {
    told.push_back(result.position);
    return source.request_stop();
  });
  BOOST_TEST((told == Positions{1}));
  BOOST_CHECK(batch.no_responses.at(0).outcome == Outcome::pending);
}

BOOST_AUTO_TEST_CASE(an_exception_reaches_the_caller) {
  World world;
  const auto throws = [](const Result&) -> bool { throw std::runtime_error{"enough"}; };
  BOOST_CHECK_THROW(static_cast<void>(multi_ping({"10.0.0.1", "10.1.0.1"}, 1s, 0, world.options, throws)),
                    std::runtime_error);
}

BOOST_AUTO_TEST_CASE(an_empty_function_is_as_none) {
  World world;
  BOOST_TEST(multi_ping({"10.0.0.1"}, 1s, 0, world.options, nullptr).responses.size() == 1U);
}

BOOST_AUTO_TEST_CASE(waits_grow_by_the_factor_and_the_budget_is_their_sum) {
  World world;
  const Batch batch = multi_ping({"10.1.0.1"}, BackOff{.first = 100ms, .factor = 2}, 3, world.options);
  BOOST_TEST((about(world.departures("10.1.0.1"), {0ms, 100ms, 300ms, 700ms})));
  BOOST_TEST(batch.no_responses.at(0).attempt == 4U);
  const auto began = batch.no_responses[0].at.time_since_epoch() - SimulatedHost{}.wall_offset;
  BOOST_TEST((about(began - 1000s, 1500ms)));
}

BOOST_AUTO_TEST_CASE(waits_have_a_limit) {
  World world;
  const Batch batch = multi_ping({"10.1.0.1"}, BackOff{.first = 100ms, .factor = 3, .most = 200ms}, 3, world.options);
  BOOST_TEST((about(world.departures("10.1.0.1"), {0ms, 100ms, 300ms, 500ms})));
}

BOOST_AUTO_TEST_CASE(an_answer_ends_the_waits) {
  World world;
  const Batch batch = multi_ping({"10.3.0.1", "10.2.0.1"}, BackOff{.first = 200ms}, 5, world.options);
  BOOST_TEST(batch.responses.size() == 2U);
  BOOST_TEST((about(world.departures("10.3.0.1"), {0ms, 200ms})));
}

BOOST_AUTO_TEST_CASE(bad_waits_are_refused_by_name) {
  World world;
  const auto message = [&](const BackOff& waits, int retry = 1) -> std::string {
    try {
      static_cast<void>(multi_ping({"10.0.0.1"}, waits, retry, world.options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  BOOST_TEST(message({.first = 0s}) == "BackOff::first is 0; it must be more than 0");
  BOOST_TEST(message({.first = 500us}) == "BackOff::first is 0.5 ms; it must be 1 ms or more");
  BOOST_TEST(message({.most = 500us}) == "BackOff::most is 0.5 ms; it must be 1 ms or more");
  BOOST_TEST(message({.factor = 0.5}) == "BackOff::factor is 0.5; it must be 1 or more, and finite");
  BOOST_TEST(message({}, -1) == "retry is -1; it must be 0 or more");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
