// Tests names with addresses of both families: IPv4 is preferred among the addresses that this host can use (RFC 6724).
// This host is 10.1.0.1 and fd01::1 on the device "va"; the peer, 10.1.0.2 and fd01::2, is both.test.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "resolve/name_server.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(name_choice_test, *precondition(needs_root))

constexpr auto v4 = "10.1.0.2";
constexpr auto v6 = "fd01::2";
constexpr auto both = "both.test";

/// Runs the command `setup` and then `body`, for each kind of socket.
void in_world_of_both(const std::string& setup, const std::function<void(const Options&)>& body) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([&] {
      make_peer();
      wait_for_addresses();
      make_resolver_files(std::string{v4} + " both.test\n" + v6 + " both.test\n10.1.0.2 only-v4.test\n");
      if (!setup.empty()) run(setup);
      allow_ping_sockets();
      body(options_for(kind));
    });
  }
}

std::string probed(const Options& options, const ProbeOptions& probe = {}) {
  const MultiPing batch{{{both, probe}}, options};
  return batch.results()[0].address.to_string();
}

BOOST_AUTO_TEST_CASE(ipv4_where_both_can_be_used) {
  in_world_of_both("", [](const Options& options) {
    BOOST_TEST(probed(options) == v4);
    BOOST_TEST(probed(options, {.device = "va"}) == v4);
    BOOST_TEST(probed(options, {.protocol = Protocol::udp}) == v4);
    BOOST_TEST(probed(options, {.family = Family::ipv6}) == v6);
  });
}

BOOST_AUTO_TEST_CASE(ipv6_where_ipv4_has_no_route) {
  for (const char* setup : {"ip -4 addr flush dev va", "ip route add unreachable 10.1.0.2",
                            "ip route add blackhole 10.1.0.2", "ip route add prohibit 10.1.0.2"}) {
    BOOST_TEST_CONTEXT(setup) {
      in_world_of_both(setup, [](const Options& options) {
        BOOST_TEST(probed(options) == v6);
        BOOST_TEST(probed(options, {.protocol = Protocol::tcp}) == v6);
        BOOST_TEST(probed(options, {.family = Family::ipv4}) == v4);
        const Result result = ping(both, 10s, options);
        BOOST_TEST(result.answered());
        BOOST_TEST(result.address.to_string() == v6);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(ipv4_where_ipv6_has_no_route) {
  in_world_of_both("ip -6 route add unreachable fd01::2",
                   [](const Options& options) { BOOST_TEST(probed(options) == v4); });
}

BOOST_AUTO_TEST_CASE(ipv4_where_neither_has_a_route) {
  in_world_of_both("ip route add unreachable 10.1.0.2 && ip -6 route add unreachable fd01::2",
                   [](const Options& options) {
                     const Result result = ping(both, 10s, options);
                     BOOST_TEST(result.address.to_string() == v4);
                     BOOST_TEST(result.outcome == Outcome::send_failed);
                   });
}

BOOST_AUTO_TEST_CASE(what_the_device_of_a_target_has_a_route_for) {
  const std::string another_link =
      "ip link add wa type veth peer name wb && ip link set wa up && ip link set wb up && ip addr add fd02::1/64 dev "
      "wa "
      "nodad && ip -6 route add fd01::2 dev wa";
  in_world_of_both(another_link, [](const Options& options) {
    BOOST_TEST(probed(options, {.device = "va"}) == v4);
    BOOST_TEST(probed(options, {.device = "wa"}) == v6);  // "wa" has no IPv4 route
    {
      const AsRoot root;
      run("ip route add 10.1.0.2 dev wa");  // an unnumbered link is enough
    }
    BOOST_TEST(probed(options, {.device = "wa"}) == v4);
    BOOST_TEST(probed(options, {.device = "wa", .tos = 4}) == v4);
  });
}

BOOST_AUTO_TEST_CASE(what_the_mark_of_a_target_has_a_route_for) {
  in_world_of_both("ip rule add fwmark 7 unreachable", [](const Options& options) {
    const AsRoot root;
    BOOST_TEST(probed(options) == v4);
    BOOST_TEST(probed(options, {.mark = 7}) == v6);
    BOOST_TEST(probed(options, {.device = "va", .mark = 7}) == v6);
  });
}

BOOST_AUTO_TEST_CASE(a_source_address_or_a_flow_label_asks_for_its_family) {
  in_world_of_both("", [](const Options& options) {
    const Address source_v4 = Address::parse("10.1.0.1").value(), source_v6 = Address::parse("fd01::1").value();
    BOOST_TEST(probed(options, {.source_v6 = source_v6}) == v6);
    BOOST_TEST(probed(options, {.source_v4 = source_v4}) == v4);
    BOOST_TEST(probed(options, {.source_v4 = source_v4, .source_v6 = source_v6}) == v4);
    BOOST_TEST(probed(options, {.flow_label = 7}) == v6);
    BOOST_TEST(ping({both, {.source_v6 = source_v6}}, 10s, options).answered());
    BOOST_TEST(ping({both, {.flow_label = 7}}, 10s, options).answered());
  });
}

BOOST_AUTO_TEST_CASE(each_target_of_a_list_chooses_for_itself) {
  in_world_of_both("ip rule add fwmark 7 unreachable", [](const Options& options) {
    const AsRoot root;
    const MultiPing batch{{both, {both, {.mark = 7}}, {both, {.flow_label = 1}}, "only-v4.test"}, options};
    BOOST_TEST(batch.results()[0].address.to_string() == v4);
    BOOST_TEST(batch.results()[1].address.to_string() == v6);
    BOOST_TEST(batch.results()[2].address.to_string() == v6);
    BOOST_TEST(batch.results()[3].address.to_string() == v4);
  });
}

BOOST_AUTO_TEST_CASE(series_and_routes_choose_alike) {
  in_world_of_both("ip -4 addr flush dev va", [](const Options& options) {
    const auto series = ping_series(both, {.count = 1, .timeout = 10s, .ping = options});
    BOOST_TEST(series[0].address.to_string() == v6);
    BOOST_TEST(series[0].statistics.received() == 1U);
    BOOST_TEST(traceroute(both, {.ping = options})[0].address.to_string() == v6);
    BOOST_TEST(discover_mtu(both, {.ping = options})[0].address.to_string() == v6);
    MultiPing batch{both, options};
    {
      const AsRoot root;
      run("ip addr add 10.1.0.1/16 dev va");
    }
    batch.resolve();
    BOOST_TEST(batch.results()[0].address.to_string() == v4);
  });
}

BOOST_AUTO_TEST_CASE(the_transport_is_chosen_as_ever_where_none_is_given) {
  in_world_of_both("ip -4 addr flush dev va", [](const Options&) { BOOST_TEST(ping(both, 10s).answered()); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
