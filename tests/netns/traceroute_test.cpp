// Tests traces through real sockets: a simulated network behind a TUN device, and a row of Linux routers.
// Tests that depend on the speed of answers run in virtual time; those here must pass on a busy machine too.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(traceroute_test, *precondition(needs_tun))

constexpr Timeout patience = 1s;
constexpr int listening = 8080;

TraceOptions through(TransportKind kind, const ProbeOptions& probe = {}) {
  TraceOptions options{.timeout = patience};
  options.ping = options_for(kind);
  options.ping.probe = probe;
  return options;
}

std::vector<Route> trace(const RouteNetwork& network, TransportKind kind, const ProbeOptions& probe) {
  TraceOptions options = through(kind, probe);
  options.max_ttl = network.options.max_ttl;
  std::vector<std::string> hosts;
  for (const ExpectedRoute& route : network.routes) hosts.push_back(route.host);
  return traceroute(hosts, options);
}

/// The probes that every network is traced with.
const ProbeOptions protocols[] = {{}, parts::udp(), parts::tcp()};

const RouteNetwork tun_networks[] = {ten_hops_three_silent(Family::ipv4),
                                     labelled_hops(Family::ipv4),
                                     labelled_hops(Family::ipv6),
                                     malformed_labels(Family::ipv4),
                                     malformed_labels(Family::ipv6),
                                     sixty_four_hops(Family::ipv4),
                                     unreachable_behind_routers(Family::ipv4),
                                     unreachable_behind_routers(Family::ipv6),
                                     two_responders(Family::ipv6)};

std::size_t heard(const multiping::Hop& hop) {
  return static_cast<std::size_t>(std::ranges::count(hop.probes, Outcome::ttl_expired, &Result::outcome));
}

/// The hop table of a chain of routers with `target` at the end.
std::vector<std::string> chain_table(int routers, const std::string& target) {
  const bool v6 = parts::is_v6(target);
  std::vector<std::string> table;
  for (int link = 1; link <= routers; ++link)
    table.push_back(v6 ? "fd01:" + std::to_string(link) + "::2" : "10.1." + std::to_string(link) + ".2");
  table.push_back(target);
  return table;
}

void check_table(const Route& route, const std::vector<std::string>& expected) {
  BOOST_TEST_CONTEXT(route.host) {
    BOOST_TEST(!route.error);
    const std::vector<std::string> table = route_table(route);
    BOOST_TEST(table == expected, boost::test_tools::per_element());
  }
}

void make_generous_chain(int routers) {
  make_chain(routers);
  for (int router = 1; router <= routers; ++router) lift_error_limits("r" + std::to_string(router));
  lift_error_limits("far");
}

/// Accepts connections in the namespace `far` until it is killed.
void listen_far() {
  const int far = ::open("/run/netns/far", O_RDONLY | O_CLOEXEC);
  if (far < 0 || ::setns(far, CLONE_NEWNET) != 0) throw std::runtime_error{"cannot enter the far namespace"};
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(listening);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 100) != 0)
    throw std::runtime_error{"cannot listen"};
  for (;;) ::pause();
}

// Raw sockets, and ping sockets without any privilege, give the same hops and labels.
BOOST_AUTO_TEST_CASE(the_hop_tables_of_networks_behind_a_tun_device) {
  for (const RouteNetwork& network : tun_networks) {
    in_namespace([&network] {
      allow_ping_sockets();
      const TunDevice device{network.scenario};
      if (tried_here(TransportKind::raw))
        for (const ProbeOptions& probe : protocols) check_routes(network, trace(network, TransportKind::raw, probe));
      become_nobody();
      for (const ProbeOptions& probe : {protocols[0], protocols[1]})
        check_routes(network, trace(network, TransportKind::ping_socket, probe));
      check_routes(network, trace(network, TransportKind::sockets, protocols[1]));
      BOOST_TEST(device.unsound() == 0U);
    });
  }
}

// With connections, a trace probes one hop after the other.
BOOST_AUTO_TEST_CASE(a_trace_by_connections_of_an_ordinary_user) {
  in_namespace([] {
    const RouteNetwork network = labelled_hops(Family::ipv4);
    const TunDevice device{network.scenario};
    become_nobody();
    check_routes(network, trace(network, TransportKind::sockets, parts::tcp()));
  });
}

// There are so many flows that they hardly all take the same way.
BOOST_AUTO_TEST_CASE(flows_behind_a_tun_device_are_real_ways) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    in_namespace([family] {
      allow_ping_sockets();
      const RouteNetwork network = balanced_by_flow(family);
      const TunDevice device{network.scenario};
      const auto check = [&](TransportKind kind, const ProbeOptions& probe) {
        TraceOptions options = through(kind, probe);
        options.flows = 32;
        std::set<std::size_t> found;
        for (const Route& route : traceroute(host_of(family), options)) found.insert(way_taken(network, route));
        BOOST_TEST(found.size() > 1U);
      };
      if (tried_here(TransportKind::raw))
        for (const ProbeOptions& probe : protocols) check(TransportKind::raw, probe);
      become_nobody();
      for (const ProbeOptions& probe : protocols) check(TransportKind::ping_socket, probe);
    });
  }
}

BOOST_AUTO_TEST_CASE(many_targets_behind_a_limited_router) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      HostRule rule = host_behind(Family::ipv4, 3, "10.20.0.0/24");
      rule.path[1].limit = RateLimit{.per_second = 1, .burst = 6};
      const TunDevice device{{.name = "limited", .hosts = {rule}}};
      const auto routes = traceroute(hosts("10.20.0.", 1, 60), through(kind));
      std::size_t heard_there = 0;
      for (const Route& route : routes) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 4U);
        BOOST_TEST(heard(route.hops[0]) == 3U);
        BOOST_TEST(heard(route.hops[2]) == 3U);
        heard_there += heard(route.hops[1]);
      }
      BOOST_TEST(heard_there >= 6U);
      BOOST_TEST(heard_there <= 90U);  // of 180 probes; the router sends one error a second
    });
  }
}

BOOST_AUTO_TEST_CASE(real_routers_without_limits_all_answer) {
  in_namespace([] {
    allow_ping_sockets();
    make_generous_chain(4);
    for (const TransportKind kind : both_kinds) {
      const auto routes = traceroute({"10.1.5.2", "fd01:5::2"}, through(kind));
      for (const Route& route : routes) {
        BOOST_TEST(route.reached);
        check_table(route, chain_table(4, route.host));
        for (const multiping::Hop& hop : route.hops) BOOST_TEST((hop.ttl == 5 || heard(hop) == 3U));
      }
    }
    // Three times as many probes as the burst of any rate limit, and no answer is missing.
    for (const Route& route : traceroute(hosts("10.9.0.", 1, 20), through(TransportKind::raw)))
      check_table(route, chain_table(4, route.host));
  });
}

// The default rate limit is six errors at once, and then one a second. A silent router must not stop a route, and must
// not get the answer of another router.
BOOST_AUTO_TEST_CASE(real_routers_with_their_usual_limits) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_chain(4);
      const auto routes = traceroute(hosts("10.9.0.", 1, 20), through(kind));
      std::vector<std::size_t> heard_at(5);
      for (const Route& route : routes) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 5U);
        const auto words = chain_table(4, route.host);
        for (std::size_t i = 0; i < 4; ++i) {
          heard_at[i] += heard(route.hops[i]);
          for (const Result& probe : route.hops[i].probes) {
            const bool silent = probe.outcome == Outcome::no_reply || probe.outcome == Outcome::pending;
            BOOST_TEST((silent || (probe.outcome == Outcome::ttl_expired && probe.responder.to_string() == words[i])),
                       "hop " << i + 1 << ": " << probe);
          }
        }
      }
      for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(heard_at[i] > 0U);
        BOOST_TEST(heard_at[i] < 60U);
      }
    });
  }
}

/// Linux limits these IPv4 errors for the whole host, separately from all others, to five at once. The first of them
/// may be missing, and the same router then answers a later probe.
void check_refused_by(const Route& route, const std::string& router, const std::string& words) {
  BOOST_TEST_CONTEXT(route.host) {
    BOOST_TEST(!route.reached);
    const std::vector<std::string> table = route_table(route);
    BOOST_REQUIRE(table.size() >= 2U);
    BOOST_TEST(table.front() == router);
    BOOST_TEST(table.back() == words);
    for (std::size_t i = 1; i + 1 < table.size(); ++i) BOOST_TEST(table[i] == "*");
  }
}

BOOST_AUTO_TEST_CASE(real_routers_that_have_no_route) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_generous_chain(3);
      const std::string in_r2 = "nsenter --net=/run/netns/r2 ";
      run(in_r2 + "ip route add unreachable 10.8.1.0/24 && " + in_r2 + "ip route add prohibit 10.8.2.0/24");
      run(in_r2 + "ip route add throw 10.8.3.0/24 && " + in_r2 + "ip route add blackhole 10.8.4.0/24");
      run(in_r2 + "ip -6 route add unreachable fd08:1::/64 && " + in_r2 + "ip -6 route add prohibit fd08:2::/64");
      run(in_r2 + "ip -6 route add blackhole fd08:4::/64");
      TraceOptions options = through(kind);
      options.max_silent_hops = 2;
      options.probes_per_hop = 1;
      const std::pair<const char*, const char*> refusals[] = {
          {"10.8.1.1", "10.1.2.2 !3/1"}, {"10.8.2.1", "10.1.2.2 !3/13"}, {"10.8.3.1", "10.1.2.2 !3/0"}};
      for (const auto& [target, words] : refusals)
        check_refused_by(traceroute(target, options).at(0), "10.1.1.2", words);
      const auto others = traceroute({"fd08:1::1", "fd08:2::1", "fd08:4::1", "10.8.4.1"}, options);
      for (const Route& route : others) BOOST_TEST(!route.reached);
      check_table(others.at(0), {"fd01:1::2", "fd01:2::2 !1/0"});
      check_table(others.at(1), {"fd01:1::2", "fd01:2::2 !1/1"});
      check_table(others.at(2), {"fd01:1::2", "*", "*"});
      check_table(others.at(3), {"10.1.1.2", "*", "*"});
    });
  }
}

BOOST_AUTO_TEST_CASE(traces_to_real_ports, *label("own_sockets")) {
  in_namespace([] {
    make_generous_chain(3);
    const Child server{listen_far};
    const Stopwatch watch;
    while (ping({"10.1.4.2", parts::tcp(listening)}, 1s).outcome != Outcome::reply)
      BOOST_REQUIRE_MESSAGE((watch.elapsed() < 30s), "the server does not come up");
    struct Case {
      TransportKind kind;
      ProbeOptions probe;
      Outcome outcome;
    };
    const Case cases[] = {{TransportKind::raw, parts::udp(), Outcome::refused},
                          {TransportKind::sockets, parts::udp(), Outcome::refused},
                          {TransportKind::raw, parts::tcp(listening), Outcome::reply},
                          {TransportKind::sockets, parts::tcp(listening), Outcome::reply},
                          {TransportKind::raw, parts::tcp(81), Outcome::refused},
                          {TransportKind::sockets, parts::tcp(81), Outcome::refused}};
    for (const Case& each : cases) {
      BOOST_TEST_CONTEXT(to_string(each.kind) << ' ' << to_string(each.probe.protocol) << ' ' << each.probe.port) {
        for (const Route& route : traceroute({"10.1.4.2", "fd01:4::2"}, through(each.kind, each.probe))) {
          BOOST_TEST(route.reached);
          check_table(route, chain_table(3, route.host));
          BOOST_REQUIRE(!route.hops.empty());
          for (const Result& probe : route.hops.back().probes) BOOST_TEST(probe.outcome == each.outcome);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
