// Tests the causes of silence against the kernel: five scenes, by each way of asking, in both families.
// The same list of targets is asked in each way, in namespaces of their own, at the same time.
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "netns/batch.hpp"
#include "netns/interposed.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(causes_netns, *precondition(needs_root))

const std::string in_peer = "nsenter --net=/run/netns/peer ";

struct Expected {
  const char* target;
  Cause cause;
  const char* address = "";
};

/// 10.1.0.2 and fd01::2 forward into a black hole; 10.1.0.9 and fd01::9 do not exist; "na" has no carrier; an
/// unreachable and a blackhole route; no default route.
const std::array scenes{
    Expected{"10.11.0.2", Cause::link_down},
    Expected{"10.21.0.1", Cause::link_down},
    Expected{"fd11::2", Cause::link_down},
    Expected{"fd21::1", Cause::link_down},
    Expected{"10.22.0.1", Cause::gateway_silent, "10.1.0.9"},
    Expected{"10.22.7.1", Cause::gateway_silent, "10.1.0.9"},
    Expected{"fd22::1", Cause::gateway_silent, "fd01::9"},
    Expected{"fd22:0:0:7::1", Cause::gateway_silent, "fd01::9"},
    Expected{"10.1.0.77", Cause::neighbour_silent, "10.1.0.77"},
    Expected{"fd01::77", Cause::neighbour_silent, "fd01::77"},
    Expected{"10.24.0.1", Cause::no_route},
    Expected{"fd24::1", Cause::no_route},
    Expected{"10.26.0.1", Cause::no_route},
    Expected{"fd26::1", Cause::no_route},
    Expected{"10.25.0.1", Cause::remote},
    Expected{"10.25.0.2", Cause::remote},
    Expected{"fd25::1", Cause::remote},
};

void make_scenes() {
  make_peer();
  run("ip link add na type veth peer name nz && ip link set na up && ip link set nz up");
  run("ip addr add 10.11.0.1/24 dev na && ip addr add fd11::1/64 dev na nodad");
  wait_for_addresses();
  run("ip link set nz down");
  run("ip route add 10.21.0.0/16 via 10.11.0.9 && ip -6 route add fd21::/32 via fd11::9");
  run("ip route add 10.22.0.0/16 via 10.1.0.9 && ip -6 route add fd22::/32 via fd01::9");
  run("ip route add 10.25.0.0/16 via 10.1.0.2 && ip -6 route add fd25::/32 via fd01::2");
  run("ip route add unreachable 10.26.0.0/16 && ip -6 route add blackhole fd26::/32");
  run(in_peer + "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  run(in_peer + "ip route add blackhole 10.25.0.0/16 && " + in_peer + "ip -6 route add blackhole fd25::/32");
}

void check_causes(const Batch& batch) {
  BOOST_TEST(batch.responses.empty());
  BOOST_REQUIRE(batch.no_responses.size() == scenes.size());
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const Result& result = batch.no_responses[i];
    BOOST_TEST(result.cause == scenes[i].cause, result << " has the cause " << result.cause);
    BOOST_TEST(result.cause_address.to_string() == scenes[i].address, result);
  }
}

TargetList scene_targets(const ProbeOptions& probe) {
  std::vector<Target> targets;
  for (const Expected& each : scenes) targets.emplace_back(each.target, probe);
  return targets;
}

struct Way {
  TransportKind kind;
  ProbeOptions probe{};
};

void check_way(const Way& way) {
  allow_ping_sockets();
  make_scenes();
  if (way.kind != TransportKind::raw && !through_broker_only()) become_nobody();
  const Options options = options_for(way.kind);
  const auto start = std::chrono::steady_clock::now();
  const Batch batch = multi_ping(scene_targets(way.probe), 2s, 1, options);
  BOOST_TEST((std::chrono::steady_clock::now() - start < 10s));
  check_causes(batch);
}

/// With a dead gateway, the routes end at this host, and no hop is blamed: neither before the kernel gives the gateway
/// up, after 3 s, nor after that.
void check_diagnosis() {
  make_scenes();
  const auto targets = TargetList{"10.22.0.1", "fd22::1"};
  const Batch batch = multi_ping(targets, 1s);
  TraceOptions trace;
  trace.max_ttl = 6;
  for (const Duration budget : {Duration{200ms}, Duration{3s}})
    for (const Route& route : diagnose(batch.no_responses, budget, trace)) {
      BOOST_TEST(route.hops.empty(), route.host << " in " << budget.count());
      BOOST_TEST((route.error == std::errc::host_unreachable), route.host << ": " << route.error.message());
    }
}

constexpr Duration short_time = 300ms;

void check_gateway(const Result& result) {
  BOOST_TEST(result.cause == Cause::gateway_silent, result);
  BOOST_TEST(result.cause_address.to_string() == "10.1.0.9");
}

void check_other_calls() {
  make_scenes();
  check_gateway(ping("10.22.0.1", short_time));
  std::ostringstream line;
  line << ping("10.22.0.1", short_time);
  BOOST_TEST(line.str() == "10.22.0.1: no-reply: this host's gateway 10.1.0.9 does not answer");
  MultiPing mp{{"10.22.0.1", "127.0.0.1"}};
  mp.send();
  const Batch batch = mp.receive(short_time);
  BOOST_TEST(batch.responses.front().cause == Cause::none);
  check_gateway(batch.no_responses.front());
  check_gateway(mp.results().front());
  mp.send();
  BOOST_TEST(mp.results().front().cause == Cause::none);
  Prober prober;
  static_cast<void>(prober.submit(*Address::parse("10.22.0.1"), {}, short_time));
  for (const auto& completion : prober.poll(10s)) check_gateway(completion.result);
  int told = 0;
  static_cast<void>(ping_series({"10.22.0.1"}, {.count = 2, .interval = 20ms, .timeout = short_time},
                                [&](const Result& result, int) { check_gateway(result), ++told; }));
  BOOST_TEST(told == 2);
  PingSeries rounds{{"10.22.0.1"}, {.count = 1, .interval = 20ms, .timeout = short_time}};
  for (const Round& round : rounds) check_gateway(round.results.front());
  told = 0;
  static_cast<void>(multi_ping({"10.22.0.1"}, short_time, 0, {}, [&](const Result& result) {
    check_gateway(result);
    return ++told > 0;
  }));
  BOOST_TEST(told == 1);
}

/// 50 hosts behind one dead gateway take a few questions, and hosts that answer take none.
void check_questions() {
  make_scenes();
  const auto before = netlink_questions();
  static_cast<void>(multi_ping({"10.1.0.2", "fd01::2", "127.0.0.1"}, 10s));
  BOOST_TEST(netlink_questions() == before);
  for (const std::string prefix : {"10.22.9.", "fd22::"}) {
    const auto asked = netlink_questions();
    const Batch batch = multi_ping(hosts(prefix, 1, 50), 2s, 1);
    BOOST_TEST(causes(batch.no_responses)[Cause::gateway_silent] == 50U);
    BOOST_TEST_MESSAGE(netlink_questions() - asked << " questions");
    BOOST_TEST(netlink_questions() - asked <= 8U);
  }
  // Each neighbour is a next hop of its own: the list of them is read.
  const auto asked = netlink_questions();
  const Batch batch = multi_ping(hosts("10.1.9.", 1, 50), 1s);
  BOOST_TEST(causes(batch.no_responses)[Cause::neighbour_silent] == 50U);
  BOOST_TEST(netlink_questions() - asked <= 12U);
}

/// What is wrong on this host, told by errors of its system calls, and what cannot be told.
void check_own_errors() {
  make_scenes();
  const auto cause = [](const Target& target) { return ping(target, 200ms).cause; };
  BOOST_TEST(cause({"10.1.0.2", {.device = "na"}}) == Cause::link_down);
  run("ip link set na down");
  BOOST_TEST(cause({"10.1.0.2", {.device = "na"}}) == Cause::link_down);
  BOOST_TEST(cause("10.11.0.2") == Cause::no_route);
  run("ip link add nb type veth peer name nc && ip link set nb up && ip link set nc up && ip route add 10.30.0.0/16 "
      "dev nb");
  run("ip addr del 10.1.0.1/16 dev va && ip addr del 10.11.0.1/24 dev na || true");
  BOOST_TEST(cause("10.30.0.1") == Cause::no_source_address);
  write_file("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1");
  BOOST_TEST(cause("127.0.0.1") == Cause::unknown);
}

/// A rule that chooses another table for a mark: the mark's probes go another way than the others.
void check_policy() {
  make_scenes();
  run("ip rule add fwmark 7 table 100 && ip route add 10.25.0.0/16 via 10.1.0.9 table 100");
  const Batch batch = multi_ping({"10.25.0.1", {"10.25.0.2", {.mark = 7}}, "10.22.0.1", "10.25.0.3"}, 1s);
  BOOST_REQUIRE(batch.no_responses.size() == 4U);
  BOOST_TEST(batch.no_responses[0].cause == Cause::remote);
  check_gateway(batch.no_responses[1]);
  check_gateway(batch.no_responses[2]);
  BOOST_TEST(batch.no_responses[3].cause == Cause::remote);
  // A secret of the kernel, which changes with each boot, chooses the next hop: both are silent.
  run(in_peer + "ip route add blackhole 10.31.0.0/16");
  run("ip route add 10.31.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.9");
  BOOST_TEST(ping("10.31.0.1", 200ms).cause == Cause::unknown);
}

BOOST_AUTO_TEST_CASE(every_call_tells_the_cause_with_few_questions, *label("own_sockets")) {
  const std::array<void (*)(), 5> checks{check_diagnosis, check_other_calls, check_questions, check_own_errors,
                                         check_policy};
  std::vector<std::unique_ptr<Child>> children;
  for (void (*const check)() : checks) children.push_back(std::make_unique<Child>([check] { in_namespace(check); }));
  for (const auto& child : children) BOOST_TEST(child->join());
}

void filter(const std::string& rule) { run("nft add rule inet t out " + rule); }

BOOST_AUTO_TEST_CASE(a_packet_filter_of_this_host_is_told,
                     *precondition(needs_to_work("nft add table inet t")) * label("own_sockets")) {
  in_namespace([] {
    make_peer();
    run("nft add table inet t && nft 'add chain inet t out { type filter hook output priority 0; }'");
    filter("ip daddr 10.1.0.2 icmp type echo-request drop");
    filter("ip6 daddr fd01::2 icmpv6 type echo-request drop");
    filter("ip daddr 10.1.0.2 udp dport 33434 drop");
    filter("ip daddr 10.1.0.3 reject with icmp type admin-prohibited");
    const Batch batch =
        multi_ping({"10.1.0.2", "fd01::2", {"10.1.0.2", {.protocol = Protocol::udp}}, "10.1.0.3"}, 200ms);
    BOOST_REQUIRE(batch.no_responses.size() == 4U);
    for (const Result& result : batch.no_responses) BOOST_TEST(result.cause == Cause::firewall, result);
  });
}

BOOST_AUTO_TEST_CASE(five_scenes_have_their_causes_by_each_way_of_asking) {
  const std::array ways{Way{TransportKind::raw}, Way{TransportKind::ping_socket},
                        Way{TransportKind::sockets, {.protocol = Protocol::udp}},
                        Way{TransportKind::sockets, {.protocol = Protocol::tcp}},
                        Way{TransportKind::raw, {.protocol = Protocol::tcp, .half_open = true}}};
  std::vector<std::unique_ptr<Child>> children;
  for (const Way& way : ways)
    if (way.kind != TransportKind::raw || tried_here(way.kind))
      children.push_back(std::make_unique<Child>([&way] { in_namespace([&way] { check_way(way); }); }));
  for (const auto& child : children) BOOST_TEST(child->join());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
