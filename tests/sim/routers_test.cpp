// Tests the simulated routers packet by packet: what they hash, how they choose, what they limit, lose and refuse.
// The tests of traces depend on these routers.
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "sim/message_edits.hpp"
#include "sim/network.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(routers_test)

const char* const host = "10.20.0.1";
const Instant start{1000s};

Address address(const std::string& text) { return *Address::parse(text); }

Hop router(const std::string& text) { return {.address = address(text)}; }

/// A request on the wire. `serial` may differ within a flow; the other fields identify the flow, apart from the TTL.
struct Probe {
  Protocol protocol = Protocol::udp;
  int ttl = 64;
  std::uint32_t source_port = 50'000;  // for ICMP the identifier
  std::uint32_t serial = 0;            // for ICMP the sequence number
  std::string target = host;
  std::uint32_t flow_label = 0;
};

Bytes packet(const Probe& probe) {
  Bytes message(probe.protocol == Protocol::tcp ? 20 : 16);
  const bool v4 = probe.target.find(':') == std::string::npos;
  if (probe.protocol == Protocol::icmp) {
    message[0] = v4 ? 8 : 128;
    put16(message, 4, probe.source_port);
    put16(message, 6, probe.serial);
  } else {
    put16(message, 0, probe.source_port);
    put16(message, 2, 33'434);
  }
  if (probe.protocol == Protocol::tcp) put32(message, 12, 0x50020000U);
  IpHeader ip{address(v4 ? "10.255.255.1" : "fdff::1"), address(probe.target), static_cast<std::uint8_t>(probe.ttl)};
  ip.protocol = probe.protocol;
  ip.flow_label = probe.flow_label;
  return finish(ip, std::move(message), false);
}

Scenario network(HostRule rule) {
  if (rule.block.empty()) rule.block = host;
  return {.name = "routers", .hosts = {std::move(rule)}};
}

/// An answer, and the address that sent it.
struct Answer {
  std::string from{};
  unsigned type = 0, code = 0;
  Duration delay{};
};

/// The only answer; an empty one when there is none.
Answer ask(SimNetwork& net, const Probe& probe, Instant now = start) {
  const auto deliveries = net.answer(now, packet(probe));
  BOOST_REQUIRE(deliveries.size() < 2U);
  if (deliveries.empty()) return {};
  const auto datagram = parse_datagram(deliveries[0].bytes);
  BOOST_REQUIRE(datagram.has_value());
  return {datagram->ip.source.to_string(), datagram->message[0], datagram->message[1], deliveries[0].delay};
}

/// The routers up to a TTL, joined by spaces; "-" stands for a silent one.
std::string way(SimNetwork& net, Probe probe, int hops) {
  std::string names;
  for (probe.ttl = 1; probe.ttl <= hops; ++probe.ttl) {
    const std::string from = ask(net, probe).from;
    names += (names.empty() ? "" : " ") + (from.empty() ? "-" : from);
  }
  return names;
}

/// Router 1, then by flow either router 2 or routers 3 and 4. After router 2 follows, again by flow, router 5 or 6. All
/// ways end with router 9.
HostRule two_levels() {
  Hop b = router("10.1.0.2");
  b.branches = {{router("10.1.0.5")}, {router("10.1.0.6")}};
  Hop a = router("10.1.0.1");
  a.branches = {{b}, {router("10.1.0.3"), router("10.1.0.4")}};
  return {.path = {a, router("10.1.0.9")}};
}

BOOST_AUTO_TEST_CASE(flows_take_whole_branches_of_two_levels_evenly) {
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::icmp}) {
    SimNetwork net{network(two_levels())};
    std::map<std::string, int> ways;
    for (std::uint32_t flow = 0; flow < 400; ++flow) ++ways[way(net, {protocol, 0, 40'000 + flow}, 4)];
    BOOST_TEST(ways.size() == 3U);
    BOOST_TEST(ways["10.1.0.1 10.1.0.3 10.1.0.4 10.1.0.9"] > 150);
    BOOST_TEST(ways["10.1.0.1 10.1.0.2 10.1.0.5 10.1.0.9"] > 60);
    BOOST_TEST(ways["10.1.0.1 10.1.0.2 10.1.0.6 10.1.0.9"] > 60);
  }
}

BOOST_AUTO_TEST_CASE(an_echo_request_with_another_checksum_is_another_flow) {
  SimNetwork net{network(two_levels())};
  std::set<std::string> ways;
  for (std::uint32_t serial = 0; serial < 50; ++serial) ways.insert(way(net, {Protocol::icmp, 0, 7, serial}, 4));
  BOOST_TEST(ways.size() == 3U);
}

BOOST_AUTO_TEST_CASE(the_flow_label_is_part_of_an_ipv6_flow) {
  HostRule rule{.block = "fd20::1"};
  rule.path = {router("fd01::1"), router("fd01::9")};
  rule.path[0].branches = {{router("fd01::2")}, {router("fd01::3")}};
  SimNetwork net{network(rule)};
  std::set<std::string> ways;
  for (std::uint32_t label = 0; label < 20; ++label)
    ways.insert(way(net, {.target = "fd20::1", .flow_label = label}, 3));
  BOOST_TEST(ways.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_branch_may_be_empty) {
  HostRule rule{.path = {router("10.1.0.1"), router("10.1.0.9")}};
  rule.path[0].branches = {{}, {router("10.1.0.2")}};
  SimNetwork net{network(rule)};
  std::set<std::string> ways;
  for (std::uint32_t flow = 0; flow < 40; ++flow) ways.insert(way(net, {.source_port = 40'000 + flow}, 2));
  BOOST_TEST((ways == std::set<std::string>{"10.1.0.1 10.1.0.9", "10.1.0.1 10.1.0.2"}));
}

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_and_then_its_rate) {
  HostRule rule{.path = {router("10.1.0.1")}};
  rule.path[0].limit = RateLimit{.per_second = 10, .burst = 6};
  SimNetwork net{network(rule)};
  int heard = 0;
  for (int i = 0; i < 30; ++i) heard += ask(net, {.ttl = 1}).from.empty() ? 0 : 1;
  BOOST_TEST(heard == 6);
  for (int i = 1; i <= 400; ++i) heard += ask(net, {.ttl = 1}, start + i * 5ms).from.empty() ? 0 : 1;  // two seconds
  BOOST_TEST(heard == 6 + 20);
  for (int i = 0; i < 30; ++i) heard += ask(net, {.ttl = 1}, start + 1h).from.empty() ? 0 : 1;
  BOOST_TEST(heard == 6 + 20 + 6);
  const HopTraffic& traffic = net.traffic()->at(address("10.1.0.1"));
  BOOST_TEST(traffic.asked == 460U);
  BOOST_TEST(traffic.answered == 32U);
  BOOST_TEST(traffic.limited == 428U);
}

BOOST_AUTO_TEST_CASE(a_bucket_for_each_target_and_one_for_all_that_routes_share) {
  HostRule rule{.block = "10.20.0.0/16", .path = {router("10.1.0.1"), router("10.1.0.2")}};
  rule.path[0].limit_per_target = RateLimit{.per_second = 0, .burst = 2};
  rule.path[1].limit = RateLimit{.per_second = 0, .burst = 5};
  SimNetwork net{network(rule)};
  std::map<std::string, int> heard;
  for (const char* target : {"10.20.0.1", "10.20.0.2", "10.20.0.3"})
    for (int i = 0; i < 8; ++i) ++heard[ask(net, {.ttl = 1 + i % 2, .target = target}).from];
  BOOST_TEST(heard["10.1.0.1"] == 6);
  BOOST_TEST(heard["10.1.0.2"] == 5);
}

BOOST_AUTO_TEST_CASE(a_loop_never_ends) {
  HostRule rule{.path = {router("10.1.0.1"), router("10.1.0.2"), router("10.1.0.3")}, .loop = 2};
  SimNetwork net{network(rule)};
  BOOST_TEST(way(net, {}, 6) == "10.1.0.1 10.1.0.2 10.1.0.3 10.1.0.2 10.1.0.3 10.1.0.2");
  BOOST_TEST(ask(net, {.ttl = 255}).from == "10.1.0.3");
}

BOOST_AUTO_TEST_CASE(a_router_without_a_route_refuses_all_that_comes) {
  HostRule rule{.path = {router("10.1.0.1"), router("10.1.0.2"), router("10.1.0.3")}};
  rule.path[1].refuses = RouterError{.type = 3, .code = 13, .delay = 7ms};
  SimNetwork net{network(rule)};
  BOOST_TEST(ask(net, {.ttl = 1}).type == 11U);
  for (const int ttl : {2, 3, 64}) {
    const Answer answer = ask(net, {.ttl = ttl});
    BOOST_TEST(answer.from == "10.1.0.2");
    BOOST_TEST(answer.type == 3U);
    BOOST_TEST(answer.code == 13U);
    BOOST_TEST((answer.delay == 7ms));
  }
}

BOOST_AUTO_TEST_CASE(a_lossy_router_loses_what_ends_there_and_what_passes) {
  HostRule rule{.path = {router("10.1.0.1"), router("10.1.0.2")}};
  rule.path[0].loss = 0.25;
  SimNetwork net{network(rule)};
  for (int i = 0; i < 4000; ++i) static_cast<void>(ask(net, {.ttl = 1 + i % 2}));
  const HopTraffic &first = net.traffic()->at(address("10.1.0.1")), &second = net.traffic()->at(address("10.1.0.2"));
  for (const std::uint64_t lost : {first.lost, first.lost_passing}) {
    BOOST_TEST(lost > 400U);
    BOOST_TEST(lost < 600U);
  }
  BOOST_TEST(first.asked + first.lost == 2000U);
  BOOST_TEST(first.passed + first.lost_passing == 2000U);
  BOOST_TEST(second.asked == first.passed);
}

BOOST_AUTO_TEST_CASE(jitter_is_added_to_the_delay) {
  HostRule rule{.path = {router("10.1.0.1")}};
  rule.path[0].delay = 10ms;
  rule.path[0].jitter = 40ms;
  SimNetwork net{network(rule)};
  Duration least = 1h, most{};
  for (int i = 0; i < 200; ++i) {
    const Duration delay = ask(net, {.ttl = 1}).delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  BOOST_TEST((least >= 10ms && least < 15ms));
  BOOST_TEST((most > 45ms && most < 50ms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
