// Tests that each answer goes to its own probe: slow services that do not return the tag, short quotes, more probes
// than sequence numbers, and answers from other addresses. An answer may be missing or late, but never another probe's.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = Edit::Kind;

BOOST_AUTO_TEST_SUITE(attribution_test)

const Address other_v4 = Address::v4({10, 20, 0, 99});

Scenario with(std::vector<HostRule> hosts) { return {.name = "attribution", .seed = 5, .hosts = std::move(hosts)}; }

/// An answer with a payload of the service's own, as DNS and NTP give it.
EchoReply own_words(Duration delay) { return {.delay = delay, .edits = {{Kind::random_payload}}}; }

struct Told {
  std::vector<Result> results{};
  Counters counters{};
  std::size_t ports = 0;  ///< The most sockets that were open at once.

  [[nodiscard]] std::size_t count(Outcome outcome) const {
    return static_cast<std::size_t>(std::ranges::count(results, outcome, &Result::outcome));
  }
  /// Checks that every answer took `rtt`, plus at most 1 ms for sending.
  void all_took(Duration rtt) const {
    for (const Result& result : results)
      if (result.answered()) BOOST_REQUIRE_MESSAGE((result.rtt >= rtt && result.rtt < rtt + 1ms), result);
  }
};

struct Rounds {
  int count = 30;
  Duration interval = 100ms, timeout = 100ms;
};

/// A series to one host.
Told series(const Scenario& scenario, const ProbeOptions& probe, const Rounds& rounds, SimulatedHost host = {}) {
  const auto transport = simulate(scenario, std::move(host));
  SeriesOptions options{.count = rounds.count, .interval = rounds.interval, .timeout = rounds.timeout};
  options.ping.probe = probe;
  options.ping.transport = transport;
  PingSeries all{{scenario.hosts[0].block}, options};
  Told told;
  for (const auto& round : all) told.results.insert(told.results.end(), round.results.begin(), round.results.end());
  told.counters = all.counters();
  told.ports = transport->log().most_sockets;
  return told;
}

ProbeOptions from_port(ProbeOptions probe, int port = 4000) {
  probe.source_port = port;
  return probe;
}

const std::string both_families[] = {"10.20.0.1", "fd20::1"};

BOOST_AUTO_TEST_CASE(an_answer_to_a_probe_that_was_given_up_is_late_and_no_other_probes) {
  for (const std::string& host : both_families) {
    const Scenario slow = with({with_open(host, Protocol::udp, own_words(450ms))});
    const Told told = series(slow, udp(), {});
    BOOST_TEST(told.count(Outcome::no_reply) == 30U);
    BOOST_TEST(told.counters.late >= 25U);  // the answers to the last probes arrive after the end of the series
    BOOST_TEST(told.counters.received == 0U);
    const Told patient = series(slow, udp(), {.timeout = 1s});
    BOOST_TEST(patient.count(Outcome::reply) == 30U);
    patient.all_took(450ms);
    BOOST_TEST(patient.ports <= 6U);
  }
}

BOOST_AUTO_TEST_CASE(from_one_port_the_oldest_is_answered_whoever_waits) {
  for (const std::string& host : both_families) {
    const Scenario slow = with({with_open(host, Protocol::udp, own_words(150ms))});
    const Told told = series(slow, from_port(udp()), {.interval = 120ms});
    BOOST_TEST(told.count(Outcome::no_reply) == 30U);
    BOOST_TEST(told.counters.late >= 28U);
    const Told patient = series(slow, from_port(udp()), {.interval = 120ms, .timeout = 1s});
    BOOST_TEST(patient.count(Outcome::reply) == 30U);
    patient.all_took(150ms);
  }
}

BOOST_AUTO_TEST_CASE(single_probes_and_batches_keep_to_it_too) {
  const Scenario slow = with({with_open("10.20.0.1", Protocol::udp, own_words(450ms))});
  Options options;
  options.transport = simulate(slow);
  Prober prober{options};
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(prober.submit(*Address::parse("10.20.0.1"), udp(), 100ms, 0));
    for (const auto& done : prober.poll(100ms)) BOOST_TEST((done.result.outcome == Outcome::no_reply));
  }
  BOOST_TEST(prober.counters().late >= 14U);

  options.transport = simulate(slow);
  MultiPing batch{{{"10.20.0.1", udp()}}, options};
  for (int i = 0; i < 20; ++i) {
    batch.send();
    BOOST_TEST(batch.receive(100ms).responses.empty());
    batch.reset();
  }
  BOOST_TEST(batch.counters().late >= 14U);
  batch.send();
  const Batch last = batch.receive(1s);
  BOOST_REQUIRE(last.responses.size() == 1U);
  BOOST_TEST((last.responses[0].rtt >= 450ms && last.responses[0].rtt < 451ms));
}

/// The host is silent for fifteen seconds and then answers fast. Its answers count again within ten seconds, although
/// every port has unanswered probes before them.
BOOST_AUTO_TEST_CASE(a_host_that_comes_back_is_found_with_few_ports_and_many) {
  for (const std::size_t descriptors : {std::size_t{10}, std::size_t{1000}}) {
    Scenario back = with({with_open("10.20.0.1", Protocol::udp, own_words(10ms))});
    for (unsigned request = 1; request <= 150; ++request) back.hosts[0].lost.push_back(request);
    SimulatedHost host;
    host.descriptors = descriptors;
    const Told told = series(back, udp(), {.count = 300}, host);
    told.all_took(10ms);
    BOOST_TEST(told.ports <= std::min<std::size_t>(descriptors, 64));
    for (std::size_t round = 251; round < 300; ++round) BOOST_TEST((told.results[round].outcome == Outcome::reply));
  }
}

BOOST_AUTO_TEST_CASE(an_error_that_quotes_no_tag_is_about_the_oldest) {
  for (const std::string& host : both_families) {
    const Scenario closed = with({only_error(host, port_unreachable(host, {.delay = 450ms, .quoted = 8}))});
    for (const ProbeOptions& probe : {udp(), from_port(udp())}) {
      const Told told = series(closed, probe, {.timeout = 1s});
      BOOST_TEST(told.count(Outcome::refused) == 30U);
      told.all_took(450ms);
    }
  }
}

/// Sends all probes at once to one host.
Told flood(const HostRule& host, const ProbeOptions& probe, int count, Duration timeout) {
  Options options;
  options.transport = simulate(with({host}), {.buffer_packets = 1'000'000});
  Prober prober{options};
  const Address address = *Address::parse(host.block);
  for (int i = 0; i < count; ++i) static_cast<void>(prober.submit(address, probe, timeout, 0));
  Told told;
  while (prober.in_flight() > 0)
    for (auto& done : prober.poll(1h)) told.results.push_back(std::move(done.result));
  told.counters = prober.counters();
  return told;
}

BOOST_AUTO_TEST_CASE(ten_thousand_probes_within_one_rtt_are_told_apart_by_their_tags) {
  for (const std::string& host : both_families) {
    for (const ProbeOptions& probe : {udp(), from_port(udp())}) {
      const Told told = flood(with_open(host, Protocol::udp, {.delay = 1500ms}), probe, 10'000, 5s);
      BOOST_TEST(told.count(Outcome::reply) == 10'000U);
      told.all_took(1500ms);
      for (const Result& result : told.results) BOOST_REQUIRE(result.auth_bits == 80);
    }
  }
}

BOOST_AUTO_TEST_CASE(without_a_tag_the_order_tells_ten_thousand_apart) {
  const Told told = flood(with_open("10.20.0.1", Protocol::udp, own_words(1500ms)), from_port(udp()), 10'000, 5s);
  BOOST_TEST(told.count(Outcome::reply) == 10'000U);
  told.all_took(1500ms);
}

BOOST_AUTO_TEST_CASE(more_echoes_in_flight_than_sequence_numbers_are_told_apart_by_their_order) {
  for (const std::size_t size : {0U, 1U}) {
    const Told told = flood({.block = "10.20.0.1", .replies = {{.delay = 1s}}}, {.payload_size = size}, 70'000, 5s);
    BOOST_TEST(told.count(Outcome::reply) == 70'000U);
    told.all_took(1s);
    BOOST_TEST(told.counters.duplicates == 0U);
  }
}

/// Every kind of probe whose answers this library checks itself, rather than the kernel.
std::vector<ProbeOptions> judged_here() { return {{}, udp(), half_open(), sctp()}; }

HostRule answering(const std::string& host, const EchoReply& answer) {
  HostRule rule{.block = host, .replies = {answer}};
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::sctp})
    rule.ports.push_back(open(protocol, answer));
  return rule;
}

HostRule answering_elsewhere(const std::string& host) {
  return answering(host, {.delay = 20ms, .from = is_v6(host) ? *Address::parse("fd20::99") : other_v4});
}

Options through(const HostRule& host, bool any_source, TransportKind kind = TransportKind::raw) {
  Options options;
  options.any_source = any_source;
  options.transport = simulate(with({host}), {.sockets = kind});
  return options;
}

void check_elsewhere(const Result& result, bool any_source) {
  BOOST_TEST_CONTEXT(result) {
    const Address other = result.address.family() == Family::ipv6 ? *Address::parse("fd20::99") : other_v4;
    BOOST_TEST((result.outcome == (any_source ? Outcome::reply : Outcome::no_reply)));
    BOOST_TEST((result.responder == other));
    BOOST_TEST((result.auth_bits != 0) == any_source);
    if (any_source) BOOST_TEST((result.rtt >= 20ms && result.rtt < 21ms));
    std::ostringstream line;
    line << result;
    BOOST_TEST(line.str().find(other.to_string()) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_from_another_address_is_named_and_counts_with_any_source) {
  for (const bool any_source : {false, true}) {
    for (const std::string& host : both_families) {
      const HostRule rule = answering_elsewhere(host);
      for (const ProbeOptions& probe : judged_here()) {
        MultiPing batch{{{host, probe}}, through(rule, any_source)};
        batch.send();
        static_cast<void>(batch.receive(1s));
        check_elsewhere(batch.results()[0], any_source);
        BOOST_TEST(batch.counters().wrong_source == (any_source ? 0U : 1U));
        BOOST_TEST(batch.counters().received == (any_source ? 1U : 0U));
      }
      for (const ProbeOptions& probe : {ProbeOptions{}, udp()}) {
        MultiPing batch{{{host, probe}}, through(rule, any_source, TransportKind::ping_socket)};
        batch.send();
        static_cast<void>(batch.receive(1s));
        check_elsewhere(batch.results()[0], any_source);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_call_names_who_answered_from_elsewhere) {
  const HostRule rule = answering_elsewhere("10.20.0.1");
  for (const bool any_source : {false, true}) {
    const auto [answered, silent] = multi_ping({"10.20.0.1"}, 300ms, 2, through(rule, any_source));
    BOOST_REQUIRE(answered.size() == (any_source ? 1U : 0U));
    check_elsewhere(any_source ? answered[0] : silent[0], any_source);

    Prober prober{through(rule, any_source)};
    static_cast<void>(prober.submit(*Address::parse("10.20.0.1"), {}, 300ms, 1));
    const auto done = prober.poll(1h);
    BOOST_REQUIRE(done.size() == 1U);
    check_elsewhere(done[0].result, any_source);

    SeriesOptions options{.count = 3, .interval = 100ms, .timeout = 100ms};
    options.ping = through(rule, any_source);
    for (const auto& round : PingSeries{{"10.20.0.1"}, options}) check_elsewhere(round.results.at(0), any_source);
  }
}

/// The answer of the target comes later, and that answer counts.
BOOST_AUTO_TEST_CASE(the_target_itself_outweighs_what_came_from_elsewhere) {
  HostRule rule = answering_elsewhere("10.20.0.1");
  rule.replies.push_back({.delay = 50ms});
  MultiPing batch{{"10.20.0.1"}, through(rule, false)};
  batch.send();
  static_cast<void>(batch.receive(1s));
  BOOST_TEST((batch.results()[0].outcome == Outcome::reply));
  BOOST_TEST((batch.results()[0].responder == batch.results()[0].address));
  BOOST_TEST((batch.results()[0].rtt >= 50ms));
}

BOOST_AUTO_TEST_CASE(without_a_tag_nothing_counts_from_another_address) {
  HostRule rule = with_open("10.20.0.1", Protocol::udp, own_words(20ms));
  rule.ports[0].accepts[0].from = other_v4;
  MultiPing batch{{{"10.20.0.1", udp()}}, through(rule, true)};
  batch.send();
  static_cast<void>(batch.receive(1s));
  BOOST_TEST((batch.results()[0].outcome == Outcome::no_reply));
  BOOST_TEST(!batch.results()[0].responder);
  BOOST_TEST(batch.counters().unauthenticated == 1U);
}

/// connect() takes answers only from its address, so answers from elsewhere are never seen.
BOOST_AUTO_TEST_CASE(connections_are_the_kernels) {
  for (const bool any_source : {false, true}) {
    MultiPing batch{{{"10.20.0.1", tcp()}}, through(answering_elsewhere("10.20.0.1"), any_source)};
    batch.send();
    static_cast<void>(batch.receive(900ms));
    BOOST_TEST((batch.results()[0].outcome == Outcome::no_reply));
    BOOST_TEST(!batch.results()[0].responder);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
