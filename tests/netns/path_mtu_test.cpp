// Tests path MTUs in the kernel: links of Linux routers, reports that are dropped on the way, loopback.
// Runs with raw sockets and with ping sockets, by ICMP and by UDP.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "multiping/traceroute.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(path_mtu_netns, *precondition(needs_root))

const std::string in_router = "nsenter --net=/run/netns/router ", in_far = "nsenter --net=/run/netns/far ",
                  in_end = "nsenter --net=/run/netns/end ";

TraceOptions trace_options(TransportKind kind, Protocol protocol = Protocol::icmp) {
  TraceOptions options;
  options.ping = options_for(kind);
  options.ping.probe.protocol = protocol;
  return options;
}

void limit_far_link(int mtu) {
  run(in_router + "ip link set rb mtu " + std::to_string(mtu));
  run(in_far + "ip link set vb mtu " + std::to_string(mtu));
}

/// Makes `far` a router, and behind it the host `end` (10.3.0.2, fd03::2).
void make_end() {
  run("ip netns add end");
  run(in_end + "sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
  run(in_far + "ip link add fe type veth peer name ve netns end");
  run(in_far + "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  lift_error_limits("far");
  run(in_far + "ip addr add 10.3.0.1/24 dev fe && " + in_far + "ip addr add fd03::1/64 dev fe nodad");
  run(in_end + "ip addr add 10.3.0.2/24 dev ve && " + in_end + "ip addr add fd03::2/64 dev ve nodad");
  run(in_far + "ip link set fe up && " + in_end + "ip link set ve up");
  run(in_end + "ip route add default via 10.3.0.1 && " + in_end + "ip -6 route add default via fd03::1");
  // Forwarding makes an IPv6 host a router, which then forgets what it had learned.
  run(in_far + "ip -6 route replace default via fd02::1");
  run(in_router + "ip route add 10.3.0.0/24 via 10.2.0.2 && " + in_router + "ip -6 route add fd03::/64 via fd02::2");
  BOOST_REQUIRE(multi_ping({"10.3.0.2", "fd03::2"}, 20s, 199).no_responses.empty());
}

/// From now on the router reports nothing.
void drop_reports() {
  run(in_router + "nft add table inet t");
  run(in_router + "nft 'add chain inet t out { type filter hook output priority 0; }'");
  run(in_router + "nft add rule inet t out icmp type destination-unreachable drop");
  run(in_router + "nft add rule inet t out icmpv6 type packet-too-big drop");
}

void check_all(const std::vector<PathMtu>& found, std::uint32_t mtu) {
  for (const PathMtu& each : found) {
    BOOST_TEST_CONTEXT(each.host) {
      BOOST_TEST(each.mtu == mtu);
      BOOST_TEST(!each.error);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_router_reports_its_narrow_link) {
  for (const Protocol protocol : {Protocol::icmp, Protocol::udp}) {
    for (const TransportKind kind : both_kinds) {
      in_namespace([kind, protocol] {
        allow_ping_sockets();
        make_router();
        limit_far_link(1300);
        // The second time the kernel knows a path MTU; the search must not rely on it.
        for (int calls = 0; calls < 2; ++calls) {
          const auto found = discover_mtu({"10.2.0.2", "fd02::2"}, trace_options(kind, protocol));
          check_all(found, 1300);
          BOOST_TEST(found[0].limiting_hop.to_string() == "10.1.0.2");
          BOOST_TEST(found[1].limiting_hop.to_string() == "fd01::2");
        }
        limit_far_link(1500);
        check_all(discover_mtu({"10.2.0.2", "fd02::2"}, trace_options(kind, protocol)), 1500);
      });
    }
  }
}

// A veth device refuses packets with ENOBUFS that are larger than the other end's MTU plus a VLAN header.
BOOST_AUTO_TEST_CASE(a_smaller_other_end_of_the_first_link_is_found) {
  for (const Protocol protocol : {Protocol::icmp, Protocol::udp}) {
    for (const TransportKind kind : both_kinds) {
      in_namespace([kind, protocol] {
        allow_ping_sockets();
        make_router();
        lift_error_limits("far");
        run(in_router + "ip link set ra mtu 1300");
        const auto found = discover_mtu({"10.2.0.2", "fd02::2", "10.1.0.2"}, trace_options(kind, protocol));
        for (const PathMtu& each : found) BOOST_TEST(!each.limiting_hop);
        check_all(found, 1304);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(the_last_of_several_steps_limits) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      make_end();
      limit_far_link(1400);
      run(in_far + "ip link set fe mtu 1280 && " + in_end + "ip link set ve mtu 1280");
      const auto found = discover_mtu({"10.3.0.2", "fd03::2", "10.2.0.2", "10.1.0.2"}, trace_options(kind));
      const std::uint32_t mtus[] = {1280, 1280, 1400, 1500};
      const char* const limiting[] = {"10.2.0.2", "fd02::2", "10.1.0.2", ""};
      BOOST_REQUIRE(found.size() == 4U);
      for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(found[i].mtu == mtus[i], found[i].host);
        BOOST_TEST(found[i].limiting_hop.to_string() == limiting[i]);
      }
    });
  }
}

BOOST_AUTO_TEST_CASE(a_black_hole_is_searched, *precondition(needs_to_work("nft add table inet t"))) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      limit_far_link(1411);
      drop_reports();
      const auto found = discover_mtu({"10.2.0.2", "fd02::2"}, trace_options(kind));
      check_all(found, 1411);
      for (const PathMtu& each : found) BOOST_TEST(!each.limiting_hop);
    });
  }
}

BOOST_AUTO_TEST_CASE(udp_searches_a_black_hole_too, *precondition(needs_to_work("nft add table inet t"))) {
  in_namespace([] {
    make_router();
    lift_error_limits("far");
    limit_far_link(1400);
    drop_reports();
    check_all(discover_mtu({"10.2.0.2", "fd02::2"}, trace_options(TransportKind::raw, Protocol::udp)), 1400);
  });
}

BOOST_AUTO_TEST_CASE(loopback_carries_the_largest_packets) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const auto found = discover_mtu({"127.0.0.1", "::1", "127.0.0.2"}, trace_options(kind));
      BOOST_TEST(found[0].mtu == 65'535U);  // an IPv4 packet cannot be as large as the link's MTU
      BOOST_TEST(found[1].mtu == 65'536U);
      BOOST_TEST(found[2].mtu == 65'535U);
      run("ip link set lo mtu 20000");
      check_all(discover_mtu({"127.0.0.1", "::1"}, trace_options(kind)), 20'000);
    });
  }
}

BOOST_AUTO_TEST_CASE(this_hosts_own_link_limits) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      run("ip link set va mtu 1433");
      const auto found = discover_mtu({"10.2.0.2", "fd02::2"}, trace_options(kind));
      check_all(found, 1433);
      for (const PathMtu& each : found) BOOST_TEST(!each.limiting_hop);
    });
  }
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_or_cannot_be_sent_to_has_none) {
  in_namespace([] {
    make_router();
    run("ip route add unreachable 10.66.0.0/24");
    const auto found = discover_mtu({"10.66.0.1", "10.2.0.77", "10.2.0.2"}, trace_options(TransportKind::raw));
    BOOST_TEST(found[0].error == error_of(EHOSTUNREACH));
    BOOST_TEST(found[0].mtu == 0U);
    BOOST_TEST(found[1].mtu == 0U);
    BOOST_TEST(!found[1].error);
    BOOST_TEST(found[2].mtu == 1500U);
  });
}

// Twice, since the kernel knows the path MTU the second time; and once more with probes that must not be fragmented.
BOOST_AUTO_TEST_CASE(what_may_be_fragmented_gets_through_a_narrow_link) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      lift_error_limits("far");
      limit_far_link(1300);
      ProbeOptions icmp{.payload_size = 1344}, udp{.protocol = Protocol::udp, .payload_size = 1344};
      for (int time = 1; time <= 2; ++time) {
        const std::vector<Target> targets{{"10.2.0.2", icmp}, {"10.2.0.2", udp}, {"fd02::2", icmp}, {"fd02::2", udp}};
        const Batch batch = multi_ping(targets, 10s, 0, options_for(kind));
        BOOST_TEST(batch.responses.size() == 4U);
        for (const Result& result : batch.responses) {
          BOOST_TEST(result.attempt == 1U);
          BOOST_TEST((result.outcome == (result.icmp ? Outcome::refused : Outcome::reply)));
        }
      }
      icmp.dont_fragment = udp.dont_fragment = true;
      const std::vector<Target> whole{{"10.2.0.2", icmp}, {"10.2.0.2", udp}, {"fd02::2", icmp}, {"fd02::2", udp}};
      BOOST_TEST(multi_ping(whole, 1s, 0, options_for(kind)).responses.empty());
    });
  }
}

// Small probes have DF set until a router or this host reports that they are too large.
BOOST_AUTO_TEST_CASE(what_is_small_gets_through_a_link_that_is_narrower_still) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      lift_error_limits("far");
      limit_far_link(300);
      std::vector<Target> targets;
      for (std::size_t size = 400; size < 420; ++size)
        targets.push_back({"10.2.0.2", ProbeOptions{.payload_size = size}});
      for (int time = 1; time <= 2; ++time) {
        const Batch batch = multi_ping(targets, 10s, 0, options_for(kind));
        BOOST_TEST(batch.responses.size() == targets.size());
        for (const Result& result : batch.responses) BOOST_TEST(result.attempt == 1U);
      }
      run("ip link set va mtu 400");
      BOOST_TEST(multi_ping(targets, 10s, 0, options_for(kind)).responses.size() == targets.size());
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
