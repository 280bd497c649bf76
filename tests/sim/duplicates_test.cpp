// Tests Options::report_duplicates: further answers are results of their own, in virtual time.
// 10.4.0.0/16 answers three times, after 5 ms and each further time 2 ms later; 10.0.0.0/16 answers once.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

#include "multiping/multiping.hpp"
#include "multiping/traceroute.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(duplicates_test)

Options through_network(bool report) {
  const std::vector<EchoReply> three{{.delay = 5ms}, {.delay = 7ms}, {.delay = 9ms}};
  Scenario scenario{.name = "duplicates", .seed = 9};
  scenario.hosts = {HostRule{.block = "10.0.0.0/16"}, HostRule{.block = "127.0.0.0/8", .replies = three},
                    HostRule{.block = "10.4.0.0/16", .replies = three},
                    with_port("10.5.0.0/16", {.protocol = Protocol::udp, .accepts = three})};
  Options options;
  options.transport = simulate(std::move(scenario));
  options.report_duplicates = report;
  return options;
}

/// All completions that come within a second.
std::vector<Prober::Completion> all_of(Prober& prober) {
  std::vector<Prober::Completion> all;
  for (int i = 0; i < 100; ++i) {
    auto some = prober.poll(10ms);
    all.insert(all.end(), some.begin(), some.end());
    if (prober.in_flight() == 0) static_cast<void>(prober.submit(*Address::parse("10.0.0.9"), {}, 1s));
  }
  std::erase_if(all, [](const Prober::Completion& each) { return each.result.host == "10.0.0.9"; });
  return all;
}

BOOST_AUTO_TEST_CASE(a_token_comes_again_with_each_further_answer) {
  Prober prober{through_network(true)};
  const auto token = prober.submit(*Address::parse("10.4.0.1"), {}, 1s);
  const auto all = all_of(prober);
  BOOST_REQUIRE(all.size() == 3U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST_CONTEXT("answer " << i) {
      const Result& result = all[i].result;
      BOOST_TEST(all[i].token == token);
      BOOST_TEST(result.duplicate == (i > 0));
      BOOST_CHECK(result.outcome == Outcome::reply);
      BOOST_CHECK(result.responder == *Address::parse("10.4.0.1"));
      BOOST_TEST(result.attempt == 1U);
      BOOST_TEST(result.reply_size == 64U);
      BOOST_TEST((result.rtt >= Duration{5ms} + i * 2ms && result.rtt < Duration{5ms} + i * 2ms + 100us));
      BOOST_TEST((result.at - result.rtt - (all[0].result.at - all[0].result.rtt) < 1ms));
    }
  }
  BOOST_TEST(prober.counters().duplicates == 2U);
}

BOOST_AUTO_TEST_CASE(datagrams_are_told_too) {
  Prober prober{through_network(true)};
  static_cast<void>(prober.submit(*Address::parse("10.5.0.1"), udp(53), 1s));
  const auto all = all_of(prober);
  BOOST_REQUIRE(all.size() == 3U);
  BOOST_TEST(all[2].result.duplicate);
  BOOST_TEST((all[2].result.protocol == Protocol::udp && all[2].result.port == 53U));
}

BOOST_AUTO_TEST_CASE(without_the_option_a_token_comes_once) {
  Prober prober{through_network(false)};
  static_cast<void>(prober.submit(*Address::parse("10.4.0.1"), {}, 1s));
  BOOST_TEST(all_of(prober).size() == 1U);
  BOOST_TEST(prober.counters().duplicates == 2U);
}

struct Told {
  std::uint32_t position = 0;
  int round = 0;
  bool duplicate = false;
  auto operator<=>(const Told&) const = default;
};

std::vector<Told> told_by_series(const TargetList& targets, SeriesOptions options) {
  std::vector<Told> told;
  const auto series = ping_series(targets, options, [&](const Result& result, int round) {
    told.push_back({result.position, round, result.duplicate});
  });
  for (const Series& each : series) BOOST_TEST(each.statistics.received() == 2U);
  std::ranges::sort(told);
  return told;
}

BOOST_AUTO_TEST_CASE(a_series_calls_for_each_further_answer) {
  SeriesOptions options{.count = 2, .interval = 100ms, .timeout = 50ms};
  options.ping = through_network(true);
  const auto told = told_by_series({"10.4.0.1", "10.0.0.1", "10.4.0.1"}, options);
  // The call ends with the last result, so that the further answers to the last probes may come too late.
  std::vector<Told> first;
  std::ranges::copy_if(told, std::back_inserter(first), [](const Told& each) { return each.round == 0; });
  const std::vector<Told> expected{{0, 0, false}, {0, 0, true}, {0, 0, true}, {1, 0, false},
                                   {2, 0, false}, {2, 0, true}, {2, 0, true}};
  BOOST_TEST((first == expected));
  options.ping.report_duplicates = false;
  BOOST_TEST(std::ranges::none_of(told_by_series({"10.4.0.1"}, options), &Told::duplicate));
}

BOOST_AUTO_TEST_CASE(names_that_share_a_probe_share_its_further_answers) {
  // The second target is due 4 ms after the first, while the probe that it shares is under way.
  SeriesOptions options{.count = 2, .interval = 8ms, .timeout = 50ms, .resolve_every = 10s};
  options.ping = through_network(true);
  options.ping.resolve.family = Family::ipv4;
  const auto told = told_by_series({"localhost", "localhost"}, options);
  for (const std::uint32_t position : {0U, 1U}) BOOST_TEST(std::ranges::count(told, Told{position, 0, true}) >= 1);
}

BOOST_AUTO_TEST_CASE(rounds_and_batches_have_none) {
  SeriesOptions options{.count = 2, .interval = 100ms, .timeout = 50ms};
  options.ping = through_network(true);
  PingSeries series{"10.4.0.1", options};
  for (const Round& round : series) {
    BOOST_REQUIRE(round.results.size() == 1U);
    BOOST_TEST(!round.results[0].duplicate);
  }
  MultiPing batch{"10.4.0.1", options.ping};
  batch.send();
  const Batch first = batch.receive(1s), second = batch.receive(100ms);
  BOOST_TEST(first.responses.size() == 1U);
  BOOST_TEST(second.responses.empty());
  BOOST_TEST(!first.responses[0].duplicate);
}

BOOST_AUTO_TEST_CASE(a_trace_is_not_disturbed) {
  TraceOptions options;
  options.ping = through_network(true);
  BOOST_TEST(traceroute("10.4.0.1", options).at(0).reached);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
