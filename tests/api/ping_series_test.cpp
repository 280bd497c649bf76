// Tests series of probes to this machine's own addresses: calls, results, and options that are refused.
// Tests that need exact times are in sim/; tests that need other networks are in netns/.
#include "multiping/ping_series.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>

#include "multiping/error.hpp"
#include "multiping/transport.hpp"
#include "support/loopback.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(ping_series_test)

static_assert(std::input_iterator<PingSeries::iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, PingSeries::iterator>);

/// A closed TCP port of this machine, which answers probes of any process, without privileges.
ProbeOptions closed_port() { return {.protocol = Protocol::tcp, .port = 9}; }
Target here(const std::string& host = "127.0.0.1") { return {host, closed_port()}; }

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator{folder}, std::filesystem::directory_iterator{});
}

/// The message of the std::invalid_argument for these options; "nothing" if they are accepted.
std::string complaint(const SeriesOptions& options, TargetList targets = here()) {
  try {
    static_cast<void>(ping_series(std::move(targets), options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

BOOST_AUTO_TEST_CASE(figures_of_every_position_in_order, *boost::unit_test::precondition(needs_loopback)) {
  const auto all = ping_series({here(), here("127.0.0.2"), here()}, {.count = 5, .interval = 20ms});
  BOOST_REQUIRE_EQUAL(all.size(), 3U);
  for (const auto& [host, address, figures, slip] : all) {
    BOOST_TEST(host == address.to_string());
    BOOST_TEST(figures.received() == 5U);
    BOOST_TEST(figures.loss() == 0.0);
    BOOST_CHECK(figures.min() > 0ns && figures.min() <= figures.mean() && figures.mean() <= figures.max());
  }
  BOOST_TEST(all[1].host == "127.0.0.2");
}

BOOST_AUTO_TEST_CASE(a_loop_over_rounds, *boost::unit_test::precondition(needs_loopback)) {
  PingSeries series{{here(), here("127.0.0.2")}, {.count = 3, .interval = 20ms}};
  int rounds = 0;
  for (const Round& round : series) {
    BOOST_TEST(round.number == rounds++);
    BOOST_REQUIRE_EQUAL(round.results.size(), 2U);
    BOOST_TEST(round.results[1].host == "127.0.0.2");
    for (const Result& result : round.results) BOOST_TEST(result.outcome == Outcome::refused);
  }
  BOOST_TEST(rounds == 3);
  BOOST_TEST(series.series()[0].statistics.received() == 3U);
  BOOST_TEST(series.counters().received == 6U);
}

BOOST_AUTO_TEST_CASE(an_empty_list_has_no_figures_and_no_rounds) {
  BOOST_TEST(ping_series({}, {.count = 0}).empty());
  PingSeries none{{}, {.count = 0}};
  BOOST_CHECK(none.begin() == none.end());
  BOOST_TEST(none.series().empty());
  BOOST_TEST(none.counters().sent == 0U);
}

BOOST_AUTO_TEST_CASE(a_list_of_which_nothing_can_be_probed_has_its_results_all_the_same) {
  const Target nowhere{"127.0.0.1", {.family = Family::ipv6}};
  SeriesOptions options{.count = 3, .interval = 10ms};
  options.ping.ignore_lookup_errors = true;
  int unresolved = 0;
  const auto all = ping_series({nowhere, "224.0.0.1"}, options, [&](const Result& result, int) {
    if (result.outcome == Outcome::unresolved) ++unresolved;
  });
  BOOST_TEST(unresolved == 3);
  BOOST_TEST(all[0].statistics.sent() == 0U);
  BOOST_TEST(all[0].statistics.unresolved() == 3U);
  BOOST_TEST(all[1].statistics.not_sent() == 3U);
  for (const Series& each : all) {
    BOOST_TEST(each.statistics.rounds() == 3U);
    BOOST_TEST(each.statistics.availability() == 0);
    BOOST_TEST(std::isnan(each.statistics.loss()));
  }
  options.ping.ignore_lookup_errors = false;
  BOOST_CHECK_THROW(static_cast<void>(ping_series({nowhere}, options)), ResolveError);
  BOOST_CHECK_THROW(PingSeries({nowhere}, options), ResolveError);
}

BOOST_AUTO_TEST_CASE(rounds_come_once) {
  PingSeries series{{here()}, {.count = 2, .interval = 1ms}};
  static_cast<void>(series.begin());
  BOOST_CHECK_THROW(static_cast<void>(series.begin()), std::logic_error);
}

BOOST_AUTO_TEST_CASE(rounds_come_by_poll_or_by_a_loop) {
  PingSeries ranged{{here()}, {.count = 2, .interval = 1ms}};
  static_cast<void>(ranged.begin());
  BOOST_CHECK_THROW(static_cast<void>(ranged.poll(0s)), std::logic_error);
  PingSeries polled{{here()}, {.count = 2, .interval = 1ms}};
  static_cast<void>(polled.poll(0s));
  BOOST_CHECK_THROW(static_cast<void>(polled.begin()), std::logic_error);
  while (!polled.done()) static_cast<void>(polled.poll(1s));
  BOOST_TEST(polled.series()[0].statistics.rounds() == 2U);
}

BOOST_AUTO_TEST_CASE(an_empty_list_is_done_from_the_start) {
  PingSeries none{{}, {.count = 0}};
  BOOST_TEST(none.done());
  BOOST_TEST(none.native_handle() >= 0);
  BOOST_TEST(!none.poll(1h).has_value());
}

BOOST_AUTO_TEST_CASE(an_object_can_be_moved) {
  PingSeries first{{here()}, {.count = 2, .interval = 1ms}};
  PingSeries series = std::move(first);
  int rounds = 0;
  for (auto at = series.begin(); at != series.end(); at++) rounds += (*at).results.size() == 1 ? 1 : 0;
  BOOST_TEST(rounds == 2);
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_named) {
  BOOST_TEST(complaint({.count = -1}) == "SeriesOptions::count is -1; it must be 0 (until stopped) or more");
  BOOST_TEST(complaint({.interval = -1s}) == "SeriesOptions::interval is -1000 ms; it must be 0 or more");
  const std::chrono::duration<double> nan{std::numeric_limits<double>::quiet_NaN()};
  BOOST_TEST(complaint({.timeout = nan}) == "SeriesOptions::timeout is -1 ns or not a number; it must be 0 or more");
  BOOST_TEST(complaint({.ping = {.threads = 2}}) ==
             "Options::threads is 2; it must be 0 or 1 for a series, which runs on the caller's thread alone");
  BOOST_TEST(complaint({.ping = {.threads = -1}}) == "Options::threads is -1; it must be 0 or more");
  BOOST_TEST(complaint({.ping = {.probe = {.ttl = 0}}}) == "ProbeOptions::ttl is 0; it must be 1 to 255");
  BOOST_CHECK_THROW(PingSeries({here()}, {.count = -1}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(lag_is_slip_and_a_series_comes_apart_in_four) {
  const Series late{.host = "late", .slip = 3s};
  BOOST_TEST((late.lag() == 3s));
  const auto& [host, address, figures, slip] = late;
  BOOST_TEST((slip == late.lag()));
  BOOST_TEST(host == "late");
  BOOST_TEST(!address);
  BOOST_TEST(figures.sent() == 0U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_throws_leaves_nothing_behind) {
  const auto descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  for (int i = 0; i < 20; ++i) {
    BOOST_CHECK_THROW(static_cast<void>(ping_series({here(), here("127.0.0.2")}, {.count = 0, .interval = 1ms},
                                                    [](const Result&, int round) {
                                                      if (round == 2) throw std::domain_error{"enough"};
                                                    })),
                      std::domain_error);
  }
  BOOST_TEST(entries("/proc/self/fd") == descriptors);
  BOOST_TEST(entries("/proc/self/task") == threads);
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_ends_an_endless_series,
                     *boost::unit_test::precondition(needs_loopback)) {
  std::stop_source source;
  SeriesOptions options{.count = 0, .interval = 5ms};
  options.ping.stop = source.get_token();
  int told = 0;
  std::jthread other;
  const auto all = ping_series({here()}, options, [&](const Result&, int) {
    if (++told == 3) other = std::jthread{[&source] { source.request_stop(); }};
  });
  BOOST_TEST(told >= 3);
  BOOST_TEST(all[0].statistics.sent() == static_cast<std::uint64_t>(told));
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_ends_a_wait_for_the_next_round,
                     *boost::unit_test::precondition(needs_loopback)) {
  std::stop_source source;
  SeriesOptions options{.count = 0, .interval = 1h};
  options.ping.stop = source.get_token();
  std::jthread other;
  const auto begun = std::chrono::steady_clock::now();
  const auto all = ping_series({here()}, options,
                               [&](const Result&, int) { other = std::jthread{[&source] { source.request_stop(); }}; });
  BOOST_CHECK(std::chrono::steady_clock::now() - begun < 60s);
  BOOST_TEST(all[0].statistics.received() == 1U);
}

bool refuses(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::logic_error&) {
    return true;
  }
  return false;
}

BOOST_AUTO_TEST_CASE(a_forked_child_cannot_go_on_with_it) {
  PingSeries series{{here()}, {.count = 3, .interval = 1ms}};
  PingSeries polled{{here()}, {.count = 3, .interval = 1ms}};
  auto at = series.begin();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = refuses([&] { ++at; }) && refuses([&] { static_cast<void>(polled.poll(0s)); });
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  ++at;
  BOOST_TEST((*at).number == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
