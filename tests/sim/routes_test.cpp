// Tests traces on many networks in virtual time: the hop table of each network with every kind of socket and protocol,
// and the load that many routes put on one router.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>

#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

BOOST_AUTO_TEST_SUITE(routes_test)

namespace data = boost::unit_test::data;
using namespace std::chrono_literals;
using parts::all_kinds;

/// A network, and the transport and probe that trace it.
struct Run {
  RouteNetwork network{};
  TransportKind kind = TransportKind::raw;
  ProbeOptions probe{};
};

std::ostream& operator<<(std::ostream& out, const Run& run) {
  return out << run.network.name << " with " << to_string(run.kind) << " by " << to_string(run.probe.protocol);
}

std::vector<Run> runs() {
  std::vector<Run> all;
  for (const RouteNetwork& network : route_networks())
    for (const TransportKind kind : all_kinds())
      for (const ProbeOptions& probe : {ProbeOptions{}, parts::udp(), parts::tcp()})
        if (probe.protocol != Protocol::icmp || kind != TransportKind::sockets) all.push_back({network, kind, probe});
  return all;
}

class World {
 public:
  explicit World(Scenario scenario, TransportKind kind = TransportKind::raw)
      : transport_{simulate(std::move(scenario), host(kind))} {}
  [[nodiscard]] std::vector<Route> trace(const TargetList& targets, TraceOptions options) const {
    options.ping.transport = transport_;
    return traceroute(targets, options);
  }
  /// The virtual time that the whole call took.
  [[nodiscard]] Duration took() const { return transport_->log().last_waited - SimulatedHost{}.start; }
  [[nodiscard]] const HopTraffic& traffic(const Address& router) const { return transport_->log().traffic->at(router); }
  [[nodiscard]] std::uint64_t requests() const { return transport_->log().requests; }

 private:
  static SimulatedHost host(TransportKind kind) { return {.sockets = kind}; }
  std::shared_ptr<SimulatedTransport> transport_;
};

std::vector<std::string> hosts_of(const RouteNetwork& network) {
  std::vector<std::string> hosts;
  for (const ExpectedRoute& route : network.routes) hosts.push_back(route.host);
  return hosts;
}

std::size_t heard(const multiping::Hop& hop) {
  return static_cast<std::size_t>(std::ranges::count(hop.probes, Outcome::ttl_expired, &Result::outcome));
}

/// A block of many targets behind the same routers.
HostRule block_behind(Family family, int routers) {
  return host_behind(family, routers, family == Family::ipv4 ? "10.20.0.0/16" : "fd20::/64");
}

std::vector<std::string> targets(Family family, int count) {
  std::vector<std::string> list;
  for (int i = 1; i <= count; ++i)
    list.push_back(family == Family::ipv4 ? "10.20." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)
                                          : "fd20::1:" + std::to_string(i));
  return list;
}

constexpr Family families[] = {Family::ipv4, Family::ipv6};

BOOST_DATA_TEST_CASE(the_hop_table_of_each_network, data::make(runs()), run) {
  BOOST_TEST_CONTEXT(run) {
    const World world{run.network.scenario, run.kind};
    TraceOptions options = run.network.options;
    options.ping.probe = run.probe;
    check_routes(run.network, world.trace(hosts_of(run.network), options));
    const bool hop_by_hop = run.probe.protocol == Protocol::tcp && run.kind != TransportKind::raw;
    if (!hop_by_hop) BOOST_TEST((world.took() <= 3 * Duration{options.timeout} + 1ms));
  }
}

// No router is silent here, so the trace takes only round trips and no timeout.
BOOST_AUTO_TEST_CASE(a_network_that_answers_takes_no_timeout) {
  for (const Family family : families) {
    const World world{labelled_hops(family).scenario};
    const auto routes = world.trace(host_of(family), {.timeout = 10s});
    BOOST_TEST(routes[0].reached);
    BOOST_TEST((world.took() < 200ms));
  }
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_no_answer_and_none_of_the_next_attempt) {
  const RouteNetwork network = late_and_reordered(Family::ipv4);
  const World world{network.scenario};
  const auto routes = world.trace(hosts_of(network), network.options);
  BOOST_TEST(world.traffic(router_of(Family::ipv4, 4)).answered >= 3U);
  for (const Result& probe : routes[0].hops[3].probes) BOOST_TEST(probe.outcome == Outcome::no_reply);
  for (const Result& probe : routes[0].hops[4].probes) BOOST_TEST((probe.rtt >= 5ms && probe.rtt <= 606ms));
}

BOOST_AUTO_TEST_CASE(five_hundred_targets_twelve_hops_away_take_three_timeouts) {
  for (const Family family : families) {
    HostRule rule = block_behind(family, 11);
    for (const std::size_t silent : {3U, 7U}) rule.path[silent].silent = true;
    const World world{{.name = "five hundred", .hosts = {rule}}};
    const auto routes = world.trace(targets(family, 500), {.timeout = 500ms});
    BOOST_REQUIRE_EQUAL(routes.size(), 500U);
    for (const Route& route : routes) {
      BOOST_TEST(route.reached);
      BOOST_REQUIRE_EQUAL(route.hops.size(), 12U);
      for (const multiping::Hop& hop : route.hops) {
        if (hop.ttl == 12) continue;
        const bool silent = hop.ttl == 4 || hop.ttl == 8;
        BOOST_TEST(heard(hop) == (silent ? 0U : 3U), "hop " << hop.ttl << " of " << route.host);
      }
    }
    BOOST_TEST((world.took() <= 1501ms));
    BOOST_TEST_MESSAGE("500 targets: " << to_milliseconds(world.took()) << " ms, " << world.requests() << " requests");
  }
}

/// Targets behind three routers, of which the second has this limit.
Scenario limited_network(Family family, const RateLimit& limit) {
  HostRule rule = block_behind(family, 3);
  rule.path[1].limit = limit;
  return {.name = "limited", .hosts = {rule}};
}

// A router with a rate limit gets about as many probes as it answers, and delays no route.
BOOST_AUTO_TEST_CASE(two_hundred_targets_behind_a_limited_router) {
  for (const Family family : families) {
    for (const RateLimit& limit : {RateLimit{100, 6}, RateLimit{1, 6}, RateLimit{1000, 50}}) {
      const World world{limited_network(family, limit)};
      const auto routes = world.trace(targets(family, 200), {.timeout = 500ms});
      BOOST_REQUIRE_EQUAL(routes.size(), 200U);
      std::size_t heard_there = 0;
      for (const Route& route : routes) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE_EQUAL(route.hops.size(), 4U);
        BOOST_TEST(heard(route.hops[0]) == 3U);
        BOOST_TEST(heard(route.hops[2]) == 3U);
        heard_there += heard(route.hops[1]);
      }
      const HopTraffic& traffic = world.traffic(router_of(family, 2));
      BOOST_TEST_MESSAGE(limit.per_second << "/s: " << traffic.asked << " asked, " << traffic.answered
                                          << " answered, heard " << heard_there << ", " << to_milliseconds(world.took())
                                          << " ms");
      BOOST_TEST(heard_there == traffic.answered);
      BOOST_TEST(heard_there >= limit.burst);
      // There are six hundred probes of that hop, which could each be sent three times.
      BOOST_TEST(traffic.asked <= 4 * traffic.answered + 64);
      BOOST_TEST((world.took() <= 1501ms));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
