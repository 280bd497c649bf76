// Tests the causes of silence against the kernel: five scenes, by each way of asking, in both families.
// The same list of targets is asked in each way, in namespaces of their own, at the same time.
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
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
  if (way.kind != TransportKind::raw) become_nobody();
  Options options;
  options.transport = open_transport({.kinds = {way.kind}});
  const auto start = std::chrono::steady_clock::now();
  const Batch batch = multi_ping(scene_targets(way.probe), 2s, 1, options);
  BOOST_TEST((std::chrono::steady_clock::now() - start < 10s));
  check_causes(batch);
}

BOOST_AUTO_TEST_CASE(five_scenes_have_their_causes_by_each_way_of_asking) {
  const std::array ways{Way{TransportKind::raw}, Way{TransportKind::ping_socket},
                        Way{TransportKind::sockets, {.protocol = Protocol::udp}},
                        Way{TransportKind::sockets, {.protocol = Protocol::tcp}},
                        Way{TransportKind::raw, {.protocol = Protocol::tcp, .half_open = true}}};
  std::vector<std::unique_ptr<Child>> children;
  for (const Way& way : ways)
    children.push_back(std::make_unique<Child>([&way] { in_namespace([&way] { check_way(way); }); }));
  for (const auto& child : children) BOOST_TEST(child->join());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
