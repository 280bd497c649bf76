// Tests series whose interval is too short for Options::max_rate, in virtual time: schedules slide and lose nothing.
// Rates that allow the interval are in series_test.cpp.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "multiping/ping_series.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(series_rate_test)

/// 50 targets that answer, at 100 probes a second: half a second for a round, whatever the interval.
constexpr Duration round_at_rate = 500ms;

struct World {
  [[nodiscard]] SeriesOptions options(int count, Duration interval) const {
    SeriesOptions options{.count = count, .interval = interval, .timeout = 200ms};
    options.ping.transport = transport;
    options.ping.max_rate = 100;
    return options;
  }
  std::shared_ptr<SimulatedTransport> transport =
      simulate({.hosts = {HostRule{.block = "10.0.0.0/16"}}}, {.record = true});
};

std::vector<std::string> fifty_hosts() {
  std::vector<std::string> hosts;
  for (int i = 1; i <= 50; ++i) hosts.push_back("10.0.0." + std::to_string(i));
  return hosts;
}

/// The pacer spreads probes in steps of its own.
bool about(Duration time, Duration expected) { return time >= expected - 25ms && time <= expected + 25ms; }

/// Checks that each host was asked once in each `round_at_rate`.
void check_spread(const World& world) {
  std::map<Address, Instant> last;
  for (const auto& packet : world.transport->log().sent) {
    const auto before = last.find(packet.to);
    if (before != last.end()) BOOST_TEST((about(packet.at - before->second, round_at_rate)));
    last[packet.to] = packet.at;
  }
  BOOST_TEST(last.size() == 50U);
}

/// The last probe of each target left late by what the rate takes more than the interval, in all rounds until then; the
/// schedule moved by the whole intervals of that.
void check_slips(std::span<const Series> all, Duration interval, int rounds) {
  const auto targets = std::ssize(all);
  for (std::ptrdiff_t i = 0; i < targets; ++i) {
    const Duration late = (round_at_rate - interval) * ((rounds - 1) * targets + i) / targets;
    const Duration slip = all[static_cast<std::size_t>(i)].lag();
    BOOST_TEST((slip <= late + 20ms && slip >= late - interval - 20ms), slip.count() << " of " << late.count());
    BOOST_TEST((slip % interval == 0s));
  }
}

BOOST_AUTO_TEST_CASE(an_interval_too_short_for_the_rate_slides) {
  for (const Duration interval : {1ms, 100ms, 300ms, 499ms}) {
    const World world;
    const auto all = ping_series(fifty_hosts(), world.options(20, interval));
    for (const Series& series : all) {
      BOOST_TEST(series.statistics.received() == 20U);
      BOOST_TEST(series.statistics.not_sent() == 0U);
    }
    check_slips(all, interval, 20);
    check_spread(world);
  }
}

BOOST_AUTO_TEST_CASE(an_interval_that_the_rate_allows_does_not_slide) {
  const World world;
  for (const Series& series : ping_series(fifty_hosts(), world.options(20, round_at_rate)))
    BOOST_TEST((series.slip == 0s));
  check_spread(world);
}

BOOST_AUTO_TEST_CASE(rounds_slide_with_the_rate_too) {
  const World world;
  PingSeries series{fifty_hosts(), world.options(5, 10ms)};
  int rounds = 0;
  for (const Round& round : series) rounds += round.results.back().answered() ? 1 : 0;
  BOOST_TEST(rounds == 5);
  check_slips(series.series(), 10ms, 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
