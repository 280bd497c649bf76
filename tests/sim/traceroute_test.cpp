// Tests whole traces in virtual time: hop tables, ends, silence, protocols and families, time limits.
// Every time here is exact, except for the microseconds that simulated sends take.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "multiping/traceroute.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(traceroute_simulated_test)

constexpr int routers = 9;

Address hop_of(Family family, int ttl) {
  return family == Family::ipv6 ? *Address::parse("fd01::" + std::to_string(ttl))
                                : Address::v4({10, 1, 0, static_cast<std::uint8_t>(ttl)});
}

/// A host behind nine routers, each two milliseconds further away. All routers answer, except those in `silent`.
HostRule behind_routers(const std::string& block, const std::vector<int>& silent = {}) {
  const Family family = is_v6(block) ? Family::ipv6 : Family::ipv4;
  HostRule rule{.block = block, .replies = {{.delay = 20ms}}};
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp}) rule.ports.push_back(open(protocol, {.delay = 20ms}));
  for (int ttl = 1; ttl <= routers; ++ttl)
    rule.path.push_back(
        {.address = hop_of(family, ttl), .delay = 2ms * ttl, .silent = std::ranges::find(silent, ttl) != silent.end()});
  return rule;
}

/// 10.0.0.0/24 and fd00::/64 are ten hops away; so is 10.0.1.0/24, but with three silent routers. 10.0.2.0/24 is silent
/// after nine routers. A router says that 10.0.3.0/24 is unreachable. 10.0.4.0/24 answers everything twice.
Scenario network() {
  Scenario scenario{.name = "routes", .seed = 5};
  HostRule dead = behind_routers("10.0.2.0/24");
  dead.replies.clear();
  dead.ports.clear();
  HostRule cut = behind_routers("10.0.3.0/24");
  cut.replies.clear();
  cut.path.resize(3);
  cut.errors = {{.from = hop_of(Family::ipv4, 4), .type = 3, .code = 1, .delay = 8ms}};
  HostRule twice = behind_routers("10.0.4.0/24");
  twice.replies[0].copies = 2;
  scenario.hosts = {behind_routers("10.0.0.0/24"),
                    behind_routers("fd00::/64"),
                    behind_routers("10.0.1.0/24", {2, 5, 6}),
                    dead,
                    cut,
                    twice};
  return scenario;
}

struct World {
  explicit World(SimulatedHost host = {}, Scenario scenario = network())
      : transport{simulate(std::move(scenario), recorded(std::move(host)))} {}
  static SimulatedHost recorded(SimulatedHost host) {
    host.record = true;
    return host;
  }
  std::vector<Route> trace(const TargetList& targets, TraceOptions options = {}) const {
    options.ping.transport = transport;
    return traceroute(targets, options);
  }
  /// The time from the first probe to the last.
  [[nodiscard]] Duration asking() const { return log().sent.back().at - log().sent.front().at; }
  [[nodiscard]] const HostLog& log() const { return transport->log(); }

  std::shared_ptr<SimulatedTransport> transport;
};

/// Tells whether virtual time passed a moment while a call ran.
class Deadline {
 public:
  explicit Deadline(Duration at) : at_{at} {}
  [[nodiscard]] SimulatedHost host() {
    return {.happenings = {{.at = at_, .action = [this] { missed_ = true; }}}};
  }
  [[nodiscard]] bool missed() const noexcept { return missed_; }

 private:
  Duration at_;
  bool missed_ = false;
};

/// Checks that the hops are the nine routers and, if it was reached, the target.
void check_hops(const Route& route, const std::vector<int>& silent = {}) {
  BOOST_REQUIRE_EQUAL(route.hops.size(), routers + 1U);
  for (const multiping::Hop& hop : route.hops) {
    const bool target = hop.ttl == routers + 1, answers = std::ranges::find(silent, hop.ttl) == silent.end();
    BOOST_TEST(hop.ttl == &hop - route.hops.data() + 1);
    for (const Result& probe : hop.probes) {
      BOOST_TEST(probe.host == route.host);
      BOOST_TEST(probe.address == route.address);
      const Outcome wanted = !answers ? Outcome::no_reply : target ? Outcome::reply : Outcome::ttl_expired;
      BOOST_TEST(probe.outcome == wanted, probe);
      const Address responder = target ? route.address : hop_of(route.address.family(), hop.ttl);
      BOOST_TEST(probe.responder == (answers ? responder : Address{}));
      if (answers) BOOST_TEST((probe.rtt >= 2ms * hop.ttl && probe.rtt < 2ms * hop.ttl + 1ms));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_route_of_both_families_by_every_protocol) {
  for (const ProbeOptions& probe : {ProbeOptions{}, udp(), tcp()}) {
    for (const TransportKind kind : all_kinds()) {
      if (probe.protocol == Protocol::icmp && kind == TransportKind::sockets) continue;
      const World world{SimulatedHost{.sockets = kind}};
      const auto traced = world.trace({"10.0.0.1", "fd00::1"}, {.ping = {.probe = probe}});
      BOOST_REQUIRE_EQUAL(traced.size(), 2U);
      for (const Route& route : traced) {
        BOOST_TEST(route.reached);
        BOOST_TEST(!route.error);
        check_hops(route);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(silent_hops_are_asked_again_within_three_timeouts_and_called_what_they_are) {
  Deadline deadline{3005ms};
  const World world{deadline.host()};
  const auto traced = world.trace({"10.0.1.1"});
  BOOST_TEST(!deadline.missed());
  BOOST_TEST(traced.at(0).reached);
  check_hops(traced[0], {2, 5, 6});
  for (const multiping::Hop& hop : traced[0].hops)
    for (const Result& probe : hop.probes) BOOST_TEST(probe.attempt == (probe.responder ? 1U : 3U));
}

BOOST_AUTO_TEST_CASE(a_route_is_known_at_once_where_all_answer) {
  Deadline deadline{100ms};
  const World world{deadline.host()};
  const auto traced = world.trace({"10.0.0.1", "10.0.0.2"});
  BOOST_TEST(!deadline.missed());
  for (const Route& route : traced) check_hops(route);
}

BOOST_AUTO_TEST_CASE(a_silent_target_is_given_up_behind_so_many_silent_hops) {
  const World world;
  const auto traced = world.trace({"10.0.2.1"}, {.max_silent_hops = 3});
  BOOST_REQUIRE_EQUAL(traced.at(0).hops.size(), routers + 3U);
  BOOST_TEST(!traced[0].reached);
  BOOST_TEST(!traced[0].error);
  for (const multiping::Hop& hop : traced[0].hops)
    BOOST_TEST(hop.probes.at(2).outcome == (hop.ttl <= routers ? Outcome::ttl_expired : Outcome::no_reply));
  BOOST_TEST(world.trace({"10.0.2.1"}, {.max_ttl = 20, .max_silent_hops = 0}).at(0).hops.size() == 20U);
}

BOOST_AUTO_TEST_CASE(a_route_ends_where_a_router_says_unreachable) {
  const World world;
  const auto traced = world.trace({"10.0.3.1"});
  BOOST_REQUIRE_EQUAL(traced.at(0).hops.size(), 4U);
  BOOST_TEST(!traced[0].reached);
  for (const Result& probe : traced[0].hops.back().probes) {
    BOOST_TEST(probe.outcome == Outcome::unreachable);
    BOOST_TEST(probe.responder == hop_of(Family::ipv4, 4));
    BOOST_REQUIRE(probe.icmp);
    BOOST_TEST(probe.icmp->code == 1);
  }
}

BOOST_AUTO_TEST_CASE(what_declines_is_reached) {
  Scenario scenario{.name = "closed"};
  HostRule datagrams = with_closed("10.0.0.1", Protocol::udp), connections = with_closed("10.0.0.2", Protocol::tcp);
  datagrams.path = connections.path = behind_routers("10.0.0.1").path;
  scenario.hosts = {datagrams, connections};
  for (const TransportKind kind : all_kinds()) {
    const World world{SimulatedHost{.sockets = kind}, scenario};
    const auto traced = world.trace({{"10.0.0.1", udp()}, {"10.0.0.2", tcp()}});
    for (const Route& route : traced) {
      BOOST_TEST(route.reached);
      BOOST_REQUIRE_EQUAL(route.hops.size(), routers + 1U);
      BOOST_TEST(route.hops.back().probes.at(0).outcome == Outcome::refused);
    }
  }
}

BOOST_AUTO_TEST_CASE(further_answers_change_nothing) {
  const World world;
  check_hops(world.trace({"10.0.4.1"}).at(0));
}

BOOST_AUTO_TEST_CASE(a_trace_may_begin_behind_its_end) {
  const World world;
  const auto traced = world.trace({"10.0.0.1"}, {.first_ttl = 15, .probes_per_hop = 1});
  BOOST_REQUIRE_EQUAL(traced.at(0).hops.size(), 1U);
  BOOST_TEST(traced[0].hops[0].ttl == 15);
  BOOST_TEST(traced[0].reached);
}

BOOST_AUTO_TEST_CASE(routes_keep_the_order_of_the_list_with_the_flows_side_by_side) {
  const World world;
  const auto traced = world.trace({"10.0.0.1", "10.1", "10.0.0.2", "10.0.0.1"},
                                  {.probes_per_hop = 1, .flows = 3, .ping = {.ignore_lookup_errors = true}});
  std::vector<std::string> order;
  for (const Route& route : traced) order.push_back(route.host + ' ' + std::to_string(route.flow));
  BOOST_TEST(order == (std::vector<std::string>{"10.0.0.1 0", "10.0.0.1 1", "10.0.0.1 2", "10.1 0", "10.0.0.2 0",
                                                "10.0.0.2 1", "10.0.0.2 2", "10.0.0.1 0", "10.0.0.1 1", "10.0.0.1 2"}),
             boost::test_tools::per_element());
  BOOST_CHECK(traced[3].error == Errc::no_address);
  BOOST_TEST(traced[3].hops.empty());
  for (const Route& route : traced)
    if (!route.error) check_hops(route);
  const auto twice = std::ranges::count_if(
      world.log().sent, [](const auto& packet) { return packet.ttl == 1 && packet.to == *Address::parse("10.0.0.1"); });
  BOOST_TEST(twice == 3);  // one for each flow
}

BOOST_AUTO_TEST_CASE(a_name_without_an_address_ends_the_call_unless_it_is_to_be_ignored) {
  const World world;
  BOOST_CHECK_THROW(world.trace({"10.0.0.1", "10.1"}), ResolveError);
  const auto traced = world.trace({"10.1"}, {.ping = {.ignore_lookup_errors = true}});
  BOOST_CHECK(traced.at(0).error == Errc::no_address);
}

BOOST_AUTO_TEST_CASE(responders_have_names_where_they_are_asked_for) {
  Scenario scenario{.name = "names"};
  HostRule host{.block = "127.0.0.1"};
  host.path = {{.address = *Address::parse("127.0.0.1")}, {.silent = true}};
  scenario.hosts = {host};
  const World world{{}, scenario};
  for (const bool asked : {true, false}) {
    const auto traced = world.trace({"127.0.0.1"}, {.first_ttl = 2, .max_ttl = 3, .resolve_names = asked});
    BOOST_REQUIRE_EQUAL(traced.at(0).hops.size(), 2U);
    for (const std::string& name : traced[0].hops[1].names) BOOST_TEST(name == (asked ? "localhost" : ""));
    for (const std::string& name : traced[0].hops[0].names) BOOST_TEST(name.empty());
    for (const multiping::Hop& hop : traced[0].hops) BOOST_TEST(hop.names.size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_its_routes_error_alone) {
  const World world{SimulatedHost{.ipv6 = false, .refusals = {{.block = "10.0.0.9", .error = ENETUNREACH}}}};
  const auto traced = world.trace({"10.0.0.9", "10.0.0.1", "224.0.0.1", "fd00::1"});
  BOOST_CHECK(traced.at(0).error == std::errc::network_unreachable);
  BOOST_CHECK(traced[2].error == Errc::destination_denied);
  BOOST_CHECK(traced[3].error == std::errc::address_family_not_supported);
  for (const std::size_t i : {0U, 2U, 3U}) BOOST_TEST(traced[i].hops.empty());
  check_hops(traced[1]);
}

BOOST_AUTO_TEST_CASE(a_stop_returns_what_is_known) {
  std::stop_source source;
  Deadline deadline{102ms};
  SimulatedHost host = deadline.host();
  host.happenings.insert(host.happenings.begin(), {.at = 100ms, .action = [&source] { source.request_stop(); }});
  const World world{host};
  const auto traced = world.trace({"10.0.1.1"}, {.ping = {.stop = source.get_token()}});
  BOOST_TEST(!deadline.missed());
  BOOST_REQUIRE_EQUAL(traced.at(0).hops.size(), routers + 1U);
  BOOST_TEST(traced[0].reached);
  BOOST_TEST(traced[0].hops[0].probes.at(0).outcome == Outcome::ttl_expired);
  BOOST_TEST(traced[0].hops[1].probes.at(0).outcome == Outcome::pending);
  BOOST_TEST(traced[0].hops[1].probes.at(0).attempt == 1U);

  const auto later = world.trace({"10.0.1.1"}, {.ping = {.stop = source.get_token()}});
  BOOST_TEST(later.at(0).hops.empty());
  BOOST_TEST(world.log().sent.empty());
}

BOOST_AUTO_TEST_CASE(a_budget_ends_the_call) {
  Deadline deadline{501ms};
  const World world{deadline.host()};
  const auto traced = world.trace({"10.0.1.1"}, {.budget = 500ms});
  BOOST_TEST(!deadline.missed());
  check_hops(traced.at(0), {2, 5, 6});

  const World patient;
  check_hops(patient.trace({"10.0.1.1"}, {.timeout = 100ms, .budget = 1s}).at(0), {2, 5, 6});
  const auto asked = std::ranges::count_if(patient.log().sent, [](const auto& packet) { return packet.ttl == 2; });
  BOOST_TEST(asked >= 3 * 9);
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_and_gets_the_time_that_it_takes) {
  const World world;
  const auto traced = world.trace({"10.0.0.1", "fd00::1", "10.0.1.1"}, {.ping = {.max_rate = 20}});
  check_hops(traced.at(0));
  check_hops(traced[1]);
  check_hops(traced[2], {2, 5, 6});
  const auto& sent = world.log().sent;
  for (std::size_t i = 1; i < sent.size(); ++i) BOOST_TEST((sent[i].at - sent[i - 1].at >= 45ms));
}

BOOST_AUTO_TEST_CASE(connections_go_hop_by_hop_for_as_long_as_that_needs) {
  const World world{SimulatedHost{.sockets = TransportKind::ping_socket}};
  const auto traced = world.trace({{"10.0.1.1", tcp(443)}});
  check_hops(traced.at(0), {2, 5, 6});
  BOOST_TEST((world.asking() >= 8s));  // nine silent probes, one after the other
  for (const Result& probe : traced[0].hops[1].probes) BOOST_TEST(probe.attempt == 1U);
}

BOOST_AUTO_TEST_CASE(five_hundred_targets_take_three_timeouts) {
  Scenario scenario{.name = "many"};
  scenario.hosts = {behind_routers("10.0.0.0/16", {4, 7})};
  for (const ProbeOptions& probe : {ProbeOptions{}, udp()}) {
    Deadline deadline{3050ms};
    const World world{deadline.host(), scenario};
    std::vector<Address> hosts;
    for (int i = 0; i < 500; ++i)
      hosts.push_back(Address::v4({10, 0, static_cast<std::uint8_t>(i / 250), static_cast<std::uint8_t>(i % 250)}));
    const auto traced = world.trace(hosts, {.ping = {.probe = probe}});
    BOOST_TEST(!deadline.missed());
    for (const Route& route : traced) {
      BOOST_TEST_CONTEXT(route.host) check_hops(route, {4, 7});
    }
  }
}

BOOST_AUTO_TEST_CASE(targets_with_options_of_their_own_have_all_flows_and_hops) {
  std::vector<Target> targets;
  for (const Protocol protocol : {Protocol::icmp, Protocol::udp})
    for (int i = 1; i <= 5; ++i)
      targets.emplace_back("10.0.0." + std::to_string(i), ProbeOptions{.protocol = protocol, .tos = 4 * i});
  const auto routes = World{}.trace(targets, {.max_ttl = 255, .flows = 64});
  BOOST_REQUIRE(routes.size() == 10U * 64U);
  for (const Route& route : routes) {
    BOOST_TEST(route.reached);
    check_hops(route);
  }
}

BOOST_AUTO_TEST_CASE(a_limited_hop_is_not_asked_much_faster_than_it_answers_and_delays_nobody) {
  Scenario scenario{.name = "limited"};
  HostRule hosts = behind_routers("10.0.0.0/24");
  hosts.path[2].answers = 40;
  scenario.hosts = {hosts};
  Deadline deadline{3050ms};
  const World world{deadline.host(), scenario};
  std::vector<Address> targets;
  for (int i = 1; i <= 200; ++i) targets.push_back(Address::v4({10, 0, 0, static_cast<std::uint8_t>(i)}));
  const auto traced = world.trace(targets);
  BOOST_TEST(!deadline.missed());
  std::size_t answered = 0;
  for (const Route& route : traced) {
    BOOST_TEST(route.reached);
    BOOST_REQUIRE_EQUAL(route.hops.size(), routers + 1U);
    for (const multiping::Hop& hop : route.hops)
      for (const Result& probe : hop.probes) {
        if (hop.ttl != 3) BOOST_TEST(probe.responder);
        if (hop.ttl == 3 && probe.responder) ++answered;
        if (!probe.responder) BOOST_TEST(probe.outcome == (probe.attempt > 0 ? Outcome::no_reply : Outcome::pending));
      }
  }
  BOOST_TEST(answered == 40U);
  const auto asked = std::ranges::count_if(world.log().sent, [](const auto& packet) { return packet.ttl == 3; });
  BOOST_TEST(asked <= 200);  // of the 600 that are wanted
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
