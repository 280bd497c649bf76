// Tests routers that balance load by flow, at two hops, in virtual time: each route is one real path and never a mix of
// branches, all branches are found, and each branch has its own loss and round-trip times.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(balanced_routes_test)

constexpr Family families[] = {Family::ipv4, Family::ipv6};
constexpr int flows = 16;

struct Asking {
  TransportKind kind = TransportKind::raw;
  ProbeOptions probe{};
};

std::vector<Asking> all_ways_to_ask() {
  std::vector<Asking> all;
  for (const TransportKind kind : parts::all_kinds())
    for (const ProbeOptions& probe : {ProbeOptions{}, parts::udp(), parts::tcp()})
      if (probe.protocol != Protocol::icmp || kind != TransportKind::sockets) all.push_back({kind, probe});
  return all;
}

TraceOptions options_for(const Asking& asking, std::shared_ptr<Transport> transport) {
  TraceOptions options{.flows = flows};
  options.ping.probe = asking.probe;
  options.ping.transport = std::move(transport);
  return options;
}

std::vector<std::string> responders(const Path& path) {
  std::vector<std::string> names;
  for (const PathHop& hop : path.hops) names.push_back(hop.responder.to_string());
  return names;
}

/// The first word of each line, which is the address.
std::vector<std::string> addresses_of(std::vector<std::string> table) {
  for (std::string& words : table) words.resize(std::min(words.find(' '), words.size()));
  return table;
}

/// Checks that there is one path for each way, with exactly the flows that took it.
void check_paths(const RouteNetwork& network, const std::vector<Route>& routes) {
  std::vector<std::vector<int>> took(network.routes.size() + 1);
  for (const Route& route : routes) took[way_taken(network, route)].push_back(route.flow);
  const std::vector<Path> paths = distinct_paths(routes);
  BOOST_TEST(paths.size() == network.routes.size());
  for (const Path& path : paths) {
    BOOST_TEST(path.reached);
    const auto way = std::find(took.begin(), took.end(), path.flows);
    BOOST_REQUIRE_MESSAGE(way < took.end() - 1, "the path of flow " << path.flows.front() << " has other flows too");
    const auto expected = addresses_of(network.routes[static_cast<std::size_t>(way - took.begin())].hops);
    const auto names = responders(path);
    BOOST_TEST(names == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_flow_is_one_real_way_and_all_ways_are_found) {
  for (const Family family : families) {
    const RouteNetwork network = balanced_by_flow(family);
    for (const Asking& asking : all_ways_to_ask()) {
      BOOST_TEST_CONTEXT(network.name << " with " << to_string(asking.kind) << " by "
                                      << to_string(asking.probe.protocol)) {
        const auto transport = simulate(network.scenario, {.sockets = asking.kind});
        const auto routes = traceroute(host_of(family), options_for(asking, transport));
        BOOST_REQUIRE_EQUAL(routes.size(), std::size_t{flows});
        check_paths(network, routes);
      }
    }
  }
}

// Many targets with two flows each: the ways of different targets are independent.
BOOST_AUTO_TEST_CASE(no_route_of_many_targets_is_a_mix) {
  for (const Family family : families) {
    RouteNetwork network = balanced_by_flow(family);
    network.scenario.hosts[0].block = family == Family::ipv4 ? "10.20.0.0/24" : "fd20::/64";
    std::vector<std::string> targets;
    for (int i = 1; i <= 100; ++i) targets.push_back(host_of(family, i));
    for (const Asking& asking : all_ways_to_ask()) {
      TraceOptions options = options_for(asking, simulate(network.scenario, {.sockets = asking.kind}));
      options.flows = 2;
      std::set<std::size_t> found;
      for (Route route : traceroute(targets, options)) {
        BOOST_TEST(route.reached);
        BOOST_REQUIRE(!route.hops.empty());
        for (Result& probe : route.hops.back().probes) probe.responder = *Address::parse(host_of(family));
        found.insert(way_taken(network, route));
      }
      BOOST_TEST(found.size() == 3U);
    }
  }
}

/// The hop of this router on any path; null when there is none.
const PathHop* hop_of(const std::vector<Path>& paths, const Address& router) {
  for (const Path& path : paths)
    for (const PathHop& hop : path.hops)
      if (hop.responder == router) return &hop;
  return nullptr;
}

// No probe is repeated here, so the figures must show exactly the losses of the network.
BOOST_AUTO_TEST_CASE(each_branch_has_its_own_loss_and_times) {
  for (const Family family : families) {
    RouteNetwork network = balanced_by_flow(family);
    network.scenario.hosts[0].path[1].branches[0][2].loss = 0.15;
    const auto transport = simulate(network.scenario);
    TraceOptions options = options_for({}, transport);
    options.probes_per_hop = 20;
    options.timeout = 10s;
    options.budget = 10s;  // no time for a repetition
    const std::vector<Path> paths = distinct_paths(traceroute(host_of(family), options));
    BOOST_TEST(paths.size() == 3U);
    const auto check = [&](int number, int branch, Duration delay, bool loses) {
      const Address router = router_of(family, number, branch);
      BOOST_TEST_CONTEXT(router) {
        const PathHop* const hop = hop_of(paths, router);
        BOOST_REQUIRE(hop != nullptr);
        BOOST_TEST(hop->ttl == number);
        const Statistics& figures = hop->statistics;
        const HopTraffic& traffic = transport->log().traffic->at(router);
        BOOST_TEST(figures.received() == traffic.answered);
        BOOST_TEST(figures.lost() == traffic.lost);
        BOOST_TEST((figures.lost() > 0) == loses);
        BOOST_TEST(figures.sent() >= 40U);
        BOOST_TEST((figures.min() >= delay && figures.max() <= delay + 1ms));
      }
    };
    check(3, 3, 23ms, false);
    check(5, 3, 25ms, true);
    check(4, 1, 4ms, false);
    check(5, 2, 5ms, false);
  }
}

BOOST_AUTO_TEST_CASE(a_branch_that_leads_nowhere_is_a_path_that_does_not_reach) {
  for (const Family family : families) {
    RouteNetwork network = balanced_by_flow(family);
    network.scenario.hosts[0].path[1].branches[0].back().loss = 1;
    for (const Asking& asking : all_ways_to_ask()) {
      TraceOptions options = options_for(asking, simulate(network.scenario, {.sockets = asking.kind}));
      const auto routes = traceroute(host_of(family), options);
      const auto dead = std::ranges::count(routes, false, &Route::reached);
      BOOST_TEST(dead > 0);
      std::ptrdiff_t flows_that_reach = 0;
      for (const Path& path : distinct_paths(routes))
        if (path.reached) flows_that_reach += std::ssize(path.flows);
      BOOST_TEST(flows_that_reach == std::ssize(routes) - dead);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
