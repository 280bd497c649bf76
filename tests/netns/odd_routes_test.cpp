// Tests traces through Linux routers with misleading ICMP errors: forwarded ports, a dead gateway, one refused packet.
// Runs with raw sockets and as an ordinary user.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "multiping/traceroute.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(odd_routes_netns, *precondition(needs_root))

const std::string in_first = "nsenter --net=/run/netns/r1 ", in_second = "nsenter --net=/run/netns/r2 ",
                  in_far = "nsenter --net=/run/netns/far ";

struct SendPath {
  TransportKind kind = TransportKind::raw;
  ProbeOptions probe{};
};
const SendPath ways[] = {
    {TransportKind::raw, {}},         {TransportKind::raw, parts::udp()},     {TransportKind::raw, parts::tcp()},
    {TransportKind::ping_socket, {}}, {TransportKind::sockets, parts::udp()}, {TransportKind::sockets, parts::tcp()}};

/// Runs `make` and `check` in a namespace of its own for each way.
template <class Make, class Check>
void each(Make make, Check check) {
  for (const SendPath& way : ways) {
    in_namespace([&] {
      allow_ping_sockets();
      make();
      TraceOptions options{.max_silent_hops = 2};
      options.ping = options_for(way.kind);
      options.ping.probe = way.probe;
      BOOST_TEST_CONTEXT(to_string(way.kind) << ' ' << to_string(way.probe.protocol)) check(options);
    });
  }
}

void make_generous_chain() {
  make_chain(3);
  for (const char* name : {"r1", "r2", "r3", "far"}) lift_error_limits(name);
}

/// r1 forwards 10.77.0.1 and fd77::1 to the far host.
void forward_addresses() {
  make_generous_chain();
  run(in_first + "nft add table ip n && " + in_first + "nft add table ip6 n");
  run(in_first + "nft 'add chain ip n pre { type nat hook prerouting priority -100; }'");
  run(in_first + "nft 'add chain ip6 n pre { type nat hook prerouting priority -100; }'");
  run(in_first + "nft add rule ip n pre ip daddr 10.77.0.1 dnat to 10.1.4.2");
  run(in_first + "nft add rule ip6 n pre ip6 daddr fd77::1 dnat to fd01:4::2");
}

BOOST_AUTO_TEST_CASE(behind_a_forwarded_address_hops_have_the_address_of_the_target) {
  each(forward_addresses, [](const TraceOptions& options) {
    for (const Route& route : traceroute({"10.77.0.1", "fd77::1"}, options)) {
      BOOST_TEST_CONTEXT(route.host) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 4U);
        for (const int ttl : {2, 3}) {
          const Result& probe = route.hops[static_cast<std::size_t>(ttl) - 1].probes[0];
          BOOST_TEST(probe.outcome == Outcome::ttl_expired);
          BOOST_TEST(probe.responder == route.address);
        }
        BOOST_TEST(route.hops[3].probes[0].answered());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_forwarded_address_whose_host_is_silent_is_not_reached) {
  const auto make = [] {
    forward_addresses();
    run(in_far + "nft add table inet t && " + in_far +
        "nft 'add chain inet t in { type filter hook input priority 0; }'");
    run(in_far + "nft add rule inet t in ip daddr 10.1.4.2 drop");
    run(in_far + "nft add rule inet t in ip6 daddr fd01:4::2 drop");
  };
  each(make, [](const TraceOptions& options) {
    std::vector<Result> lost(2);
    lost[0].address = *Address::parse("10.77.0.1");
    lost[1].address = *Address::parse("fd77::1");
    for (Result& each : lost) each.protocol = options.ping.probe.protocol;
    for (const Route& route : diagnose(lost, 4s, options)) {
      BOOST_TEST_CONTEXT(route.address) {
        BOOST_TEST(!route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 3U);
        BOOST_TEST(route.hops[2].probes[0].outcome == Outcome::ttl_expired);
        BOOST_TEST(route.hops[2].probes[0].responder == route.address);
      }
    }
  });
}

/// Default routes lead to a gateway that does not exist; the kernel gives a neighbour up after half a second. The
/// device has a second address, which probes may use as their source.
void lose_gateway() {
  make_peer();
  run("ip addr add 10.1.0.9/16 dev va && ip addr add fd01::9/64 dev va nodad");
  run("sysctl -q -w net.ipv4.neigh.va.retrans_time_ms=150 net.ipv6.neigh.va.retrans_time_ms=150");
  run("ip route add default via 10.1.0.77 && ip -6 route add default via fd01::77");
}

void check_lost_here(const Route& route) {
  BOOST_TEST_CONTEXT(route.address) {
    BOOST_TEST(route.error == error_of(EHOSTUNREACH));
    BOOST_TEST(!route.reached);
    for (const multiping::Hop& hop : route.hops)
      for (const Result& probe : hop.probes) BOOST_TEST(!probe.responder, probe);
  }
}

BOOST_AUTO_TEST_CASE(what_this_host_says_of_a_dead_gateway_is_no_hop) {
  each(lose_gateway, [](TraceOptions options) {
    std::vector<Result> lost(3);
    lost[0].address = *Address::parse("10.2.0.2");
    lost[1].address = *Address::parse("fd02::2");
    lost[2].address = *Address::parse("10.1.0.78");  // no host on the link
    for (Result& each : lost) each.protocol = options.ping.probe.protocol;
    for (const bool second_address : {false, true}) {
      // The IPv6 source of a ping socket is bound; both addresses belong to this host.
      options.ping.probe.source_v4 = second_address ? *Address::parse("10.1.0.9") : Address{};
      options.ping.probe.source_v6 = second_address ? *Address::parse("fd01::9") : Address{};
      for (const Route& route : diagnose(lost, 5s, options)) {
        check_lost_here(route);
        BOOST_TEST(route.hops.empty());
      }
    }
    for (const Route& route : traceroute({"10.2.0.2", "fd02::2"}, options)) check_lost_here(route);
  });
}

BOOST_AUTO_TEST_CASE(this_host_is_a_target_like_others) {
  each(make_peer, [](const TraceOptions& options) {
    for (const Route& route : traceroute({"127.0.0.1", "10.1.0.1", "::1", "fd01::1"}, options)) {
      BOOST_TEST_CONTEXT(route.host) {
        BOOST_TEST(route.reached);
        BOOST_TEST(route.hops.size() == 1U);
        BOOST_TEST(!route.error);
      }
    }
  });
}

/// The second router refuses only the first packet that it forwards to the far host.
void refuse_one() {
  make_generous_chain();
  run(in_second + "nft add table inet t");
  run(in_second + "nft 'add chain inet t pass { type filter hook forward priority 0; }'");
  run(in_second +
      "nft add rule inet t pass ip daddr 10.1.4.2 limit rate 1/day burst 1 packets reject with icmp type "
      "host-unreachable");
  run(in_second +
      "nft add rule inet t pass ip6 daddr fd01:4::2 meta l4proto {tcp, udp, icmpv6} limit rate 1/day burst "
      "1 packets reject with icmpv6 type addr-unreachable");
}

BOOST_AUTO_TEST_CASE(one_stray_unreachable_ends_no_route) {
  each(refuse_one, [](const TraceOptions& options) {
    for (const Route& route : traceroute({"10.1.4.2", "fd01:4::2"}, options)) {
      BOOST_TEST_CONTEXT(route.host) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 4U);
        std::size_t strays = 0;
        for (const multiping::Hop& hop : route.hops) strays += count(hop.probes, Outcome::unreachable);
        BOOST_TEST(strays == 1U);
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
