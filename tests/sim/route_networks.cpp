// Builds each network from the same straight path, and changes routers together with their expected words.
// See route_networks.hpp.
#include "sim/route_networks.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <sstream>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
inline namespace routes {
namespace {

using namespace std::chrono_literals;
using parts::open;
using parts::port_unreachable;

bool has_many(int number, int every) { return number % every == 0; }

std::string words_of(const Result& probe) {
  std::ostringstream words;
  words << (probe.responder ? probe.responder.to_string() : "*");
  if (probe.outcome == Outcome::send_failed || probe.outcome == Outcome::pending) words << ' ' << probe.outcome;
  if (probe.icmp == nullptr || probe.answered()) return words.str();
  const IcmpError& error = *probe.icmp;
  if (probe.outcome == Outcome::unreachable) words << " !" << unsigned{error.type} << '/' << unsigned{error.code};
  if (!error.mpls.empty()) words << " MPLS";
  for (const MplsLabel& entry : error.mpls)
    words << ' ' << entry.label << '/' << unsigned{entry.traffic_class} << '/' << entry.bottom_of_stack << '/'
          << unsigned{entry.ttl};
  for (const InterfaceInfo& interface : error.interfaces) words << " if " << interface.index << ' ' << interface.name;
  return words.str();
}

std::vector<MplsLabel> labels_at(int number) {
  return {{.label = 1000U + static_cast<std::uint32_t>(number), .ttl = 1},
          {.label = 3, .traffic_class = 7, .bottom_of_stack = true, .ttl = static_cast<std::uint8_t>(number)}};
}

std::string label_words(int number) {
  return " MPLS " + std::to_string(1000 + number) + "/0/0/1 3/7/1/" + std::to_string(number);
}

/// A network with one target behind `routers` routers, which all answer, and its hop table.
RouteNetwork straight(std::string name, Family family, int routers) {
  RouteNetwork network{.name = std::move(name) + (family == Family::ipv6 ? "_v6" : "_v4")};
  network.scenario = {.name = network.name, .hosts = {host_behind(family, routers, host_of(family))}};
  ExpectedRoute route{.host = host_of(family)};
  for (int number = 1; number <= routers; ++number) route.hops.push_back(router_of(family, number).to_string());
  route.hops.push_back(host_of(family));
  network.routes.push_back(std::move(route));
  return network;
}

Hop& hop(RouteNetwork& network, int number) {
  return network.scenario.hosts[0].path[static_cast<std::size_t>(number - 1)];
}

std::string& words(RouteNetwork& network, int number) {
  return network.routes[0].hops[static_cast<std::size_t>(number - 1)];
}

void silence(RouteNetwork& network, int number) {
  hop(network, number).silent = true;
  words(network, number) = "*";
}

void label(RouteNetwork& network, int number, IcmpExtensionData::Place place) {
  hop(network, number).extension = IcmpExtensionData{.objects = {mpls_object(labels_at(number))}, .place = place};
  words(network, number) += label_words(number);
}

/// Gives router `number` a second router beside it; the two answer in turn.
void balance_by_packet(RouteNetwork& network, Family family, int number) {
  hop(network, number).others = {router_of(family, number, 1)};
  std::string& one = words(network, number);
  const std::string other = router_of(family, number, 1).to_string();
  one = std::min(one, other) + " | " + std::max(one, other);
}

}  // namespace

std::string hop_words(const multiping::Hop& hop) {
  std::set<std::string> all;
  for (const Result& probe : hop.probes) all.insert(words_of(probe));
  if (all.size() > 1) all.erase("*");
  std::string joined;
  for (const std::string& each : all) joined += (joined.empty() ? "" : " | ") + each;
  return joined;
}

std::vector<std::string> route_table(const Route& route) {
  std::vector<std::string> table;
  for (const multiping::Hop& hop : route.hops) table.push_back(hop_words(hop));
  return table;
}

void check_routes(const RouteNetwork& network, const std::vector<Route>& traced) {
  BOOST_REQUIRE_EQUAL(traced.size(), network.routes.size());
  for (std::size_t i = 0; i < traced.size(); ++i) {
    const ExpectedRoute& expected = network.routes[i];
    BOOST_TEST_CONTEXT(network.name << ", " << expected.host) {
      BOOST_TEST(traced[i].host == expected.host);
      BOOST_TEST(!traced[i].error, traced[i].error.message());
      BOOST_TEST(traced[i].reached == expected.reached);
      const std::vector<std::string> table = route_table(traced[i]);
      BOOST_TEST(table == expected.hops, boost::test_tools::per_element());
    }
  }
}

std::size_t way_taken(const RouteNetwork& network, const Route& route) {
  const std::vector<std::string> table = route_table(route);
  for (std::size_t way = 0; way < network.routes.size(); ++way)
    if (network.routes[way].hops == table) return way;
  std::string words;
  for (const std::string& each : table) words += "\n  " + each;
  BOOST_ERROR("flow " << route.flow << " of " << route.host << " took no real way:" << words);
  return network.routes.size();
}

Address router_of(Family family, int number, int branch) {
  const auto low = static_cast<std::uint8_t>(number), high = static_cast<std::uint8_t>(branch);
  if (family == Family::ipv4) return Address::v4({10, 1, high, low});
  std::array<std::uint8_t, 16> octets{0xFD, 0x01};
  octets[13] = high;
  octets[15] = low;
  return Address::v6(octets);
}

std::string host_of(Family family, int number) {
  return Address{
      *Address::parse(family == Family::ipv4 ? "10.20.0." + std::to_string(number) : "fd20::" + std::to_string(number))}
      .to_string();
}

HostRule host_behind(Family family, int routers, const std::string& block) {
  const EchoReply answer{.delay = 1ms * (routers + 1)};
  PortRule closed{.protocol = Protocol::udp};
  closed.errors = {port_unreachable(block, {.delay = answer.delay})};
  HostRule rule{.block = block, .replies = {answer}, .ports = {std::move(closed), open(Protocol::tcp, answer)}};
  for (int number = 1; number <= routers; ++number)
    rule.path.push_back({.address = router_of(family, number), .delay = 1ms * number});
  return rule;
}

RouteNetwork ten_hops_three_silent(Family family) {
  RouteNetwork network = straight("ten_hops_three_silent", family, 9);
  for (const int number : {2, 5, 6}) silence(network, number);
  return network;
}

RouteNetwork sixty_four_hops(Family family) {
  using Place = IcmpExtensionData::Place;
  RouteNetwork network = straight("sixty_four_hops", family, 63);
  network.options.max_ttl = 64;
  for (int number = 1; number <= 63; ++number) {
    hop(network, number).delay = 1ms * (64 - number);
    hop(network, number).jitter = 3ms;
    if (number == 30) balance_by_packet(network, family, number);
    if (has_many(number, 4)) label(network, number, has_many(number, 8) ? Place::legacy : Place::by_length);
    if (has_many(number, 9)) silence(network, number);
  }
  return network;
}

RouteNetwork endless_loop(Family family) {
  RouteNetwork network = straight("endless_loop", family, 4);
  network.scenario.hosts[0].loop = 2;
  network.options.max_ttl = 20;
  ExpectedRoute& route = network.routes[0];
  route.reached = false;
  route.hops.resize(4);
  while (route.hops.size() < 20) {
    const std::string again = route.hops[route.hops.size() - 2];
    route.hops.push_back(again);
  }
  return network;
}

RouteNetwork labelled_hops(Family family) {
  RouteNetwork network = straight("labelled_hops", family, 5);
  label(network, 2, IcmpExtensionData::Place::by_length);
  label(network, 3, IcmpExtensionData::Place::legacy);
  const InterfaceInfo interface { .index = 7, .name = "eth0" };
  hop(network, 4).extension = IcmpExtensionData{.objects = {mpls_object(labels_at(4)), interface_object(interface)}};
  words(network, 4) += label_words(4) + " if 7 eth0";
  return network;
}

RouteNetwork malformed_labels(Family family) {
  using Data = IcmpExtensionData;
  const auto lying = [](int number, std::uint16_t length) {
    ExtensionObject object = mpls_object(labels_at(number));
    object.length = length;
    return Data{.objects = {object}};
  };
  Data hundred, short_field{.objects = {mpls_object(labels_at(1))}}, spoilt = short_field;
  for (int i = 0; i < 50; ++i) {
    hundred.objects.push_back(unknown_object(4));
    hundred.objects.push_back(mpls_object({labels_at(2)[0]}));
  }
  short_field.length_field = static_cast<std::uint8_t>(family == Family::ipv4 ? 17 : 9);  // words of a shorter quote
  spoilt.checksum = Data::Checksum::wrong;
  RouteNetwork network = straight("malformed_labels", family, 6);
  int number = 0;
  for (const Data& data : {short_field, hundred, lying(3, 0), lying(4, 3), lying(5, 65535), spoilt})
    hop(network, ++number).extension = data;
  words(network, 1) += label_words(1);
  words(network, 2) += " MPLS";
  for (int i = 0; i < 50; ++i) words(network, 2) += " 1002/0/0/1";
  return network;
}

RouteNetwork unreachable_behind_routers(Family family) {
  struct Reason {
    std::uint8_t type, code;
  };
  const bool v6 = family == Family::ipv6;
  const std::vector<Reason> reasons =
      v6 ? std::vector<Reason>{{1, 0}, {1, 3}, {1, 1}} : std::vector<Reason>{{3, 0}, {3, 1}, {3, 13}};
  RouteNetwork network = straight("unreachable_behind_routers", family, 4);
  const HostRule whole = network.scenario.hosts[0];
  for (const Reason& reason : reasons) {
    const int number = static_cast<int>(network.routes.size()) + 1;
    HostRule rule = whole;
    rule.block = host_of(family, number);
    rule.path[2] = {.address = router_of(family, 3, number)};
    rule.path[2].refuses = RouterError{.type = reason.type, .code = reason.code};
    network.scenario.hosts.push_back(rule);
    const std::string code = " !" + std::to_string(reason.type) + "/" + std::to_string(reason.code);
    network.routes.push_back({.host = rule.block,
                              .reached = false,
                              .hops = {router_of(family, 1).to_string(), router_of(family, 2).to_string(),
                                       router_of(family, 3, number).to_string() + code}});
  }
  return network;
}

RouteNetwork two_responders(Family family) {
  RouteNetwork network = straight("two_responders", family, 4);
  balance_by_packet(network, family, 2);
  return network;
}

RouteNetwork late_and_reordered(Family family) {
  RouteNetwork network = straight("late_and_reordered", family, 6);
  network.options.timeout = 1s;
  for (const int number : {1, 3, 5}) hop(network, number).jitter = 600ms;
  hop(network, 4).delay = 1400ms;
  words(network, 4) = "*";
  return network;
}

std::vector<RouteNetwork> route_networks() {
  std::vector<RouteNetwork> networks;
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (auto make : {ten_hops_three_silent, sixty_four_hops, endless_loop, labelled_hops, malformed_labels,
                      unreachable_behind_routers, two_responders, late_and_reordered})
      networks.push_back(make(family));
  return networks;
}

RouteNetwork balanced_by_flow(Family family) {
  RouteNetwork network = straight("balanced_by_flow", family, 9);
  const auto at = [family](int number, int branch, Duration extra = {}) {
    return Hop{.address = router_of(family, number, branch), .delay = 1ms * number + extra};
  };
  Hop labelled = at(4, 3, 20ms), second_level = at(3, 1);
  labelled.extension = IcmpExtensionData{.objects = {mpls_object(labels_at(4))}};
  second_level.branches = {{at(4, 1)}, {at(4, 2), at(5, 2)}};
  std::vector<Hop>& path = network.scenario.hosts[0].path;
  path[1].branches = {{at(3, 3, 20ms), labelled, at(5, 3, 20ms)}, {second_level}};
  path.erase(path.begin() + 2, path.begin() + 8);
  const auto name = [family](int number, int branch = 0) { return router_of(family, number, branch).to_string(); };
  const std::string host = host_of(family), one = name(1), two = name(2), last = name(9);
  network.routes = {{.host = host, .hops = {one, two, name(3, 3), name(4, 3) + label_words(4), name(5, 3), last, host}},
                    {.host = host, .hops = {one, two, name(3, 1), name(4, 1), last, host}},
                    {.host = host, .hops = {one, two, name(3, 1), name(4, 2), name(5, 2), last, host}}};
  return network;
}

}  // namespace routes
}  // namespace multiping::test
