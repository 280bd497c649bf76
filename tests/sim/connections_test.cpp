// Tests TCP connections that cannot all exist at once: given source ports, too few descriptors, and forged packets.
// A live host is never reported as silent because this host has no room for its probe.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(connections_test)

/// All ports of 10.1.0.0/16 and fd01::/64 accept after `delay`; those of 10.3.0.0/16 are silent.
Scenario network(Duration delay) {
  Scenario scenario{.name = "connections", .seed = 7};
  scenario.hosts = {with_open("10.1.0.0/16", Protocol::tcp, {.delay = delay}),
                    with_open("fd01::/64", Protocol::tcp, {.delay = delay}), silent("10.3.0.0/16")};
  return scenario;
}

std::vector<Target> targets(int net, std::size_t count, const ProbeOptions& probe) {
  std::vector<Target> list;
  for (std::size_t i = 0; i < count; ++i)
    list.emplace_back("10." + std::to_string(net) + "." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1),
                      probe);
  return list;
}

Options through(std::shared_ptr<Transport> transport) {
  Options options;
  options.transport = std::move(transport);
  return options;
}

std::size_t count(std::span<const Result> results, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &Result::outcome));
}

bool about(Duration time, Duration expected) { return time >= expected && time <= expected + 2ms; }

ProbeOptions from_port(std::optional<int> ttl = {}) {
  return {.protocol = Protocol::tcp, .port = 80, .source_port = 4000, .ttl = ttl};
}
ProbeOptions of_flow(std::optional<int> ttl = {}) {
  return {.protocol = Protocol::tcp, .port = 80, .ttl = ttl, .flow = 7};
}
const auto given_ports = {from_port, of_flow};

BOOST_AUTO_TEST_CASE(a_retry_leaves_the_connection_between_given_ports_alone) {
  for (const auto& probe : given_ports) {
    const std::vector<Target> both{{"10.1.0.1", probe({})}, {"fd01::1", probe({})}, {"10.3.0.1", probe({})}};
    const Batch batch = multi_ping(both, 2s, 3, through(simulate(network(700ms))));
    BOOST_REQUIRE(batch.responses.size() == 2U);
    for (const Result& result : batch.responses) {
      BOOST_TEST(result.outcome == Outcome::reply);
      BOOST_TEST(about(result.rtt, 700ms), result);
      BOOST_TEST(result.attempt == 1U);
    }
    BOOST_TEST(batch.no_responses[0].outcome == Outcome::no_reply);
    BOOST_TEST(batch.no_responses[0].attempt == 4U);
  }
}

BOOST_AUTO_TEST_CASE(a_series_faster_than_its_answers_waits_for_its_port) {
  for (const auto& probe : given_ports) {
    SeriesOptions options{.count = 200, .interval = 20ms, .timeout = 1s};
    options.ping.transport = simulate(network(40ms));
    std::map<Outcome, int> outcomes;
    const auto series = ping_series(Target{"10.1.0.1", probe({})}, options, [&](const Result& result, int) {
      ++outcomes[result.outcome];
      if (result.answered()) BOOST_TEST(about(result.rtt, 40ms), result);
    });
    BOOST_TEST(outcomes[Outcome::no_reply] == 0);
    BOOST_TEST(outcomes[Outcome::reply] >= 100);
    BOOST_TEST(outcomes[Outcome::reply] + outcomes[Outcome::send_failed] == 200);
    BOOST_TEST(series[0].statistics.loss() == 0.0);
  }
}

BOOST_AUTO_TEST_CASE(two_probes_of_a_batch_with_the_same_ports_take_turns) {
  for (const auto& probe : given_ports) {
    const std::vector<Target> list{{"10.1.0.1", probe({})}, {"10.1.0.1", probe(9)}, {"10.1.0.1", probe(8)}};
    const auto transport = simulate(network(300ms));
    const Batch batch = multi_ping(list, 2s, 0, through(transport));
    BOOST_TEST(batch.responses.size() == 3U);
    for (const Result& result : batch.responses) BOOST_TEST(about(result.rtt, 300ms), result);
    BOOST_TEST(transport->log().most_connections == 1U);
  }
}

BOOST_AUTO_TEST_CASE(behind_a_silent_host_the_address_is_in_use) {
  for (const auto& probe : given_ports) {
    const std::vector<Target> list{{"10.3.0.1", probe({})}, {"10.3.0.1", probe(9)}, {"10.1.0.1", probe(9)}};
    MultiPing batch{list, through(simulate(network(300ms)))};
    batch.send();
    static_cast<void>(batch.receive(2s));
    BOOST_TEST(batch.results()[0].outcome == Outcome::no_reply);
    BOOST_TEST(batch.results()[1].outcome == Outcome::send_failed);
    BOOST_TEST(batch.results()[1].error.value() == EADDRINUSE);
    BOOST_TEST(batch.results()[2].outcome == Outcome::reply);
    BOOST_TEST(batch.counters().sent == 2U);
    BOOST_TEST(batch.counters().send_errors == 1U);
  }
}

/// Routers 10.9.0.1 to 10.9.0.4 are on the path to 10.4.0.1 and to 10.5.0.1; the third one to 10.5.0.1 is silent.
Scenario behind_routers() {
  Scenario scenario{.name = "behind_routers", .seed = 7};
  scenario.hosts = {with_open("10.4.0.1", Protocol::tcp, {.delay = 60ms}),
                    with_open("10.5.0.1", Protocol::tcp, {.delay = 60ms})};
  for (HostRule& host : scenario.hosts)
    for (std::uint8_t i = 1; i <= 4; ++i) host.path.push_back({.address = Address::v4({10, 9, 0, i}), .delay = 50ms});
  scenario.hosts[1].path[2].silent = true;
  return scenario;
}

std::map<Outcome, int> trace(const Address& target, ProbeOptions (*probe)(std::optional<int>), Duration timeout) {
  Prober prober{through(simulate(behind_routers()))};
  for (int ttl = 1; ttl <= 5; ++ttl) static_cast<void>(prober.submit(target, probe(ttl), timeout));
  std::map<Outcome, int> outcomes;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1h)) {
      ++outcomes[result.outcome];
      if (result.outcome == Outcome::send_failed) BOOST_TEST(result.error.value() == EADDRINUSE);
      if (result.outcome == Outcome::no_reply) BOOST_TEST(result.attempt == 1U);
    }
  return outcomes;
}

BOOST_AUTO_TEST_CASE(single_probes_with_the_same_ports_take_turns) {
  for (const auto& probe : given_ports) {
    auto outcomes = trace(Address::v4({10, 4, 0, 1}), probe, 2s);
    BOOST_TEST(outcomes[Outcome::ttl_expired] == 4);
    BOOST_TEST(outcomes[Outcome::reply] == 1);
    outcomes = trace(Address::v4({10, 5, 0, 1}), probe, 2s);
    BOOST_TEST(outcomes[Outcome::ttl_expired] == 3);
    BOOST_TEST(outcomes[Outcome::no_reply] == 1);
    BOOST_TEST(outcomes[Outcome::reply] == 1);
  }
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_port_has_all_its_time_afterwards) {
  for (const auto& probe : given_ports) {
    auto outcomes = trace(Address::v4({10, 4, 0, 1}), probe, 300ms);  // all five together take longer
    BOOST_TEST(outcomes[Outcome::ttl_expired] == 4);
    BOOST_TEST(outcomes[Outcome::reply] == 1);
  }
}

SimulatedHost with_descriptors(std::size_t count) {
  SimulatedHost host;
  host.descriptors = count;
  return host;
}

BOOST_AUTO_TEST_CASE(three_thousand_slow_hosts_and_a_thousand_descriptors) {
  const auto transport = simulate(network(1200ms), with_descriptors(1024));
  const Batch batch = multi_ping(targets(1, 3000, tcp()), 10s, 0, through(transport));
  BOOST_TEST(batch.responses.size() == 3000U);
  for (const Result& result : batch.responses) BOOST_REQUIRE(about(result.rtt, 1200ms));
  BOOST_TEST(transport->log().most_connections <= 1024U);
}

BOOST_AUTO_TEST_CASE(a_hundred_slow_hosts_forty_descriptors_and_two_retries) {
  const auto batch_of = [](Duration delay, Duration time) {
    return multi_ping(targets(1, 100, tcp()), time, 2, through(simulate(network(delay), with_descriptors(40))));
  };
  for (const Duration delay : {1200ms, 1500ms, 1900ms}) {
    BOOST_TEST(batch_of(delay, 10s).responses.size() == 100U);
    for (const Duration time : {4500ms, 6000ms, 8000ms})
      BOOST_TEST(count(batch_of(delay, time).no_responses, Outcome::no_reply) == 0U);
  }
}

BOOST_AUTO_TEST_CASE(what_had_no_time_is_pending) {
  for (const Duration time : {1500ms, 2000ms, 3000ms}) {
    const Batch batch =
        multi_ping(targets(1, 300, tcp()), time, 1, through(simulate(network(1200ms), with_descriptors(100))));
    BOOST_TEST(count(batch.no_responses, Outcome::no_reply) == 0U);
    BOOST_TEST(count(batch.no_responses, Outcome::pending) == batch.no_responses.size());
    BOOST_TEST(!batch.no_responses.empty());
  }
}

BOOST_AUTO_TEST_CASE(slow_hosts_behind_silent_ones_are_found_in_later_calls) {
  std::vector<Target> list = targets(3, 30, tcp());
  for (Target& target : targets(1, 30, tcp())) list.push_back(std::move(target));
  MultiPing batch{list, through(simulate(network(1200ms), with_descriptors(10)))};
  batch.send();
  for (int i = 0; i < 300; ++i) static_cast<void>(batch.receive(100ms));
  BOOST_TEST(count(batch.results(), Outcome::reply) == 30U);
  BOOST_TEST(count(batch.results(), Outcome::no_reply) == 30U);
}

BOOST_AUTO_TEST_CASE(single_probes_make_way_and_are_asked_again) {
  Prober prober{through(simulate(network(1200ms), with_descriptors(40)))};
  for (int i = 1; i <= 100; ++i)
    static_cast<void>(prober.submit(Address::v4({10, 1, 0, static_cast<std::uint8_t>(i)}), tcp(), 10s));
  std::size_t replies = 0;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1h)) replies += result.outcome == Outcome::reply ? 1U : 0U;
  BOOST_TEST(replies == 100U);
}

BOOST_AUTO_TEST_CASE(single_probes_that_make_way_have_all_their_time_later) {
  Prober prober{through(simulate(network(1200ms), with_descriptors(40)))};
  for (int i = 1; i <= 100; ++i)
    static_cast<void>(prober.submit(Address::v4({10, 1, 0, static_cast<std::uint8_t>(i)}), tcp(), 2s));
  std::map<Outcome, int> outcomes;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1h)) ++outcomes[result.outcome];
  BOOST_TEST(outcomes[Outcome::reply] == 100);
}

/// For every SYN of the prober: a bare SYN and a bare RST from the target's address.
PortRule forged_pair() {
  return {.protocol = Protocol::tcp,
          .accepts = {{.delay = 1ms, .edits = {{Edit::Kind::tcp_flags, 0x02}}},
                      {.delay = 2ms, .edits = {{Edit::Kind::tcp_flags, 0x04}, {Edit::Kind::add_to_sequence, 1}}}}};
}

BOOST_AUTO_TEST_CASE(forged_packets_make_no_dead_host_alive) {
  Scenario scenario{.name = "forged", .seed = 7};
  scenario.hosts = {with_port("10.1.0.1", forged_pair()), with_port("fd01::1", forged_pair())};
  MultiPing batch{{{"10.1.0.1", tcp()}, {"fd01::1", tcp()}}, through(simulate(scenario))};
  batch.send();
  static_cast<void>(batch.receive(2s));
  BOOST_TEST(count(batch.results(), Outcome::no_reply) == 2U);
  BOOST_TEST(batch.counters().unauthenticated >= 2U);
  // Two targets, two seconds: 16 restarts at once, five of up to 31 ms, then one every 34 ms.
  BOOST_TEST(batch.counters().unauthenticated <= 170U);
  BOOST_TEST(batch.counters().received == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
