// Tests what rtnetlink(7) says about routes, neighbours and links, as an ordinary user.
// For the causes of silence.
#include "os/rtnetlink_client.hpp"

#include <net/if.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstring>

#include "multiping/multi_ping.hpp"
#include "netns/namespace.hpp"
#include "os/rtnetlink_answers.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using net::Neighbour;
using net::WayOut;
using NeighbourState = net::Neighbour::State;

BOOST_AUTO_TEST_SUITE(kernel_network_test, *precondition(needs_root))

Address address(const char* text) { return *Address::parse(text); }

std::error_code way_error(os::KernelNetwork& kernel, const char* to) {
  const auto way = kernel.way_out(address(to), {});
  BOOST_REQUIRE(way.has_value());
  return way->error;
}

NeighbourState state_of(os::KernelNetwork& kernel, const char* neighbour) {
  const auto found = kernel.neighbour(address(neighbour), ::if_nametoindex("va"));
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->address == address(neighbour));
  return found->state;
}

/// Both targets on the link are asked: one that exists, and one that does not.
void ask_neighbours() {
  const auto batch = multi_ping({"10.1.0.2", "10.1.0.9", "fd01::2", "fd01::9"}, 300ms, 0);
  BOOST_TEST(batch.responses.size() == 2U);
}

BOOST_AUTO_TEST_CASE(ways_out_and_what_forbids_them_are_known) {
  in_namespace([] {
    make_router();
    run("ip route add unreachable 10.66.1.0/24 && ip route add blackhole 10.66.2.0/24");
    run("ip route add prohibit 10.66.3.0/24 && ip -6 route add unreachable fd66:1::/64");
    run("ip -6 route add blackhole fd66:2::/64 && ip -6 route add prohibit fd66:3::/64");
    become_nobody();
    os::KernelNetwork kernel;
    const auto v4 = kernel.way_out(address("10.77.0.1"), {}), v6 = kernel.way_out(address("fd77::1"), {});
    BOOST_REQUIRE((v4 && v6));
    BOOST_TEST((v4->gateway == address("10.1.0.2") && v4->source == address("10.1.0.1")));
    BOOST_TEST((v6->gateway == address("fd01::2") && v6->source == address("fd01::1")));
    BOOST_TEST(v4->device == ::if_nametoindex("va"));
    BOOST_TEST(!kernel.way_out(address("10.1.0.9"), {})->gateway);
    BOOST_TEST((kernel.way_out(address("10.1.0.1"), {})->kind == WayOut::Kind::own));
    BOOST_TEST((kernel.way_out(address("10.1.255.255"), {})->kind != WayOut::Kind::own));
    for (const char* to : {"10.66.1.1", "10.66.2.1", "10.66.3.1", "fd66:1::1", "fd66:2::1", "fd66:3::1"})
      BOOST_TEST(static_cast<bool>(way_error(kernel, to)), to);
    BOOST_TEST(kernel.asked() == 14U);  // where a gateway is told, also whether it is the only one
  });
}

BOOST_AUTO_TEST_CASE(without_a_route_there_is_no_way_out) {
  in_namespace([] {
    os::KernelNetwork kernel;
    BOOST_TEST(way_error(kernel, "10.1.0.1").value() == ENETUNREACH);
    BOOST_TEST(way_error(kernel, "fd01::1").value() == ENETUNREACH);
    BOOST_TEST(!kernel.way_out(address("127.0.0.1"), {})->error);
  });
}

BOOST_AUTO_TEST_CASE(an_interface_without_an_address_gives_no_source) {
  in_namespace([] {
    run("ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
    run("ip route add 10.5.0.0/16 dev va");
    os::KernelNetwork kernel;
    const auto way = kernel.way_out(address("10.5.0.1"), {});
    BOOST_REQUIRE((way && !way->error));
    BOOST_TEST(!way->source);
  });
}

BOOST_AUTO_TEST_CASE(neighbours_are_seen_as_the_kernel_sees_them) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    become_nobody();
    ask_neighbours();
    os::KernelNetwork kernel;
    for (const char* living : {"10.1.0.2", "fd01::2"})
      BOOST_TEST((state_of(kernel, living) == NeighbourState::reachable));
    for (const char* dead : {"10.1.0.9", "fd01::9"}) BOOST_TEST((state_of(kernel, dead) == NeighbourState::incomplete));
    const std::uint32_t device = ::if_nametoindex("va");
    BOOST_TEST(!kernel.neighbour(address("10.1.0.77"), device).has_value());
    const auto living = kernel.neighbour(address("10.1.0.2"), device);
    BOOST_TEST(living->unconfirmed < 10s);
    const auto listed = kernel.neighbours(Family::ipv4, device);
    BOOST_TEST(std::ranges::count(listed, address("10.1.0.9"), &Neighbour::address) == 1);
    BOOST_TEST(kernel.asked() == 7U);
  });
}

BOOST_AUTO_TEST_CASE(links_are_seen_with_and_without_a_carrier) {
  in_namespace([] {
    make_peer();
    os::KernelNetwork kernel;
    const std::uint32_t device = kernel.device("va"), loopback = kernel.device("lo");
    const auto link = kernel.link(device), lo = kernel.link(loopback);
    BOOST_REQUIRE((link && lo));
    BOOST_TEST((link->up && link->carrier && link->asks));
    BOOST_TEST((lo->up && !lo->asks));
    run("nsenter --net=/run/netns/peer ip link set vb down");
    BOOST_TEST((kernel.link(device)->up && !kernel.link(device)->carrier));
    run("ip link set va down");
    BOOST_TEST(!kernel.link(device)->up);
    BOOST_TEST(!kernel.link(12'345).has_value());
  });
}

BOOST_AUTO_TEST_CASE(routes_are_listed_where_they_alone_decide) {
  in_namespace([] {
    make_router();
    run("ip route add 10.88.0.0/16 nexthop via 10.1.0.2 nexthop via 10.1.0.3");
    os::KernelNetwork kernel;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const auto routes = kernel.routes(family);
      BOOST_REQUIRE(routes.has_value());
      const Address gateway = address(family == Family::ipv4 ? "10.1.0.2" : "fd01::2");
      BOOST_TEST(std::ranges::count_if(*routes, [&](const net::RouteEntry& entry) {
                   return entry.length == 0 && entry.gateway == gateway && !entry.several;
                 }) == 1);
    }
    const auto v4 = *kernel.routes(Family::ipv4);
    const auto balanced = std::ranges::find(v4, address("10.88.0.0"), &net::RouteEntry::to);
    BOOST_REQUIRE((balanced != v4.end()));
    BOOST_TEST((balanced->several && balanced->length == 16));
    run("ip rule add fwmark 7 table 100");
    BOOST_TEST(!kernel.routes(Family::ipv4).has_value());
    BOOST_TEST(kernel.routes(Family::ipv6).has_value());
  });
}

BOOST_AUTO_TEST_CASE(a_long_table_is_not_read_to_its_end) {
  in_namespace([] {
    make_router();
    run("for i in $(seq 0 255); do for j in 0 64 128 192 ; do echo route add 10.100.$i.$j/26 via 10.1.0.2; "
        "echo route add 10.101.$i.$j/26 via 10.1.0.2; done; done > /run/routes && ip -batch /run/routes");
    os::KernelNetwork kernel;
    BOOST_TEST(!kernel.routes(Family::ipv4).has_value());
    const auto way = kernel.way_out(address("10.100.7.1"), {});
    BOOST_REQUIRE(way.has_value());
    BOOST_TEST(way->gateway == address("10.1.0.2"));
  });
}

BOOST_AUTO_TEST_CASE(answers_that_are_cut_short_say_nothing) {
  os::netlink::Request<rtmsg> whole{RTM_NEWROUTE, 0, rtmsg{}};
  whole.add(RTA_OIF, 3U);
  const auto bytes = whole.bytes(1);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto cut = bytes.first(size);
    BOOST_TEST(!os::netlink::take_message(cut).has_value(), size);
  }
  auto all = bytes;
  const auto message = os::netlink::take_message(all);
  BOOST_REQUIRE(message.has_value());
  BOOST_TEST(os::kernel::route_in(*message).has_value() == false);  // table 0 is none of those that decide
  BOOST_TEST(!os::kernel::neighbour_in(*message).has_value());
  BOOST_TEST(!os::kernel::link_in(*message).has_value());
  BOOST_TEST(os::kernel::way_in(*message)->device == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
