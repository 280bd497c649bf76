// Tests a batch with UDP, TCP and SCTP over virtual time: connections with few descriptors and ports, full buffers,
// stalls, late answers, retries. Each case is one virtual network and takes no real time.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(protocols_test)

// 10.1.0.0/16 accepts, 10.2.0.0/16 declines, 10.3.0.0/16 is silent.
Scenario network(Protocol protocol, Duration delay = 5ms) {
  Scenario scenario{.name = "network", .seed = 7};
  scenario.hosts = {with_open("10.1.0.0/16", protocol, {.delay = delay}),
                    with_closed("10.2.0.0/16", protocol, {.delay = delay}), silent("10.3.0.0/16")};
  return scenario;
}

TargetList targets(std::uint8_t net, std::size_t count, const ProbeOptions& probe) {
  std::vector<Target> list;
  for (std::size_t i = 0; i < count; ++i) {
    const Address host = Address::v4({10, net, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
    list.emplace_back(host.to_string(), probe);
  }
  return list;
}

TargetList operator+(TargetList a, TargetList b) {
  std::vector<Target> all = std::move(a).release();
  for (Target& target : std::move(b).release()) all.push_back(std::move(target));
  return all;
}

Options through(std::shared_ptr<Transport> transport) {
  Options options;
  options.threads = 1;
  options.transport = std::move(transport);
  return options;
}

std::size_t count(std::span<const Result> results, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(results, outcome, &Result::outcome));
}

const ProbeOptions every_protocol[] = {{}, udp(), tcp(), half_open(), sctp()};

BOOST_AUTO_TEST_CASE(open_and_closed_ports_are_told_apart_in_any_number) {
  for (const ProbeOptions& probe : {udp(), tcp(), half_open(), sctp()}) {
    const auto transport = simulate(network(probe.protocol));
    MultiPing batch{targets(1, 2000, probe) + targets(2, 2000, probe), through(transport)};
    batch.send();
    static_cast<void>(batch.receive(20s));
    BOOST_TEST(count(batch.results(), Outcome::reply) == 2000U);
    BOOST_TEST(count(batch.results(), Outcome::refused) == 2000U);
    BOOST_TEST(batch.counters().sent == 4000U);
    BOOST_TEST(transport->log().unsound == 0U);
    for (const Result& result : batch.results()) BOOST_TEST((result.rtt >= 5ms && result.rtt <= 10ms));
  }
}

BOOST_AUTO_TEST_CASE(few_descriptors_mean_fewer_connections_at_a_time) {
  SimulatedHost host;
  host.descriptors = 16;
  const auto transport = simulate(network(Protocol::tcp), host);
  MultiPing batch{targets(1, 300, tcp()) + targets(2, 300, tcp()), through(transport)};
  batch.send();
  static_cast<void>(batch.receive(20s));
  BOOST_TEST(count(batch.results(), Outcome::reply) == 300U);
  BOOST_TEST(count(batch.results(), Outcome::refused) == 300U);
  BOOST_TEST(transport->log().most_connections <= 16U);
}

// Fifty silent hosts use all descriptors; each probe gives its descriptor back after a second.
BOOST_AUTO_TEST_CASE(silent_hosts_do_not_hold_the_descriptors_for_ever) {
  SimulatedHost host;
  host.descriptors = 10;
  MultiPing batch{targets(3, 50, tcp()) + targets(1, 50, tcp()), through(simulate(network(Protocol::tcp), host))};
  batch.send();
  static_cast<void>(batch.receive(30s));
  BOOST_TEST(count(batch.results(), Outcome::reply) == 50U);
  BOOST_TEST(count(batch.results(), Outcome::no_reply) == 50U);
}

BOOST_AUTO_TEST_CASE(few_ports_are_waited_for) {
  SimulatedHost host;
  host.ephemeral_ports = 5;
  MultiPing batch{targets(1, 200, tcp()), through(simulate(network(Protocol::tcp), host))};
  batch.send();
  static_cast<void>(batch.receive(20s));
  BOOST_TEST(count(batch.results(), Outcome::reply) == 200U);
  BOOST_TEST(batch.counters().send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(what_connect_refuses_at_once_is_that_targets_error) {
  SimulatedHost host;
  host.refusals = {{"10.4.0.0/16", ENETUNREACH}, {"10.5.0.0/16", EPERM}};
  MultiPing batch{targets(4, 1, tcp()) + targets(1, 1, tcp()) + targets(5, 1, tcp()),
                  through(simulate(network(Protocol::tcp), host))};
  batch.send();
  static_cast<void>(batch.receive(1s));
  BOOST_TEST(batch.results()[0].error.value() == ENETUNREACH);
  BOOST_TEST(batch.results()[1].outcome == Outcome::reply);
  BOOST_TEST(batch.results()[2].error.value() == EPERM);
  BOOST_TEST(batch.counters().send_errors == 2U);
}

BOOST_AUTO_TEST_CASE(a_small_buffer_and_quick_hosts_lose_nothing) {
  for (const ProbeOptions& probe : every_protocol) {
    SimulatedHost host;
    host.buffer_packets = 2;
    Scenario scenario = network(probe.protocol, 1us);
    scenario.hosts.push_back({.block = "10.6.0.0/16", .replies = {{.delay = 1us}}, .ports = scenario.hosts[0].ports});
    MultiPing batch{targets(6, 1000, probe), through(simulate(scenario, host))};
    batch.send();
    BOOST_TEST(batch.receive(5s).responses.size() == 1000U);
    BOOST_TEST(batch.counters().receive_drops == 0U);
  }
}

// The answers wait in the kernel while this process does nothing. Packets keep the time at which the kernel received
// them; for connections the kernel measures the round-trip time itself.
BOOST_AUTO_TEST_CASE(a_stall_beyond_the_deadline_loses_no_answer_that_came_in_time) {
  for (const ProbeOptions& probe : {udp(), tcp(), half_open(), sctp()}) {
    SimulatedHost host;
    host.stall = SimulatedHost::Stall{.at = 5ms, .length = 1500ms};
    MultiPing batch{targets(1, 100, probe), through(simulate(network(probe.protocol, 50ms), host))};
    batch.send();
    const Batch answers = batch.receive(400ms);
    BOOST_TEST(answers.responses.size() == 100U);
    for (const Result& result : answers.responses) BOOST_TEST((result.rtt >= 50ms && result.rtt < 52ms));
  }
}

// The kernel keeps no time for a refused connection. The refusal counts, with the time at which it was read.
BOOST_AUTO_TEST_CASE(a_stall_beyond_the_deadline_loses_no_refusal) {
  SimulatedHost host;
  host.stall = SimulatedHost::Stall{.at = 5ms, .length = 1500ms};
  MultiPing batch{targets(2, 100, tcp()), through(simulate(network(Protocol::tcp, 50ms), host))};
  batch.send();
  const Batch answers = batch.receive(400ms);
  BOOST_TEST(count(answers.responses, Outcome::refused) == 100U);
  for (const Result& result : answers.responses) BOOST_TEST((result.rtt >= 50ms && result.rtt < 1600ms));
}

// Answers to the first round come after the second has begun. Connections of the first round are given up.
BOOST_AUTO_TEST_CASE(after_a_reset_old_answers_are_not_the_new_ones) {
  for (const ProbeOptions& probe : {udp(), tcp(), half_open(), sctp()}) {
    MultiPing batch{targets(1, 50, probe), through(simulate(network(probe.protocol, 80ms)))};
    batch.send();
    BOOST_TEST(batch.receive(50ms).no_responses.size() == 50U);
    batch.reset();
    batch.send();
    BOOST_TEST(batch.receive(60ms).responses.size() == 0U);
    const Batch fresh = batch.receive(1s);
    BOOST_TEST(fresh.responses.size() == 50U);
    for (const Result& result : fresh.responses) BOOST_TEST((result.rtt >= 80ms && result.rtt < 82ms));
    BOOST_TEST(batch.counters().received == 50U);
    if (probe != tcp()) BOOST_TEST(batch.counters().late == 50U);
  }
}

// One host is probed by every protocol and at several ports at once: every answer goes to its own probe.
BOOST_AUTO_TEST_CASE(protocols_and_ports_of_one_host_do_not_meet) {
  Scenario scenario{.name = "all", .seed = 3};
  scenario.hosts = {{.block = "10.1.0.1"}};
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::sctp})
    for (int port = 1; port <= 40; ++port)
      if (port % 3 != 0)
        scenario.hosts[0].ports.push_back({.protocol = protocol, .port = port, .accepts = {{.jitter = 20ms}}});
  std::vector<Target> list{"10.1.0.1"};
  for (const ProbeOptions& probe : {udp(), tcp(), half_open(), sctp()}) {
    for (int port = 1; port <= 40; ++port) {
      ProbeOptions one = probe;
      one.port = port;
      list.emplace_back("10.1.0.1", one);
    }
  }
  MultiPing batch{list, through(simulate(scenario))};
  batch.send();
  static_cast<void>(batch.receive(2s));
  BOOST_TEST(batch.results()[0].outcome == Outcome::reply);
  for (std::size_t i = 1; i < batch.results().size(); ++i) {
    const bool answers = list[i].probe()->port % 3 != 0;
    BOOST_TEST(batch.results()[i].outcome == (answers ? Outcome::reply : Outcome::no_reply));
  }
}

// When no target of a batch can be probed with its options, the constructor throws and says why.
BOOST_AUTO_TEST_CASE(what_no_target_can_have_is_refused_by_name) {
  const auto refuses = [](const ProbeOptions& probe, std::error_code error, const char* option) {
    const auto names_it = [&](const std::system_error& thrown) {
      return thrown.code() == error && std::string{thrown.what()}.find(option) != std::string::npos;
    };
    const Options options = through(simulate(network(Protocol::icmp)));
    BOOST_CHECK_EXCEPTION(MultiPing({{"10.1.0.1", probe}}, options), std::system_error, names_it);
  };
  refuses({.source_v4 = Address::v4({192, 0, 2, 9})}, {EADDRNOTAVAIL, std::system_category()}, "source_v4 192.0.2.9");
  refuses({.device = "nosuch0"}, {ENODEV, std::system_category()}, "device nosuch0");
  refuses({.flow_label = 7U}, Errc::not_supported, "flow_label");
}

BOOST_AUTO_TEST_CASE(what_needs_raw_sockets_is_refused_without) {
  for (const bool privileged : {true, false}) {
    SimulatedHost host;
    host.sockets = TransportKind::ping_socket;
    host.may_open_raw = privileged;
    for (const ProbeOptions& probe : {sctp(), half_open()}) {
      const Options options = through(simulate(network(probe.protocol), host));
      const auto make = [&] { MultiPing({{"10.1.0.1", probe}}, options); };
      const auto lacks_it = [](const std::system_error& error) { return error.code() == Errc::not_supported; };
      if (privileged) {
        BOOST_CHECK_EXCEPTION(make(), std::system_error, lacks_it);
      } else {
        BOOST_CHECK_THROW(make(), PermissionError);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(ports_and_sources_are_as_ordered) {
  const auto transport = simulate(network(Protocol::udp), {.record = true});
  ProbeOptions probe = udp(53);
  probe.source_port = 4000;
  probe.source_v4 = Address::v4({10, 255, 255, 2});
  MultiPing batch{{{"10.1.0.1", probe}, {"10.1.0.2", udp()}}, through(transport)};
  batch.send();
  BOOST_TEST(batch.receive(1s).responses.size() == 2U);
  const auto& sent = transport->log().sent;
  BOOST_REQUIRE(sent.size() == 2U);
  const auto ordered = std::ranges::find(sent, 53, &HostLog::Packet::port);
  BOOST_REQUIRE((ordered != sent.end()));
  BOOST_TEST(ordered->source_port == 4000);
  BOOST_TEST((ordered->source == probe.source_v4));
  BOOST_TEST(std::ranges::count(sent, 33434, &HostLog::Packet::port) == 1);
}

BOOST_AUTO_TEST_CASE(what_is_too_long_and_must_not_be_cut_is_its_targets_error) {
  SimulatedHost host;
  host.mtu = 1500;
  ProbeOptions whole = udp();
  whole.payload_size = 1473;
  ProbeOptions uncut = whole;
  uncut.dont_fragment = true;
  MultiPing batch{{{"10.1.0.1", uncut}, {"10.1.0.2", whole}}, through(simulate(network(Protocol::udp), host))};
  batch.send();
  static_cast<void>(batch.receive(1s));
  BOOST_TEST(batch.results()[0].outcome == Outcome::send_failed);
  BOOST_TEST(batch.results()[0].error.value() == EMSGSIZE);
  BOOST_TEST(batch.results()[1].outcome == Outcome::reply);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
