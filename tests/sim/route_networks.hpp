// Networks for tests of traces, as data, each with the hop table that a trace must give.
// The tests run them on the simulator in virtual time, and through a TUN device in real time.
#pragma once

#include <string>
#include <vector>

#include "multiping/traceroute.hpp"
#include "sim/scenario.hpp"

namespace multiping::test {
inline namespace routes {

/// One word for each hop, as route_table() writes them.
struct ExpectedRoute {
  std::string host{};
  bool reached = true;
  std::vector<std::string> hops{};
};

/// A network, the options of the trace, and the expected routes.
struct RouteNetwork {
  std::string name{};
  Scenario scenario{};
  TraceOptions options{};
  std::vector<ExpectedRoute> routes{};
};

/// The text of a hop without times: its responders in alphabetical order, each with the rest of its answer, as
/// "10.1.0.3 MPLS 24/3/0/1 16001/0/1/1", "10.1.0.4 if 7 eth0", "10.1.0.5 !3/13"; "*" when nothing answered.
[[nodiscard]] std::string hop_words(const multiping::Hop& hop);
[[nodiscard]] std::vector<std::string> route_table(const Route& route);
/// Checks all routes, in order.
void check_routes(const RouteNetwork& network, const std::vector<Route>& traced);

/// The index of this route in network.routes; fails the test when it is none of them.
[[nodiscard]] std::size_t way_taken(const RouteNetwork& network, const Route& route);

/// The address of router number `number` on the path, in branch `branch`.
[[nodiscard]] Address router_of(Family family, int number, int branch = 0);
/// "10.20.0.<number>" or "fd20::<number>".
[[nodiscard]] std::string host_of(Family family, int number = 1);
/// Routers 1 to `routers`, each a millisecond further away, and after them a host that answers echo requests, declines
/// UDP and accepts TCP.
[[nodiscard]] HostRule host_behind(Family family, int routers, const std::string& block);

[[nodiscard]] RouteNetwork ten_hops_three_silent(Family family);
/// With labels, silent routers, several responders of one hop, and answers in the wrong order.
[[nodiscard]] RouteNetwork sixty_four_hops(Family family);
[[nodiscard]] RouteNetwork endless_loop(Family family);
/// Labels in both places where routers put them, and interface objects.
[[nodiscard]] RouteNetwork labelled_hops(Family family);
/// Every hop appends an unusual extension: a length field that counts too little, a hundred objects, and then malformed
/// extensions, of which nothing is read, but whose hops still count.
[[nodiscard]] RouteNetwork malformed_labels(Family family);
/// One target for each way in which a router says that it has no route.
[[nodiscard]] RouteNetwork unreachable_behind_routers(Family family);
/// Two routers at one hop, between which load is balanced by packet.
[[nodiscard]] RouteNetwork two_responders(Family family);
/// One router answers after the timeout of its probes; others answer in the wrong order.
[[nodiscard]] RouteNetwork late_and_reordered(Family family);

/// All networks above, for both families.
[[nodiscard]] std::vector<RouteNetwork> route_networks();

/// Load is balanced by flow at two hops, over branches of different lengths: three paths, one for half of the flows and
/// two for a quarter each. `routes` holds the paths; each is taken by some flows. Answers on the first path take 20 ms
/// longer, and it has labels.
[[nodiscard]] RouteNetwork balanced_by_flow(Family family);

}  // namespace routes
}  // namespace multiping::test
