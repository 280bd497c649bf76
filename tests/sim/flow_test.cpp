// Tests flows in virtual time: a flow has the same ports and labels in all its probes, and hops are probed at once from
// one port. Routers quote all of a packet, a little of it, or only its header.
#include <array>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <utility>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(flow_test)

constexpr int path_length = 12;

Address address(const std::string& text) { return *Address::parse(text); }

/// 10.20.0.0/16 and fd20::/16, each behind eleven routers that quote `quoted` bytes after the IP header.
Scenario path(std::size_t quoted) {
  Scenario scenario{.name = "path"};
  for (const bool v4 : {true, false}) {
    HostRule rule{.block = v4 ? "10.20.0.0/16" : "fd20::/16"};
    for (int hop = 1; hop < path_length; ++hop)
      rule.path.push_back({.address = address((v4 ? "10.1.0." : "fd01::") + std::to_string(hop)), .quoted = quoted});
    for (const Protocol protocol : {Protocol::udp, Protocol::tcp}) rule.ports.push_back(open(protocol));
    scenario.hosts.push_back(rule);
  }
  return scenario;
}

struct World {
  explicit World(std::size_t quoted = all_bytes, SimulatedHost host = {.record = true})
      : transport{simulate(path(quoted), std::move(host))}, prober{options()} {}
  [[nodiscard]] Options options() const {
    Options options;
    options.transport = transport;
    return options;
  }
  /// Probes every hop on the way to a target, all at once. Returns the results by TTL.
  std::map<int, Result> trace(const std::string& target, ProbeOptions probe) {
    std::map<Prober::Token, int> asked;
    for (int ttl = 1; ttl <= path_length; ++ttl) {
      probe.ttl = ttl;
      asked[prober.submit(address(target), probe, 5s)] = ttl;
    }
    std::map<int, Result> results;
    while (prober.in_flight() > 0)
      for (auto& [token, result] : prober.poll(1h)) results.emplace(asked.at(token), std::move(result));
    return results;
  }
  /// The source ports and flow labels of all packets that were sent.
  [[nodiscard]] std::set<std::pair<int, std::uint32_t>> looks() const {
    std::set<std::pair<int, std::uint32_t>> looks;
    for (const auto& packet : transport->log().sent) looks.emplace(packet.source_port, packet.flow_label);
    return looks;
  }

  std::shared_ptr<SimulatedTransport> transport;
  Prober prober;
};

ProbeOptions with_flow(ProbeOptions probe, std::uint16_t flow) {
  probe.flow = flow;
  return probe;
}

void check_hops(const std::map<int, Result>& results, const std::string& target) {
  BOOST_TEST(results.size() == static_cast<std::size_t>(path_length));
  for (const auto& [ttl, result] : results) {
    const bool reached = ttl == path_length;
    const Address router = address((is_v6(target) ? "fd01::" : "10.1.0.") + std::to_string(ttl));
    BOOST_TEST(result.outcome == (reached ? Outcome::reply : Outcome::ttl_expired));
    BOOST_TEST(result.responder == (reached ? address(target) : router));
  }
}

BOOST_AUTO_TEST_CASE(hops_asked_side_by_side_in_one_flow_are_not_mixed_up) {
  for (const ProbeOptions& probe : {ProbeOptions{}, ProbeOptions{.payload_size = 3}, udp(), half_open()}) {
    for (const std::string target : {"10.20.0.7", "fd20::7"}) {
      World world;
      check_hops(world.trace(target, with_flow(probe, 5)), target);
      BOOST_TEST(world.looks().size() == 1U);
      BOOST_TEST(world.prober.counters().unauthenticated == 0U);
      BOOST_TEST(world.transport->log().unsound == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(ping_sockets_do_as_well) {
  for (const std::string target : {"10.20.0.7", "fd20::7"}) {
    World world{all_bytes, {.sockets = TransportKind::ping_socket, .record = true}};
    check_hops(world.trace(target, with_flow({}, 5)), target);
  }
}

BOOST_AUTO_TEST_CASE(eight_quoted_bytes_name_the_hop_by_sequence_number_with_less_proof) {
  World world{8};
  const auto results = world.trace("10.20.0.7", with_flow({}, 5));
  check_hops(results, "10.20.0.7");
  BOOST_TEST(results.at(1).auth_bits == 32);
  BOOST_TEST(results.at(path_length).auth_bits == 96);
}

// The eight bytes of a UDP header are the same in all probes of a flow.
BOOST_AUTO_TEST_CASE(hops_that_nobody_can_tell_apart_are_left_silent) {
  World world{8};
  const auto results = world.trace("10.20.0.7", with_flow(udp(), 5));
  for (const auto& [ttl, result] : results)
    BOOST_TEST(result.outcome == (ttl == path_length ? Outcome::reply : Outcome::no_reply));
  BOOST_TEST(world.prober.counters().unauthenticated == static_cast<std::uint64_t>(path_length - 1));
}

BOOST_AUTO_TEST_CASE(one_by_one_they_can_be_told) {
  World world{8};
  for (int ttl = 1; ttl <= path_length; ++ttl) {
    ProbeOptions probe = with_flow(udp(), 5);
    probe.ttl = ttl;
    static_cast<void>(world.prober.submit(address("10.20.0.7"), probe, 5s));
    const auto done = world.prober.poll(1h);
    BOOST_REQUIRE_EQUAL(done.size(), 1U);
    const Address router = address("10.1.0." + std::to_string(ttl));
    BOOST_TEST(done[0].result.responder == (ttl == path_length ? address("10.20.0.7") : router));
    if (ttl < path_length) BOOST_TEST(done[0].result.auth_bits == 16);
  }
  BOOST_TEST(world.looks().size() == 1U);
}

BOOST_AUTO_TEST_CASE(every_flow_has_a_port_and_a_label_for_all_targets) {
  for (const ProbeOptions& probe : {udp(), half_open()}) {
    World world;
    for (const std::string target : {"fd20::7", "fd20::8"})
      for (const auto flow : std::array<std::uint16_t, 3>{0, 1, 7}) world.trace(target, with_flow(probe, flow));
    std::set<std::uint32_t> labels;
    std::set<int> ports;
    for (const auto& [port, label] : world.looks()) {
      ports.insert(port);
      labels.insert(label);
    }
    BOOST_TEST(world.looks().size() == 3U);
    BOOST_TEST(ports.size() == 3U);
    BOOST_CHECK((labels == std::set<std::uint32_t>{0x80000, 0x80001, 0x80007}));
  }
}

BOOST_AUTO_TEST_CASE(connections_of_a_flow_have_one_port_and_take_turns) {
  World world;
  for (int ttl = 1; ttl <= path_length; ++ttl) {
    ProbeOptions probe = with_flow(tcp(), 5);
    probe.ttl = ttl;
    for (const char* target : {"10.20.0.7", "10.20.0.8"})
      static_cast<void>(world.prober.submit(address(target), probe, 5s));
    std::size_t done = 0;
    while (world.prober.in_flight() > 0) {
      for (const auto& [token, result] : world.prober.poll(1h)) {
        BOOST_TEST(result.outcome == (ttl == path_length ? Outcome::reply : Outcome::ttl_expired));
        ++done;
      }
    }
    BOOST_TEST(done == 2U);
  }
  BOOST_TEST(world.looks().size() == 1U);
  world.trace("10.20.0.7", with_flow(tcp(), 6));
  BOOST_TEST(world.looks().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
