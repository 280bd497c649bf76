// Tests a batch over virtual time on the simulator: retries, pacing, late answers, full buffers, refused sends, stalls.
// Each case is one virtual network and takes no real time.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <numeric>
#include <random>

#include "multiping/multiping.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(behaviour_test)

constexpr TransportKind both_kinds[] = {TransportKind::raw, TransportKind::ping_socket};

Scenario answering(Duration delay, Duration jitter = {}, double loss = 0) {
  Scenario scenario{.name = "answering", .seed = 7};
  scenario.hosts = {{.block = "10.0.0.0/8", .replies = {{.delay = delay, .jitter = jitter}}, .loss = loss}};
  return scenario;
}

Options through(std::shared_ptr<Transport> transport) {
  Options options;
  options.threads = 1;
  options.transport = std::move(transport);
  return options;
}

std::vector<Address> addresses(std::uint32_t count) {
  std::vector<Address> list;
  for (std::uint32_t i = 0; i < count; ++i)
    list.push_back(Address::v4({10, static_cast<std::uint8_t>(1 + (i >> 16U)), static_cast<std::uint8_t>(i >> 8U),
                                static_cast<std::uint8_t>(i)}));
  return list;
}

std::size_t count(std::span<const Result> results, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &Result::outcome));
}

std::vector<Duration> sending_times(const SimulatedTransport& transport) {
  std::vector<Duration> times;
  for (const auto& packet : transport.log().sent) times.push_back(packet.at - transport.log().sent.front().at);
  return times;
}

BOOST_AUTO_TEST_CASE(retries_leave_at_equal_intervals_and_only_to_the_silent) {
  Scenario scenario = answering(10ms);
  scenario.hosts.push_back({.block = "10.9.0.1", .replies = {}});
  const auto transport = simulate(scenario, {.record = true});
  const Batch batch = multi_ping({"10.1.0.1", "10.9.0.1"}, 2s, 3, through(transport));
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_REQUIRE(batch.no_responses.size() == 1U);
  BOOST_TEST(batch.no_responses[0].attempt == 4U);
  const std::vector<Duration> times = sending_times(*transport);
  BOOST_REQUIRE(times.size() == 5U);
  const Duration expected[] = {0s, 0s, 500ms, 1s, 1500ms};
  for (std::size_t i = 0; i < times.size(); ++i)
    BOOST_TEST((times[i] >= expected[i] && times[i] <= expected[i] + 1ms), "probe " << i);
}

BOOST_AUTO_TEST_CASE(it_returns_when_all_have_answered) {
  const auto transport = simulate(answering(10ms), {.record = true});
  const Batch batch = multi_ping({"10.1.0.1", "10.1.0.2"}, 3600s, 1, through(transport));
  BOOST_TEST(batch.responses.size() == 2U);
  BOOST_TEST(transport->log().sent.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_evenly) {
  const auto transport = simulate(answering(1ms), {.record = true});
  Options options = through(transport);
  options.max_rate = 100;
  MultiPing batch{addresses(200), options};
  batch.send();
  const std::vector<Duration> times = sending_times(*transport);
  BOOST_REQUIRE(times.size() == 200U);
  BOOST_TEST((times.back() >= 1980ms && times.back() <= 2000ms));
  for (std::size_t i = 1; i < times.size(); ++i) BOOST_TEST((times[i] - times[i - 1] <= 11ms));
}

BOOST_AUTO_TEST_CASE(what_pacing_could_not_send_in_time_is_pending) {
  Options options = through(simulate(answering(1ms)));
  options.max_rate = 10;
  const Batch batch = multi_ping(addresses(100), 1s, 0, options);
  BOOST_TEST((batch.responses.size() >= 9U && batch.responses.size() <= 12U));
  BOOST_TEST(count(batch.no_responses, Outcome::pending) >= 88U);
  BOOST_TEST(batch.no_responses.back().attempt == 0U);
}

// The answers to the probes of the first round are late; those to the second round count.
BOOST_AUTO_TEST_CASE(after_a_reset_old_answers_are_late) {
  for (const TransportKind kind : both_kinds) {
    MultiPing batch{addresses(50), through(simulate(answering(80ms), {.sockets = kind}))};
    batch.send();
    BOOST_TEST(batch.receive(50ms).no_responses.size() == 50U);
    batch.reset();
    BOOST_TEST(batch.unanswered() == 50U);
    batch.send();
    BOOST_TEST(batch.receive(60ms).responses.size() == 0U);
    BOOST_TEST(batch.counters().late == 50U);
    const Batch fresh = batch.receive(1s);
    BOOST_TEST(fresh.responses.size() == 50U);
    for (const Result& result : fresh.responses) BOOST_TEST((result.rtt >= 80ms && result.rtt < 81ms));
    BOOST_TEST(batch.counters().received == 50U);
  }
}

// The sequence numbers wrap around three times while all probes are in flight.
BOOST_AUTO_TEST_CASE(two_hundred_thousand_probes_lose_exactly_what_the_network_lost) {
  const Scenario scenario = answering(5ms, 200ms, 0.1);
  const SimNetwork network{scenario};
  std::vector<Address> list = addresses(200'000);
  std::shuffle(list.begin(), list.end(), std::mt19937{42});
  MultiPing batch{list, through(simulate(scenario, {.buffer_packets = 4096}))};
  batch.send();
  static_cast<void>(batch.receive(1s));
  std::size_t wrong = 0, lost = 0;
  for (const Result& result : batch.results()) {
    const bool expected = network.loses(result.address, 1);
    lost += expected ? 1U : 0U;
    if (result.outcome != (expected ? Outcome::no_reply : Outcome::reply)) ++wrong;
  }
  BOOST_TEST(wrong == 0U);
  BOOST_TEST((lost > 19'000U && lost < 21'000U));
  BOOST_TEST(batch.counters().received == 200'000U - lost);
  BOOST_TEST(batch.counters().unauthenticated == 0U);
}

BOOST_AUTO_TEST_CASE(a_small_buffer_and_quick_hosts_lose_nothing) {
  for (const std::size_t room : {1U, 2U, 16U, 256U}) {
    SimulatedHost host;
    host.buffer_packets = room;
    MultiPing batch{addresses(5000), through(simulate(answering(1us), host))};
    batch.send();
    BOOST_TEST(batch.receive(1s).responses.size() == 5000U);
    BOOST_TEST(batch.counters().receive_drops == 0U);
    BOOST_TEST(batch.counters().sent == 5000U);
  }
}

// All answers arrive at about the same time: the receive buffer cannot hold them, and silent hosts are probed again.
BOOST_AUTO_TEST_CASE(drops_of_this_host_are_made_good) {
  SimulatedHost host;
  host.buffer_packets = 64;
  host.stall = SimulatedHost::Stall{.at = 5ms, .length = 200ms};
  MultiPing batch{addresses(500), through(simulate(answering(50ms), host))};
  batch.send();
  BOOST_TEST(batch.receive(2s).responses.size() == 500U);
  BOOST_TEST(batch.counters().receive_drops > 0U);
}

BOOST_AUTO_TEST_CASE(a_stall_beyond_the_deadline_loses_no_answer_that_came_in_time) {
  for (const TransportKind kind : both_kinds) {
    SimulatedHost host;
    host.sockets = kind;
    host.stall = SimulatedHost::Stall{.at = 5ms, .length = 1500ms};
    MultiPing batch{addresses(200), through(simulate(answering(50ms), host))};
    batch.send();
    const Batch answers = batch.receive(400ms);
    BOOST_TEST(answers.responses.size() == 200U);
    for (const Result& result : answers.responses) {
      BOOST_TEST((result.rtt >= 50ms && result.rtt < 51ms));
      BOOST_TEST((result.timestamps == TimestampSource::kernel));
    }
  }
}

BOOST_AUTO_TEST_CASE(unstamped_packets_are_timed_by_ourselves) {
  SimulatedHost host;
  host.unstamped = 10;
  const Batch batch = multi_ping(addresses(20), 1s, 0, through(simulate(answering(5ms), host)));
  const auto by_user = std::ranges::count(batch.responses, TimestampSource::user, &Result::timestamps);
  BOOST_TEST(by_user == 10);
  for (const Result& result : batch.responses) BOOST_TEST((result.rtt >= 5ms && result.rtt < 6ms));
}

BOOST_AUTO_TEST_CASE(impossible_stamps_are_not_believed) {
  for (const Duration error : {Duration{-3600s}, Duration{3600s}, Duration{-20ms}}) {
    SimulatedHost host;
    host.stamp_error = error;
    const Batch batch = multi_ping(addresses(20), 1s, 0, through(simulate(answering(5ms), host)));
    BOOST_TEST(batch.responses.size() == 20U);
    for (const Result& result : batch.responses) {
      BOOST_TEST((result.rtt >= 5ms && result.rtt < 6ms));
      BOOST_TEST((result.timestamps == TimestampSource::user));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_clock_at_zero_is_a_clock) {
  SimulatedHost host;
  host.start = Instant{};
  MultiPing batch{addresses(20), through(simulate(answering(5ms), host))};
  batch.send();
  BOOST_TEST(batch.receive(1s).responses.size() == 20U);
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_waited_for) {
  SimulatedHost host;
  host.no_buffers_until = 300ms;
  const auto transport = simulate(answering(5ms), host);
  MultiPing batch{addresses(100), through(transport)};
  batch.send();
  BOOST_TEST(batch.receive(1s).responses.size() == 100U);
  BOOST_TEST(batch.counters().send_errors == 0U);
  BOOST_TEST(transport->log().refused_sends < 2000U);
}

BOOST_AUTO_TEST_CASE(a_queue_that_stays_full_fails_what_it_holds_back) {
  SimulatedHost host;
  host.no_buffers_until = 3600s;
  const auto transport = simulate(answering(5ms), host);
  MultiPing batch{addresses(100), through(transport)};
  batch.send();
  BOOST_TEST(batch.awaited() == 0U);
  for (const Result& result : batch.results()) {
    BOOST_TEST(result.outcome == Outcome::send_failed);
    BOOST_TEST((result.error == std::errc::no_buffer_space));
  }
  BOOST_TEST(batch.counters().send_errors == 100U);
  BOOST_TEST(transport->log().refused_sends < 2000U);
}

BOOST_AUTO_TEST_CASE(single_refusals_for_want_of_room_leave_no_trace) {
  SimulatedHost host;
  for (const std::uint64_t n : {1U, 2U, 33U, 34U, 77U, 100U}) host.failing_sends[n] = n % 2 == 0 ? ENOBUFS : ENOMEM;
  MultiPing batch{addresses(100), through(simulate(answering(5ms), host))};
  batch.send();
  BOOST_TEST(batch.receive(1s).responses.size() == 100U);
  BOOST_TEST(batch.counters().sent == 100U);
  BOOST_TEST(batch.counters().send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(a_family_that_is_not_there_fails_its_own_targets) {
  SimulatedHost host;
  host.ipv6 = false;
  const Batch batch = multi_ping({"fd20::1", "10.1.0.1"}, 1s, 1, through(simulate(answering(5ms), host)));
  BOOST_REQUIRE(batch.responses.size() == 1U);
  BOOST_REQUIRE(batch.no_responses.size() == 1U);
  BOOST_TEST(batch.no_responses[0].outcome == Outcome::send_failed);
  BOOST_TEST(batch.no_responses[0].error.value() == EAFNOSUPPORT);
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_wait_with_what_there_is) {
  Scenario scenario = answering(5ms);
  scenario.hosts.push_back({.block = "10.9.0.0/16", .replies = {}});
  std::stop_source stop;
  SimulatedHost host;
  host.happenings.push_back({.at = 100ms, .action = [&stop] { stop.request_stop(); }});
  Options options = through(simulate(scenario, host));
  options.stop = stop.get_token();
  const Batch batch = multi_ping({"10.1.0.1", "10.9.0.1"}, 3600s, 0, options);
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_REQUIRE(batch.no_responses.size() == 1U);
  BOOST_TEST(batch.no_responses[0].outcome == Outcome::pending);
}

// The packets on the wire have the probe options that were asked for.
BOOST_AUTO_TEST_CASE(probes_look_as_they_were_ordered) {
  const auto transport = simulate(answering(5ms), {.record = true});
  const Batch batch =
      multi_ping({{"10.1.0.1", {.ttl = 9, .tos = 0xB8, .payload_size = 1000}}, "10.1.0.2"}, 1s, 0, through(transport));
  BOOST_TEST(batch.responses.size() == 2U);
  const auto& sent = transport->log().sent;
  BOOST_REQUIRE(sent.size() == 2U);
  BOOST_TEST(unsigned{sent[0].ttl} == 9U);
  BOOST_TEST(unsigned{sent[0].tos} == 0xB8U);
  BOOST_TEST(sent[0].message_size == 1008U);
  BOOST_TEST(sent[1].message_size == 64U);
}

BOOST_AUTO_TEST_CASE(every_invariant_holds_in_random_weather) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Scenario scenario = answering(5ms, 300ms, 0.3);
    scenario.seed = seed;
    scenario.hosts[0].replies[0].copies = 1 + static_cast<unsigned>(seed % 3);
    scenario.hosts[0].errors = {{.from = Address::v4({10, 1, 0, 2}), .delay = 20ms}};
    scenario.hosts[0].forgeries = {.count = static_cast<unsigned>(seed % 5), .over = 100ms};
    MultiPing batch{addresses(300), through(simulate(scenario, {.sockets = both_kinds[seed % 2]}))};
    for (int attempt = 0; attempt < 3; ++attempt) {
      batch.send();
      static_cast<void>(batch.receive(200ms));
      BOOST_TEST(batch.counters().received <= batch.counters().sent);
      BOOST_TEST(count(batch.results(), Outcome::reply) + batch.unanswered() == 300U);
      for (const Result& result : batch.results()) BOOST_TEST((result.rtt >= Duration{} && result.rtt <= 700ms));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
