// Tests what every result says of its probe and its answer: position, protocol, port, size and time, in virtual time.
// Each way to get a result is tried: batches, single probes, series and traces.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "multiping/traceroute.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Time = std::chrono::sys_time<Duration>;

BOOST_AUTO_TEST_SUITE(result_facts_test)

/// 10.0.0.0/24 and fd00::/64 answer after five milliseconds, also at all ports of their protocols; 10.0.1.0/24 is
/// silent; a router says that 10.0.2.0/24 is unreachable.
Scenario network() {
  Scenario scenario{.name = "facts", .seed = 3};
  for (const std::string block : {"10.0.0.0/24", "fd00::/64"}) {
    HostRule rule{.block = block, .replies = {EchoReply{.delay = 5ms}}};
    for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::sctp})
      rule.ports.push_back(open(protocol, {.delay = 5ms}));
    scenario.hosts.push_back(rule);
  }
  scenario.hosts.push_back(silent("10.0.1.0/24"));
  scenario.hosts.push_back(only_error("10.0.2.0/24", {.from = router(), .delay = 7ms}));
  return scenario;
}

struct World {
  explicit World(TransportKind kind = TransportKind::raw) {
    host.sockets = kind;
    host.record = true;
    transport = simulate(network(), host);
    options.transport = transport;
    options.ignore_lookup_errors = true;
  }
  /// The wall-clock time when the probe to this address was sent first.
  [[nodiscard]] Time sent(const char* to) const {
    const auto& log = transport->log().sent;
    const Address address = *Address::parse(to);
    return wall(std::ranges::find(log, address, &HostLog::Packet::to)->at);
  }
  [[nodiscard]] Time wall(Instant at) const { return Time{at.time_since_epoch() + host.wall_offset}; }

  SimulatedHost host;
  std::shared_ptr<SimulatedTransport> transport;
  Options options;
};

/// Times of results have microseconds; a call that sends takes some of them.
bool same(Time time, Time expected) { return std::chrono::abs(time - expected) < 5us; }

struct Asked {
  Protocol protocol = Protocol::icmp;
  std::uint16_t port = 0;
  bool operator==(const Asked&) const = default;
};
Asked asked(const Result& result) { return {result.protocol, result.port}; }

const std::vector<Target> all_kinds_of_target{{"10.0.0.1"},
                                              {"10.0.0.1", udp()},
                                              {"10.0.0.1", tcp(443)},
                                              {"10.0.0.1", sctp()},
                                              {"fd00::1"},
                                              {"10.0.0.1"},
                                              {"10.0.1.1", tcp()},
                                              {"224.0.0.1", udp(53)},
                                              {"10.0.0.1", {.protocol = Protocol::tcp, .family = Family::ipv6}}};
const std::vector<Asked> what_they_are_asked{{}, {Protocol::udp, 33434}, {Protocol::tcp, 443}, {Protocol::sctp, 80}, {},
                                             {}, {Protocol::tcp, 80},    {Protocol::udp, 53},  {Protocol::tcp, 80}};

void check_order(std::span<const Result> results) {
  BOOST_REQUIRE(results.size() == what_they_are_asked.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    BOOST_TEST_CONTEXT("position " << i) {
      BOOST_TEST(results[i].position == i);
      BOOST_TEST((asked(results[i]) == what_they_are_asked[i]));
      BOOST_TEST(!results[i].duplicate);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_batch_says_where_each_target_stands_and_what_it_was_asked) {
  World world;
  MultiPing batch{all_kinds_of_target, world.options};
  check_order(batch.results());
  batch.send();
  static_cast<void>(batch.receive(1s));
  check_order(batch.results());
  batch.reset();
  batch.resolve();
  check_order(batch.results());
}

BOOST_AUTO_TEST_CASE(both_lists_of_a_batch_keep_the_positions) {
  World world;
  const auto [responses, no_responses] = multi_ping(all_kinds_of_target, 1s, 0, world.options);
  std::vector<Result> all = responses;
  all.insert(all.end(), no_responses.begin(), no_responses.end());
  std::ranges::sort(all, {}, &Result::position);
  BOOST_TEST(responses.size() == 6U);
  BOOST_TEST(no_responses.front().position == 6U);
  check_order(all);
}

BOOST_AUTO_TEST_CASE(a_single_ping_says_it_too) {
  World world;
  const Result result = ping({"10.0.0.1", tcp(22)}, 1s, world.options);
  BOOST_TEST(result.position == 0U);
  BOOST_TEST((asked(result) == Asked{Protocol::tcp, 22}));
}

BOOST_AUTO_TEST_CASE(completions_of_a_prober_say_it_too) {
  World world;
  Options options;
  options.transport = world.transport;
  Prober prober{options};
  const Address host = *Address::parse("10.0.0.1");
  static_cast<void>(prober.submit(host, tcp(443), 1s));
  static_cast<void>(prober.submit(host, udp(), 1s));
  static_cast<void>(
      prober.submit(host, {.protocol = Protocol::tcp, .port = 7, .tos = 1}, 1s));  // not supported, and done at once
  static_cast<void>(prober.submit(host, {.protocol = Protocol::udp, .family = Family::ipv6}, 1s));
  std::vector<Asked> all;
  while (prober.in_flight() > 0)
    for (const auto& [token, result] : prober.poll(1s)) {
      all.push_back(asked(result));
      BOOST_TEST(result.position == 0U);
      BOOST_TEST((result.at > Time{}));
    }
  std::ranges::sort(all, {}, &Asked::port);
  BOOST_TEST((all == std::vector<Asked>{
                         {Protocol::tcp, 7}, {Protocol::tcp, 443}, {Protocol::udp, 33434}, {Protocol::udp, 33434}}));
}

BOOST_AUTO_TEST_CASE(rounds_and_callbacks_of_a_series_say_it_too) {
  World world;
  SeriesOptions options{.count = 2, .interval = 100ms, .timeout = 50ms};
  options.ping = world.options;
  PingSeries series{all_kinds_of_target, options};
  for (const Round& round : series) check_order(round.results);
  std::vector<Result> told;
  static_cast<void>(ping_series(all_kinds_of_target, options, [&](const Result& result, int round) {
    if (round == 1) told.push_back(result);
  }));
  std::ranges::sort(told, {}, &Result::position);
  check_order(told);
  for (const Result& result : told) BOOST_TEST((result.at > Time{}));
}

BOOST_AUTO_TEST_CASE(names_that_are_looked_up_again_keep_their_positions) {
  World world;
  SeriesOptions options{.count = 2, .interval = 100ms, .timeout = 50ms, .resolve_every = 1s};
  options.ping = world.options;
  const std::vector<Target> same_address{{"10.0.0.1"}, {"localhost", {.family = Family::ipv4}}, {"10.0.0.1"}};
  std::vector<std::uint32_t> positions;
  static_cast<void>(ping_series(same_address, options, [&](const Result& result, int round) {
    if (round == 1) positions.push_back(result.position);
  }));
  std::ranges::sort(positions);
  BOOST_TEST((positions == std::vector<std::uint32_t>{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(hops_of_a_trace_say_it_too) {
  World world;
  TraceOptions options{.max_ttl = 3, .timeout = 50ms};
  options.ping = world.options;
  options.budget = 200ms;
  const auto routes = traceroute({{"10.0.1.1", udp()}, {"10.0.0.1", tcp(443)}}, options);
  BOOST_REQUIRE(routes.size() == 2U);
  for (const multiping::Hop& hop : routes[0].hops)
    for (const Result& probe : hop.probes) {
      BOOST_TEST((asked(probe) == Asked{Protocol::udp, 33434}));
      BOOST_TEST(probe.position == 0U);
      BOOST_TEST((probe.at > world.wall(world.host.start) && probe.at <= world.wall(world.host.start) + 1s));
    }
  BOOST_REQUIRE(!routes[1].hops.empty());
  const Result& answered = routes[1].hops.back().probes.front();
  BOOST_TEST((asked(answered) == Asked{Protocol::tcp, 443}));
  BOOST_TEST(answered.position == 1U);
  BOOST_TEST((answered.at > world.wall(world.host.start) + 5ms));
}

BOOST_AUTO_TEST_CASE(an_answer_has_the_time_of_its_arrival_and_silence_that_of_giving_up) {
  World world;
  MultiPing batch{{"10.0.0.1", "10.0.1.1", "10.0.2.1", "fd00::1"}, world.options};
  const auto results = batch.results();
  for (const Result& result : results) BOOST_TEST((result.at == Time{}));
  batch.send();
  static_cast<void>(batch.receive(0s));
  BOOST_TEST((results[1].at == Time{} || results[1].outcome == Outcome::no_reply));
  static_cast<void>(batch.receive(1s));
  BOOST_TEST((same(results[0].at, world.sent("10.0.0.1") + 5ms)));
  BOOST_TEST((same(results[2].at, world.sent("10.0.2.1") + 7ms)));
  BOOST_TEST((same(results[3].at, world.sent("fd00::1") + 5ms)));
  BOOST_CHECK(results[1].outcome == Outcome::no_reply);
  const Time given_up = results[1].at;
  BOOST_TEST((given_up >= world.sent("10.0.1.1") && given_up < world.sent("10.0.1.1") + 1100ms));
  batch.send();
  static_cast<void>(batch.receive(1s));
  BOOST_TEST((results[1].at >= given_up + 1s));
  BOOST_TEST((same(results[0].at, world.sent("10.0.0.1") + 5ms)));
  batch.reset();
  for (const Result& result : results) BOOST_TEST((result.at == Time{} && result.reply_size == 0U));
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_has_the_time_of_giving_up) {
  World world;
  world.host.refusals = {{.block = "10.0.0.9", .error = EPERM}};
  world.transport = simulate(network(), world.host);
  world.options.transport = world.transport;
  MultiPing batch{{"10.0.0.9", "10.0.0.1"}, world.options};
  batch.send();
  const Result& refused = batch.results()[0];
  BOOST_CHECK(refused.outcome == Outcome::send_failed);
  BOOST_TEST((refused.at >= world.wall(world.host.start) && refused.at < world.wall(world.host.start) + 1ms));
}

BOOST_AUTO_TEST_CASE(what_is_not_probed_has_the_time_of_the_decision) {
  World world;
  const auto before = std::chrono::system_clock::now();
  const auto batch = multi_ping({"224.0.0.1", {"10.0.0.1", {.family = Family::ipv6}}}, 1s, 0, world.options);
  const auto after = std::chrono::system_clock::now();
  for (const Result& result : batch.no_responses) BOOST_TEST((result.at >= before && result.at <= after));
}

BOOST_AUTO_TEST_CASE(the_size_of_an_answer_counts_from_its_own_header) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    World world{kind};
    ProbeOptions small{.payload_size = 3}, datagram = udp();
    datagram.payload_size = 100;
    const auto batch = multi_ping({{"10.0.0.1"},
                                   {"fd00::1"},
                                   {"10.0.0.2", small},
                                   {"10.0.0.3", datagram},
                                   {"fd00::2", datagram},
                                   {"10.0.0.4", tcp(80)},
                                   {"10.0.1.1"}},
                                  1s, 0, world.options);
    std::vector<std::uint32_t> sizes;
    for (const Result& result : batch.responses) sizes.push_back(result.reply_size);
    BOOST_TEST((sizes == std::vector<std::uint32_t>{64, 64, 11, 108, 108, 0}));
    BOOST_TEST(batch.no_responses.at(0).reply_size == 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_size_of_an_error_is_known_where_it_comes_as_a_packet) {
  World raw{TransportKind::raw}, ping_sockets{TransportKind::ping_socket};
  BOOST_TEST(ping("10.0.2.1", 1s, raw.options).reply_size >= 36U);
  BOOST_TEST(ping("10.0.2.1", 1s, ping_sockets.options).reply_size == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
