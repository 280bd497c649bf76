// Tests PingSeries::poll() in virtual time: the rounds are those of the range, and a call never waits longer than
// asked. What the descriptor tells needs real sockets: netns/series_poll_test.cpp.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/ping_series.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(series_poll_test)

/// 10.0.0.0/16 answers after a millisecond, 10.1.0.0/16 is silent, 10.2.0.0/16 answers after 2.5 s, 10.3.0.0/16 loses
/// the second and third request and answers each of the others twice.
Scenario network() {
  Scenario scenario{.name = "polled"};
  scenario.hosts = {HostRule{.block = "10.0.0.0/16"}, parts::silent("10.1.0.0/16"),
                    HostRule{.block = "10.2.0.0/16", .replies = {EchoReply{.delay = 2500ms}}},
                    HostRule{.block = "10.3.0.0/16", .replies = {EchoReply{.copies = 2}}, .lost = {2, 3}}};
  return scenario;
}

struct World {
  [[nodiscard]] SeriesOptions options(int count, Duration interval = 1s, Duration timeout = 1s) const {
    SeriesOptions options{.count = count, .interval = interval, .timeout = timeout};
    options.ping.transport = transport;
    options.ping.ignore_lookup_errors = true;
    return options;
  }
  [[nodiscard]] std::size_t sent() const { return transport->log().sent.size(); }
  /// From the first probe to the last time that the loop waited for.
  [[nodiscard]] Duration waited() const { return transport->log().last_waited - transport->log().sent.front().at; }
  std::shared_ptr<SimulatedTransport> transport = simulate(network(), {.record = true});
};

/// All rounds, by calls that wait this long.
std::vector<Round> polled(PingSeries& series, Duration step) {
  std::vector<Round> rounds;
  for (int calls = 0; !series.done(); ++calls) {
    BOOST_REQUIRE(calls < 100'000);
    if (auto round = series.poll(step)) rounds.push_back(std::move(*round));
  }
  BOOST_TEST(!series.poll(step).has_value());
  return rounds;
}

bool same(const Round& one, const Round& other) {
  return one.number == other.number &&
         std::ranges::equal(one.results, other.results, [](const Result& a, const Result& b) {
           return a.host == b.host && a.address == b.address && a.outcome == b.outcome && a.attempt == b.attempt;
         });
}

const std::vector<std::string> hosts{"10.0.0.1", "10.3.0.1", "10.1.0.1", "10.2.0.1", "10.0.0.1", "224.0.0.1"};

BOOST_AUTO_TEST_CASE(rounds_and_figures_are_those_of_the_range) {
  for (const Duration interval : {0ms, 1000ms}) {
    World plain;
    std::vector<Round> expected;
    PingSeries range{hosts, plain.options(6, interval, 3s)};
    for (const Round& round : range) expected.push_back(round);
    BOOST_REQUIRE_EQUAL(expected.size(), 6U);
    for (const Duration step : {1ms, 70ms, 400ms, 3'600'000ms}) {
      World world;
      PingSeries series{hosts, world.options(6, interval, 3s)};
      const auto rounds = polled(series, step);
      BOOST_TEST((std::ranges::equal(rounds, expected, same)), step.count());
      for (std::size_t i = 0; i < hosts.size(); ++i) {
        const Statistics &have = series.series()[i].statistics, &want = range.series()[i].statistics;
        BOOST_TEST(have.sent() == want.sent());
        BOOST_TEST(have.received() == want.received());
        BOOST_TEST(have.not_sent() == want.not_sent());
        BOOST_TEST(have.duplicates() == want.duplicates());
        BOOST_TEST((series.series()[i].slip == 0s));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_call_waits_no_longer_than_asked_and_sends_what_is_due) {
  World world;
  PingSeries series{{"10.2.0.1"}, world.options(2, 1s, 3s)};
  BOOST_TEST(!series.done());
  BOOST_TEST(!series.poll(0s).has_value());  // sends, and does not wait
  BOOST_TEST(world.sent() == 1U);
  BOOST_TEST((world.waited() <= 1ms));
  BOOST_TEST(!series.poll(-5s).has_value());
  BOOST_TEST((world.waited() <= 1ms));
  BOOST_TEST(!series.poll(400ms).has_value());
  BOOST_TEST((world.waited() >= 399ms && world.waited() <= 401ms));
  BOOST_TEST(!series.poll(1s).has_value());
  BOOST_TEST(world.sent() == 2U);  // the second was due after a second
  const auto first = series.poll(1h);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->number == 0);
  BOOST_TEST(first->results[0].outcome == Outcome::reply);
  BOOST_TEST((world.waited() >= 2499ms && world.waited() <= 2501ms));
  BOOST_TEST(series.series()[0].statistics.received() == 1U);
  BOOST_TEST(!series.done());
  BOOST_TEST(series.poll(1h)->number == 1);
  BOOST_TEST(series.done());
}

BOOST_AUTO_TEST_CASE(rounds_that_are_complete_together_come_one_by_one) {
  World world;
  // The third probe of the slow host is lost only when later rounds are complete for the others.
  PingSeries series{{"10.0.0.1", "10.3.0.1"}, world.options(4, 10ms, 1s)};
  int number = 0;
  BOOST_TEST(series.poll(1h)->number == number++);
  BOOST_TEST(!series.poll(900ms).has_value());  // the second round waits for the lost probe
  BOOST_TEST(world.sent() == 8U);
  BOOST_TEST(series.poll(200ms)->number == number++);
  while (number < 4) {
    const auto round = series.poll(20ms);
    if (round) BOOST_TEST(round->number == number++);
  }
  BOOST_TEST(series.done());
  BOOST_TEST((world.waited() <= 1100ms));
}

BOOST_AUTO_TEST_CASE(a_late_call_delays_the_schedule) {
  World world;
  PingSeries series{{"10.0.0.1"}, world.options(3, 1s)};
  BOOST_TEST(series.poll(1h)->number == 0);
  BOOST_TEST(series.poll(1h)->number == 1);
  BOOST_TEST(series.poll(1h)->number == 2);
  BOOST_TEST((series.series()[0].slip == 0s));
  BOOST_TEST((world.waited() >= 2s && world.waited() <= 2002ms));
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_by_calls_that_do_not_wait) {
  World world;
  SeriesOptions options = world.options(2, 0s);
  options.ping.max_rate = 100;
  std::vector<std::string> many;
  for (int i = 1; i <= 50; ++i) many.push_back("10.0.0." + std::to_string(i));
  PingSeries series{many, options};
  BOOST_TEST(polled(series, 5ms).size() == 2U);
  BOOST_TEST(world.sent() == 100U);
  BOOST_TEST((world.waited() >= 950ms && world.waited() <= 1200ms));
  for (const Series& each : series.series()) BOOST_TEST(each.statistics.received() == 2U);
}

BOOST_AUTO_TEST_CASE(after_a_stop_nothing_comes) {
  World world;
  std::stop_source source;
  SeriesOptions options = world.options(0);
  options.ping.stop = source.get_token();
  PingSeries series{{"10.0.0.1"}, options};
  BOOST_TEST(series.poll(1h)->number == 0);
  BOOST_TEST(!series.done());
  source.request_stop();
  BOOST_TEST(series.done());
  BOOST_TEST(!series.poll(1h).has_value());
  BOOST_TEST((world.waited() <= 10ms));
  BOOST_TEST(series.series()[0].statistics.received() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
