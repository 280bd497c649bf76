// Tests series of probes in virtual time: schedules to the microsecond, and figures that match the network exactly.
// Slow callers are tested with a clock that the callback itself advances.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cmath>
#include <deque>
#include <map>
#include <stdexcept>
#include <stop_token>

#include "multiping/multiping.hpp"
#include "sim/network.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(series_test)

constexpr Duration send_cost = 1us;

/// 10.0.0.0/16 and fd00::/64 answer after a millisecond, 10.1.0.0/16 is silent, 10.2.0.0/16 answers after 2.5 s,
/// 10.3.0.0/16 loses the second, third and seventh request, 10.4.0.0/16 answers three times, 10.5.0.0/16 after one
/// millisecond to four seconds, 10.6.0.0/16 loses a tenth; a router says that 10.7.0.0/16 is unreachable.
Scenario network() {
  Scenario scenario{.name = "series", .seed = 7};
  const RouterError unreachable{.from = *Address::parse("10.9.9.9")};
  scenario.hosts = {
      HostRule{.block = "10.0.0.0/16"},
      HostRule{.block = "fd00::/64"},
      silent("10.1.0.0/16"),
      HostRule{.block = "10.2.0.0/16", .replies = {EchoReply{.delay = 2500ms}}},
      HostRule{.block = "10.3.0.0/16", .lost = {2, 3, 7}},
      HostRule{.block = "10.4.0.0/16", .replies = {EchoReply{.copies = 3}}},
      HostRule{.block = "10.5.0.0/16", .replies = {EchoReply{.delay = 1ms, .jitter = 4s}}},
      HostRule{.block = "10.6.0.0/16", .loss = 0.1},
      only_error("10.7.0.0/16", unreachable),
  };
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp}) {
    scenario.hosts.push_back(with_open("10.8." + std::to_string(static_cast<int>(protocol)) + ".0/24", protocol));
    scenario.hosts.push_back(with_closed("10.9." + std::to_string(static_cast<int>(protocol)) + ".0/24", protocol));
  }
  return scenario;
}

std::vector<std::string> hosts_of(const std::string& prefix, std::size_t count) {
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < count; ++i)
    hosts.push_back(prefix + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
  return hosts;
}

/// A target without an address, which needs no lookup.
Target unresolvable() { return {"10.0.0.1", {.family = Family::ipv6}}; }

struct World {
  explicit World(SimulatedHost host = {}) : transport{simulate(network(), recorded(std::move(host)))} {}
  static SimulatedHost recorded(SimulatedHost host) {
    host.record = true;
    return host;
  }
  [[nodiscard]] SeriesOptions options(int count, Duration interval = 1s, Duration timeout = 1s) const {
    SeriesOptions options{.count = count, .interval = interval, .timeout = timeout};
    options.ping.transport = transport;
    options.ping.ignore_lookup_errors = true;
    return options;
  }
  /// Sending times by host, counted from the first one.
  [[nodiscard]] std::map<Address, std::vector<Duration>> starts() const {
    std::map<Address, std::vector<Duration>> starts;
    for (const auto& packet : transport->log().sent)
      starts[packet.to].push_back(packet.at - transport->log().sent.front().at);
    return starts;
  }
  std::shared_ptr<SimulatedTransport> transport;
};

bool about(Duration time, Duration expected) { return time >= expected - 50us && time <= expected + 50us; }

struct Told {
  Result result;
  int round;
};
/// For on_result: keeps every result.
auto keep(std::vector<Told>& told) {
  return [&told](const Result& result, int round) { told.push_back({result, round}); };
}

BOOST_AUTO_TEST_CASE(a_thousand_targets_start_on_time_for_sixty_rounds) {
  World world;
  const auto hosts = hosts_of("10.0.", 1000);
  const auto all = ping_series(hosts, world.options(60));
  const auto starts = world.starts();
  BOOST_REQUIRE_EQUAL(starts.size(), 1000U);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto& times = starts.at(*Address::parse(hosts[i]));
    BOOST_REQUIRE_EQUAL(times.size(), 60U);
    for (std::size_t round = 0; round < 60; ++round) {
      const Duration due = Duration{1ms} * i + Duration{1s} * round;  // evenly spread, without drift
      BOOST_REQUIRE(times[round] >= due - send_cost && times[round] <= due + send_cost);
    }
    BOOST_REQUIRE_EQUAL(all[i].statistics.received(), 60U);
    BOOST_REQUIRE(all[i].slip == 0s);
  }
}

BOOST_AUTO_TEST_CASE(results_come_as_they_are_known_and_name_their_round) {
  World world;
  std::vector<Told> told;
  const auto all = ping_series({"10.0.0.1", "10.1.0.1"}, world.options(2, 1s, 700ms), keep(told));
  const std::vector<std::pair<std::string, int>> expected{
      {"10.0.0.1", 0}, {"10.0.0.1", 1}, {"10.1.0.1", 0}, {"10.1.0.1", 1}};
  BOOST_REQUIRE_EQUAL(told.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(told[i].result.host == expected[i].first);
    BOOST_TEST(told[i].round == expected[i].second);
    BOOST_TEST(told[i].result.attempt == 1U);
  }
  BOOST_TEST(told[0].result.outcome == Outcome::reply);
  BOOST_TEST(told[2].result.outcome == Outcome::no_reply);
  BOOST_REQUIRE_EQUAL(all.size(), 2U);
  BOOST_TEST(all[0].host == "10.0.0.1");
  BOOST_CHECK(all[0].address == *Address::parse("10.0.0.1"));
  BOOST_TEST(all[0].statistics.received() == 2U);
  BOOST_TEST(all[1].statistics.loss() == 1.0);
}

BOOST_AUTO_TEST_CASE(losses_and_duplicates_as_the_network_dealt_them) {
  World world;
  const auto all = ping_series({"10.3.0.1", "10.4.0.1", "10.7.0.1"}, world.options(10));
  BOOST_TEST(all[0].statistics.sent() == 10U);
  BOOST_TEST(all[0].statistics.lost() == 3U);
  BOOST_TEST(all[0].statistics.longest_loss() == 2U);
  BOOST_TEST(all[1].statistics.received() == 10U);
  BOOST_TEST(all[1].statistics.duplicates() == 20U);  // the last two arrive while the third target is awaited
  BOOST_TEST(all[2].statistics.loss() == 1.0);
  BOOST_TEST(all[2].statistics.longest_loss() == 10U);
}

BOOST_AUTO_TEST_CASE(jitter_and_reordering_as_the_network_dealt_them) {
  World world;
  std::vector<Told> told;
  const auto all = ping_series({"10.5.0.1"}, world.options(100, 1s, 5s), keep(told));
  BOOST_REQUIRE_EQUAL(told.size(), 100U);
  BOOST_TEST(!std::ranges::is_sorted(told, {}, &Told::round));
  std::ranges::sort(told, {}, &Told::round);
  const auto sent = world.starts().begin()->second;
  Statistics expected;
  for (std::size_t i = 0; i < 100; ++i) {
    expected.add(told[i].result);
    bool overtaken = false;
    for (std::size_t later = i + 1; later < 100; ++later)
      overtaken = overtaken || sent[later] + told[later].result.rtt < sent[i] + told[i].result.rtt;
    if (overtaken) expected.add_reordered();
  }
  BOOST_TEST(expected.reordered() > 10U);
  BOOST_TEST((all[0].statistics == expected));
}

// Round-trip times are evenly distributed between one millisecond and four seconds.
BOOST_AUTO_TEST_CASE(percentiles_and_mean_as_the_network_dealt_them) {
  World world;
  const Statistics figures = ping_series({"10.5.0.1"}, world.options(4000, 10ms, 5s)).at(0).statistics;
  BOOST_TEST(figures.received() == 4000U);
  for (const double percent : {10.0, 25.0, 50.0, 75.0, 99.0})
    BOOST_TEST(to_milliseconds(figures.percentile(percent)) == 1 + 40 * percent, boost::test_tools::tolerance(0.08));
  BOOST_TEST(to_milliseconds(figures.mean()) == 2001.0, boost::test_tools::tolerance(0.03));
  BOOST_TEST(to_milliseconds(figures.stddev()) == 4000 / std::sqrt(12.0), boost::test_tools::tolerance(0.03));
  // The mean difference of two such times; the last sixteen count most.
  BOOST_TEST(to_milliseconds(figures.jitter()) == 4000 / 3.0, boost::test_tools::tolerance(0.5));
}

BOOST_AUTO_TEST_CASE(a_deadline_past_the_next_start_loses_no_slow_answer) {
  World world;
  const auto all = ping_series({"10.2.0.1"}, world.options(20, 1s, 3s));
  BOOST_TEST(all[0].statistics.received() == 20U);
  BOOST_CHECK(about(all[0].statistics.min(), 2500ms));
  BOOST_CHECK(about(all[0].statistics.max(), 2500ms));
  const auto starts = world.starts().begin()->second;
  for (int round = 0; round < 20; ++round) BOOST_CHECK(about(starts[static_cast<std::size_t>(round)], 1s * round));
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_no_other_probes_answer) {
  World world;
  PingSeries series{{"10.2.0.1"}, world.options(8, 1s, 1s)};
  for (const Round& round : series) BOOST_TEST(round.results[0].outcome == Outcome::no_reply);
  BOOST_TEST(series.series()[0].statistics.received() == 0U);
  BOOST_TEST(series.counters().late == 6U);  // the answers to the first six arrived within the eight seconds
  BOOST_TEST(series.counters().unauthenticated == 0U);
}

BOOST_AUTO_TEST_CASE(dead_slow_and_unresolved_targets_delay_nobody) {
  World world{SimulatedHost{.refusals = {{.block = "10.0.0.66", .error = ENETUNREACH}}}};
  std::vector<Target> targets{"10.1.0.1", "10.2.0.1", unresolvable(), "224.0.0.1", "10.0.0.66"};
  for (const auto& host : hosts_of("10.0.1", 5)) targets.emplace_back(host);
  std::vector<Told> told;
  const auto all = ping_series(targets, world.options(10, 1s, 5s), keep(told));
  BOOST_TEST(told.size() == 100U);
  for (const auto& [address, times] : world.starts()) {
    BOOST_REQUIRE_EQUAL(times.size(), 10U);
    for (std::size_t round = 1; round < 10; ++round) BOOST_CHECK(about(times[round] - times[round - 1], 1s));
  }
  BOOST_TEST(all[1].statistics.received() == 10U);
  BOOST_TEST(all[2].statistics.unresolved() == 10U);
  BOOST_TEST(all[2].statistics.rounds() == 10U);
  BOOST_TEST(all[2].statistics.sent() == 0U);
  BOOST_TEST(!all[2].address);
  BOOST_TEST(all[3].statistics.not_sent() == 10U);
  BOOST_TEST(all[4].statistics.not_sent() == 10U);
  BOOST_TEST(all[4].statistics.sent() == 0U);
  for (std::size_t i = 5; i < 10; ++i) BOOST_TEST(all[i].statistics.received() == 10U);
}

BOOST_AUTO_TEST_CASE(positions_of_one_address_are_one_target) {
  World world;
  std::vector<Told> told;
  const auto all = ping_series({"10.3.0.1", "10.0.0.9", "10.3.0.1", "10.3.0.1"}, world.options(5), keep(told));
  BOOST_TEST(world.transport->log().sent.size() == 10U);
  BOOST_TEST(told.size() == 20U);
  for (const std::size_t i : {0U, 2U, 3U}) {
    BOOST_TEST(all[i].host == "10.3.0.1");
    BOOST_TEST(all[i].statistics.received() == 3U);
  }
  BOOST_CHECK(about(world.starts().begin()->second[0], 500ms));  // two targets, half an interval apart
}

BOOST_AUTO_TEST_CASE(every_protocol_and_family) {
  World world;
  std::vector<Target> targets{"fd00::1"};
  for (const ProbeOptions& probe : {udp(), tcp(), half_open()}) {
    const auto subnet = std::to_string(static_cast<int>(probe.protocol)) + ".1";
    targets.emplace_back("10.8." + subnet, probe);
    targets.emplace_back("10.9." + subnet, probe);
  }
  for (const auto& [host, address, figures, slip] : ping_series(targets, world.options(5, 200ms)))
    BOOST_TEST(figures.received() == 5U, host);
}

BOOST_AUTO_TEST_CASE(a_flood_goes_as_fast_as_answers_come) {
  World world;
  std::vector<Told> told;
  const auto all =
      ping_series({"10.0.0.1", "10.1.0.1", unresolvable(), "224.0.0.1"}, world.options(100, 0s, 200ms), keep(told));
  BOOST_TEST(all[0].statistics.received() == 100U);
  BOOST_TEST(all[1].statistics.lost() == 100U);
  BOOST_TEST(all[3].statistics.not_sent() == 100U);
  BOOST_TEST(told.size() == 400U);
  const auto starts = world.starts();
  const auto& live = starts.at(*Address::parse("10.0.0.1"));
  BOOST_CHECK(live.back() < 110ms);
  const Duration dead = starts.at(*Address::parse("10.1.0.1")).back();
  BOOST_CHECK(dead >= 99 * 200ms && dead < 99 * 200ms + 5ms);
  for (std::size_t i = 1; i < live.size(); ++i) BOOST_CHECK(live[i] - live[i - 1] >= 1ms);  // one in flight
}

BOOST_AUTO_TEST_CASE(a_flood_of_rounds_goes_in_step) {
  World world;
  PingSeries series{{"10.0.0.1", "10.1.0.1", unresolvable()}, world.options(50, 0s, 20ms)};
  int rounds = 0;
  for (const Round& round : series) {
    BOOST_TEST(round.number == rounds++);
    BOOST_REQUIRE_EQUAL(round.results.size(), 3U);
    BOOST_TEST(round.results[0].outcome == Outcome::reply);
    BOOST_TEST(round.results[1].outcome == Outcome::no_reply);
    BOOST_TEST(round.results[2].outcome == Outcome::unresolved);
    BOOST_TEST(world.transport->log().sent.size() == static_cast<std::size_t>(2 * rounds));
  }
  BOOST_TEST(rounds == 50);
}

BOOST_AUTO_TEST_CASE(two_hundred_thousand_probes_lose_exactly_what_was_lost) {
  World world;
  const unsigned count = sanitized ? 200 : 1000;
  const auto hosts = hosts_of("10.6.", count);
  const auto all = ping_series(hosts, world.options(200, 100ms, 350ms));
  const Scenario scenario = network();
  const SimNetwork dealt{scenario};
  std::uint64_t lost_in_all = 0;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::uint64_t lost = 0, run = 0, longest = 0;
    for (unsigned attempt = 1; attempt <= 200; ++attempt) {
      run = dealt.loses(*Address::parse(hosts[i]), attempt) ? run + 1 : 0;
      lost += run > 0 ? 1U : 0U;
      longest = std::max(longest, run);
    }
    BOOST_REQUIRE_EQUAL(all[i].statistics.sent(), 200U);
    BOOST_REQUIRE_EQUAL(all[i].statistics.lost(), lost);
    BOOST_REQUIRE_EQUAL(all[i].statistics.longest_loss(), longest);
    lost_in_all += lost;
  }
  BOOST_TEST(lost_in_all > 15U * count);
  BOOST_TEST(lost_in_all < 25U * count);
}

BOOST_AUTO_TEST_CASE(what_is_in_flight_at_a_stop_counts_for_nothing) {
  std::stop_source source;
  World world{SimulatedHost{.happenings = {{.at = 10'200ms, .action = [&] { source.request_stop(); }}}}};
  SeriesOptions options = world.options(0, 1s, 3s);
  options.ping.stop = source.get_token();
  const auto all = ping_series({"10.2.0.1", "10.1.0.1", "10.0.0.1"}, options);
  BOOST_TEST(all[0].statistics.sent() == 8U);  // sent at 0 s to 10 s, answered 2.5 s later
  BOOST_TEST(all[0].statistics.received() == 8U);
  BOOST_TEST(all[1].statistics.sent() == 7U);  // sent from 0.33 s on, and silent for three seconds
  BOOST_TEST(all[1].statistics.lost() == 7U);
  BOOST_TEST(all[2].statistics.received() == 10U);
  BOOST_TEST(world.transport->log().sent.size() == 11U + 10U + 10U);
}

BOOST_AUTO_TEST_CASE(a_stop_by_the_callback_is_the_last_that_is_told) {
  World world;
  std::stop_source source;
  SeriesOptions options = world.options(0, 100ms);
  options.ping.stop = source.get_token();
  int told = 0;
  const auto all = ping_series(hosts_of("10.0.", 10), options, [&](const Result&, int) {
    if (++told == 25) source.request_stop();
  });
  BOOST_TEST(told == 25);
  std::uint64_t counted = 0;
  for (const Series& series : all) counted += series.statistics.sent();
  BOOST_TEST(counted == 25U);
  BOOST_TEST(ping_series({"10.0.0.1"}, options)[0].statistics.sent() == 0U);  // later calls end at once
}

BOOST_AUTO_TEST_CASE(no_round_comes_after_a_stop) {
  World world;
  std::stop_source source;
  SeriesOptions options = world.options(0, 100ms);
  options.ping.stop = source.get_token();
  PingSeries series{{"10.0.0.1", "10.0.0.2"}, options};
  int rounds = 0;
  for (const Round& round : series) {
    if (round.number == 4) source.request_stop();
    ++rounds;
  }
  BOOST_TEST(rounds == 5);
  BOOST_TEST(series.series()[1].statistics.sent() == 5U);
}

BOOST_AUTO_TEST_CASE(what_the_callback_throws_reaches_the_caller) {
  World world;
  int told = 0;
  const auto throwing = [&](const Result&, int) {
    if (++told == 5) throw std::domain_error{"enough"};
  };
  BOOST_CHECK_THROW(static_cast<void>(ping_series(hosts_of("10.0.", 3), world.options(0), throwing)),
                    std::domain_error);
  BOOST_TEST(told == 5);
  BOOST_TEST(world.transport->log().sent.size() == 5U);
}

BOOST_AUTO_TEST_CASE(rounds_come_in_order_and_whole) {
  World world;
  PingSeries series{{"10.5.0.1", "10.5.0.2", "10.0.0.1"}, world.options(30, 1s, 5s)};
  int rounds = 0;
  for (const Round& round : series) {
    BOOST_TEST(round.number == rounds++);
    BOOST_REQUIRE_EQUAL(round.results.size(), 3U);
    for (const Result& result : round.results) BOOST_TEST(result.outcome == Outcome::reply);
    for (const Series& each : series.series()) BOOST_TEST(each.statistics.sent() == static_cast<std::uint64_t>(rounds));
  }
  BOOST_TEST(rounds == 30);
  BOOST_TEST(series.series()[0].statistics.reordered() > 3U);
  BOOST_TEST(series.series()[2].statistics.reordered() == 0U);
}

BOOST_AUTO_TEST_CASE(a_rate_that_just_suffices_keeps_the_schedule) {
  World world;
  SeriesOptions options = world.options(20);
  options.ping.max_rate = 100;
  const auto all = ping_series(hosts_of("10.0.", 100), options);
  for (const auto& [address, times] : world.starts()) {
    BOOST_REQUIRE_EQUAL(times.size(), 20U);
    for (std::size_t round = 1; round < 20; ++round) {
      const Duration gap = times[round] - times[0] - Duration{1s} * round;
      BOOST_TEST((gap > -25ms && gap < 25ms));  // the pacer spreads the probes in steps of its own
    }
  }
  for (const Series& series : all) {
    BOOST_TEST(series.statistics.received() == 20U);
    BOOST_CHECK(series.slip == 0s);
  }
}

BOOST_AUTO_TEST_CASE(a_flood_keeps_to_the_rate_and_no_deadline_passes_before_its_probe_leaves) {
  World world;
  SeriesOptions options = world.options(10, 0s, 200ms);
  options.ping.max_rate = 100;
  const auto all = ping_series(hosts_of("10.0.", 50), options);
  for (const Series& series : all) {
    BOOST_TEST(series.statistics.received() == 10U);
    BOOST_TEST(series.statistics.not_sent() == 0U);
  }
  const auto& sent = world.transport->log().sent;
  BOOST_CHECK(sent.back().at - sent.front().at >= 4900ms);
  BOOST_CHECK(sent.back().at - sent.front().at <= 5200ms);
}

BOOST_AUTO_TEST_CASE(a_burst_that_takes_longer_to_send_than_its_probes_wait_loses_nothing) {
  World world;
  // Sending takes five milliseconds; each answer comes after one millisecond.
  const auto all = ping_series(hosts_of("10.0.", 5000), world.options(2, 0s, 2ms));
  std::uint64_t received = 0;
  for (const Series& series : all) received += series.statistics.received();
  BOOST_TEST(received == 10'000U);
}

BOOST_AUTO_TEST_CASE(what_this_host_had_no_room_for_is_not_sent_and_no_loss) {
  World world{SimulatedHost{.no_buffers_until = 1h}};
  std::vector<Told> told;
  const auto all = ping_series({"10.0.0.1"}, world.options(3), keep(told));
  BOOST_TEST(all[0].statistics.sent() == 0U);
  BOOST_TEST(all[0].statistics.not_sent() == 3U);
  for (const Told& each : told) {
    BOOST_TEST(each.result.outcome == Outcome::send_failed);
    BOOST_TEST(static_cast<bool>(each.result.error));
  }
}

BOOST_AUTO_TEST_CASE(a_process_that_was_stopped_slips_and_loses_nothing) {
  SimulatedHost host;
  host.stall = SimulatedHost::Stall{.at = 2'000'500us, .length = 5s};  // answers wait in the receive buffer meanwhile
  World world{host};
  const auto all = ping_series({"10.0.0.1", "10.0.0.2"}, world.options(10));
  for (const Series& series : all) {
    BOOST_TEST(series.statistics.received() == 10U);
    BOOST_CHECK(about(series.statistics.max(), 1ms));
    BOOST_CHECK(series.slip == 4s);
  }
}

/// A network that answers after a millisecond. Its clock advances only in waits and when a test adds time.
struct Clock {
  Instant now{1000s};
  std::vector<Duration> starts{};
};
class ClockedWay final : public net::ProbeTransport {
 public:
  explicit ClockedWay(std::shared_ptr<Clock> clock) : clock_{std::move(clock)} {}
  Instant now() noexcept override { return clock_->now; }
  void set_profile(net::ProfileNumber, const ProbeOptions&) override {}
  net::Obstacle prepare(Family, net::ProfileNumber) override { return {}; }
  std::size_t credit() const noexcept override { return 32; }
  Sent send(std::span<const net::Probe> probes, std::span<Instant> sent_at) override {
    for (std::size_t i = 0; i < probes.size(); ++i) {
      sent_at[i] = clock_->now;
      clock_->starts.push_back(clock_->now - Instant{1000s});
      answers_.push_back({.serial = probes[i].serial, .responder = *probes[i].to, .arrival = {{}, clock_->now + 1ms}});
    }
    return {.accepted = probes.size(), .refused = {}};
  }
  void receive(const net::ProbeBook&, std::vector<net::Event>& events) override {
    for (; !answers_.empty() && *answers_.front().arrival.stamp <= clock_->now; answers_.pop_front()) {
      answers_.front().arrival.read = clock_->now;
      events.push_back(answers_.front());
    }
  }
  void wait(Instant until) override {
    clock_->now = std::max(clock_->now, answers_.empty() ? until : std::min(until, *answers_.front().arrival.stamp));
  }
  void wake() noexcept override {}
  int native_handle() noexcept override { return -1; }
  Counters counters() noexcept override { return {}; }

 private:
  std::shared_ptr<Clock> clock_;
  std::deque<net::Event> answers_;
};

class ClockedTransport final : public Transport {
 public:
  Capabilities capabilities() const noexcept override { return {.ipv4 = true}; }
  std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded&) const override {
    return std::make_unique<ClockedWay>(clock);
  }
  std::shared_ptr<Clock> clock = std::make_shared<Clock>();
};

struct SlowWorld {
  SeriesOptions options(int count) const {
    SeriesOptions options{.count = count};
    options.ping.transport = transport;
    return options;
  }
  std::shared_ptr<ClockedTransport> transport = std::make_shared<ClockedTransport>();
  Clock& clock = *transport->clock;
};

BOOST_AUTO_TEST_CASE(a_callback_slower_than_the_interval_slips_and_loses_nothing) {
  SlowWorld world;
  const auto all = ping_series({"10.0.0.1"}, world.options(8), [&](const Result&, int) { world.clock.now += 1500ms; });
  BOOST_TEST(all[0].statistics.received() == 8U);
  BOOST_CHECK(all[0].statistics.max() == 1ms);
  BOOST_CHECK(all[0].slip >= 3s && all[0].slip <= 4s);  // seven callbacks took ten and a half seconds instead of seven
  for (std::size_t i = 1; i < world.clock.starts.size(); ++i)
    BOOST_TEST((world.clock.starts[i] - world.clock.starts[i - 1] >= 1s));  // no burst follows the delay
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_slow_for_many_targets_piles_up_no_more_than_a_round) {
  SlowWorld world;
  std::size_t told = 0, most_untold = 0;
  const auto all = ping_series(hosts_of("10.0.", 100), world.options(20), [&](const Result&, int) {
    ++told;
    world.clock.now += 25ms;  // a round of a second takes two and a half
    most_untold = std::max(most_untold, world.clock.starts.size() - told);
  });
  for (const Series& series : all) {
    BOOST_TEST(series.statistics.received() == 20U);
    BOOST_CHECK(series.slip >= 20s);
  }
  BOOST_TEST(most_untold <= 300U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_slow_now_and_then_moves_no_schedule) {
  SlowWorld world;
  const auto all = ping_series(hosts_of("10.0.", 10), world.options(20), [&](const Result&, int) {
    world.clock.now += 90ms;  // nine tenths of the time that there is
  });
  for (const Series& series : all) BOOST_CHECK(series.slip == 0s);
  BOOST_CHECK(world.clock.starts.back() < 20s);
}

BOOST_AUTO_TEST_CASE(a_slow_loop_over_rounds_slips_and_loses_nothing) {
  SlowWorld world;
  PingSeries series{{"10.0.0.1"}, world.options(6)};
  for (const Round& round : series) {
    BOOST_TEST(round.results[0].outcome == Outcome::reply);
    world.clock.now += 3s;
  }
  BOOST_TEST(series.series()[0].statistics.received() == 6U);
  BOOST_CHECK(series.series()[0].slip >= 9s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
