// Tests SeriesOptions::random_start in virtual time: where in the interval the first rounds of many programs begin.
// The bounds of random values are so wide that chance alone exceeds one of them once in 10^9 runs.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "multiping/ping_series.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(series_start_test)

constexpr Duration interval = 60s;

struct Program {
  explicit Program(bool random, Duration between = interval) {
    options.interval = between;
    options.random_start = random;
    options.ping.transport = transport;
    options.ping.ignore_lookup_errors = true;
  }
  /// When each probe was sent, counted from the start of the series.
  [[nodiscard]] std::vector<Duration> starts() const {
    std::vector<Duration> starts;
    for (const auto& packet : transport->log().sent) starts.push_back(packet.at - SimulatedHost{}.start);
    return starts;
  }

  std::shared_ptr<SimulatedTransport> transport =
      simulate({.hosts = {HostRule{.block = "10.0.0.0/16"}}}, {.record = true});
  SeriesOptions options{.count = 3};
};

/// The first starts of many programs, in order.
std::vector<Duration> first_starts(int programs) {
  std::vector<Duration> starts;
  for (int i = 0; i < programs; ++i) {
    Program program{true};
    program.options.count = 1;
    static_cast<void>(ping_series({"10.0.0.1"}, program.options));
    starts.push_back(program.starts().at(0));
  }
  std::ranges::sort(starts);
  return starts;
}

BOOST_AUTO_TEST_CASE(programs_that_start_together_are_spread_over_the_interval) {
  constexpr int programs = 400, parts = 4;
  const auto starts = first_starts(programs);
  BOOST_CHECK(starts.front() >= 0s && starts.back() < interval + 1ms);
  BOOST_TEST((std::ranges::adjacent_find(starts) == starts.end()));
  for (int part = 0; part < parts; ++part) {
    const auto in_part = std::ranges::count_if(starts, [&](Duration start) {
      return start >= interval * part / parts && start < interval * (part + 1) / parts;
    });
    BOOST_TEST((in_part > 45 && in_part < 155), in_part);  // the mean is 100, the standard deviation 8.7
  }
}

BOOST_AUTO_TEST_CASE(the_schedule_is_kept_from_there_on) {
  Program program{true};
  const auto all = ping_series({"10.0.0.1", "10.0.0.2"}, program.options);
  const auto starts = program.starts();
  BOOST_REQUIRE_EQUAL(starts.size(), 6U);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    const Duration off = starts[i] - starts[i - 1] - interval / 2;
    BOOST_CHECK(off > -10us && off < 10us);
  }
  for (const Series& series : all) {
    BOOST_CHECK(series.slip == 0s);
    BOOST_TEST(series.statistics.received() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(a_range_of_rounds_starts_so_too) {
  std::vector<Duration> starts;
  for (int i = 0; i < 20; ++i) {
    Program program{true};
    PingSeries series{{"10.0.0.1"}, program.options};
    int rounds = 0;
    for (const Round& round : series) rounds += round.results[0].answered() ? 1 : 0;
    BOOST_TEST(rounds == 3);
    starts.push_back(program.starts().at(0));
  }
  BOOST_CHECK(std::ranges::max(starts) - std::ranges::min(starts) > interval / 4);
}

BOOST_AUTO_TEST_CASE(by_default_and_without_an_interval_the_first_round_begins_at_once) {
  for (const Program& program : {Program{false}, Program{true, 0s}}) {
    static_cast<void>(ping_series({"10.0.0.1"}, program.options));
    BOOST_CHECK(program.starts().at(0) < 1ms);
  }
}

BOOST_AUTO_TEST_CASE(an_interval_that_never_ends_starts_some_time_within_it) {
  Program program{true, Duration::max()};
  program.options.count = 1;
  std::stop_source source;
  program.options.ping.stop = source.get_token();
  source.request_stop();
  BOOST_TEST(ping_series({"10.0.0.1"}, program.options)[0].statistics.rounds() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
