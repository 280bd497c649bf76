// Tests traces in virtual time with misleading ICMP errors: translated addresses, errors of this host, lost fragments.
// Runs with every protocol and kind of socket, in both families.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "multiping/multiping.hpp"
#include "multiping/traceroute.hpp"
#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

BOOST_AUTO_TEST_SUITE(odd_routes_test)

/// The probes of a trace. TCP is probed by lone SYNs with raw sockets, otherwise by connections.
struct SendPath {
  TransportKind kind = TransportKind::raw;
  ProbeOptions probe{};
};
std::vector<SendPath> ways() {
  return {{TransportKind::raw, {}},         {TransportKind::raw, udp()},         {TransportKind::raw, tcp()},
          {TransportKind::ping_socket, {}}, {TransportKind::ping_socket, udp()}, {TransportKind::sockets, tcp()}};
}
bool by_connections(const SendPath& way) {
  return way.probe.protocol == Protocol::tcp && way.kind != TransportKind::raw;
}

/// Calls `check` for each family and way.
template <class Check>
void each(Check check) {
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (const SendPath& way : ways())
      BOOST_TEST_CONTEXT(to_string(family) << ' ' << to_string(way.kind) << ' ' << to_string(way.probe.protocol))
  check(family, way);
}

struct World {
  World(const SendPath& way, HostRule rule)
      : target{rule.block},
        transport{simulate({.name = "odd", .hosts = {std::move(rule)}}, {.sockets = way.kind, .record = true})} {
    options.ping.probe = way.probe;
    options.ping.transport = transport;
    options.max_silent_hops = 3;
  }
  [[nodiscard]] Route trace() const { return traceroute(target, options).at(0); }
  [[nodiscard]] Route diagnosis() const {
    Result lost;
    lost.host = target;
    lost.address = *Address::parse(target);
    lost.protocol = options.ping.probe.protocol;
    lost.port = lost.protocol == Protocol::icmp ? 0 : lost.protocol == Protocol::udp ? 33434 : 80;
    return diagnose({&lost, 1}, 3s, options).at(0);
  }
  /// The time from the first probe to the last.
  [[nodiscard]] Duration asking() const {
    const auto& sent = transport->log().sent;
    return sent.back().at - sent.front().at;
  }

  std::string target;
  std::shared_ptr<SimulatedTransport> transport;
  TraceOptions options{};
};

/// A host behind four routers.
HostRule four_hops_away(Family family) { return host_behind(family, 4, host_of(family)); }

HostRule with_silent_end(HostRule rule) {
  rule.replies.clear();
  rule.ports.clear();
  return rule;
}

/// As with a forwarded port: from the second router on, errors come from the address that was probed.
HostRule translated(Family family) {
  HostRule rule = four_hops_away(family);
  for (std::size_t i = 1; i < rule.path.size(); ++i) rule.path[i].address = *Address::parse(rule.block);
  return rule;
}

/// An error that the simulated prober host makes itself.
RouterError own_error(Family family, Duration delay) {
  const bool v6 = family == Family::ipv6;
  return {.from = v6 ? *Address::parse("fdff::1") : Address::v4({10, 255, 255, 1}),
          .type = static_cast<std::uint8_t>(v6 ? 1 : 3),
          .code = static_cast<std::uint8_t>(v6 ? 3 : 1),
          .delay = delay};
}

RouterError unreachable_from(const Address& router) {
  const bool v6 = router.family() == Family::ipv6;
  return {.from = router,
          .type = static_cast<std::uint8_t>(v6 ? 1 : 3),
          .code = static_cast<std::uint8_t>(v6 ? 3 : 1),
          .delay = 1ms};
}

RouterError reassembly_exceeded(const Address& host) {
  return {.from = host, .type = static_cast<std::uint8_t>(host.family() == Family::ipv6 ? 3 : 11), .code = 1};
}

std::size_t count(const multiping::Hop& hop, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(hop.probes, outcome, &Result::outcome));
}

/// Checks that the route has every router of the rule and then its host, which answered.
void check_whole(const Route& route, const HostRule& rule) {
  BOOST_TEST(route.reached);
  BOOST_TEST(!route.error);
  BOOST_REQUIRE_EQUAL(route.hops.size(), rule.path.size() + 1);
  for (std::size_t i = 0; i < rule.path.size(); ++i) {
    for (const Result& probe : route.hops[i].probes) BOOST_TEST(probe.responder == rule.path[i].address);
    BOOST_TEST(count(route.hops[i], Outcome::ttl_expired) > 0U);
  }
  for (const Result& probe : route.hops.back().probes) BOOST_TEST(probe.answered(), probe);
}

BOOST_AUTO_TEST_CASE(time_exceeded_from_the_address_that_was_probed_is_a_hop) {
  each([](Family family, const SendPath& way) {
    const World world{way, translated(family)};
    check_whole(world.trace(), translated(family));
  });
}

BOOST_AUTO_TEST_CASE(a_single_probe_whose_ttl_expires_there_is_no_answer_of_the_target) {
  each([](Family family, const SendPath& way) {
    const World world{way, translated(family)};
    ProbeOptions probe = way.probe;
    probe.ttl = 3;
    const Result result = multi_ping({{world.target, probe}}, 1s, 0, world.options.ping).no_responses.at(0);
    BOOST_TEST(result.outcome == Outcome::ttl_expired);
    BOOST_TEST(result.responder == result.address);
    probe.ttl = 5;
    BOOST_TEST(multi_ping({{world.target, probe}}, 1s, 0, world.options.ping).responses.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(behind_a_router_that_translates_addresses_silence_is_no_target) {
  each([](Family family, const SendPath& way) {
    const World world{way, with_silent_end(translated(family))};
    const Route route = world.trace();
    BOOST_TEST(!route.reached);
    BOOST_TEST(route.hops.size() == 7U);
    const Route lost = world.diagnosis();
    BOOST_TEST(!lost.reached);
    BOOST_REQUIRE_EQUAL(lost.hops.size(), 4U);
    BOOST_TEST(lost.hops.back().probes[0].responder == lost.address);
    BOOST_TEST(lost.hops.back().probes[0].outcome == Outcome::ttl_expired);
    for (const Path& path : distinct_paths({&route, 1})) BOOST_TEST(!path.reached);
  });
}

BOOST_AUTO_TEST_CASE(only_port_unreachable_of_the_targets_own_errors_reaches_it) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    HostRule refuses = with_silent_end(four_hops_away(family));
    refuses.errors = {port_unreachable(refuses.block)};
    BOOST_TEST(World({}, refuses).trace().reached);
    refuses.errors = {unreachable_from(*Address::parse(refuses.block))};
    const Route prohibited = World({}, refuses).trace();
    BOOST_TEST(!prohibited.reached);
    BOOST_TEST(prohibited.hops.size() == 5U);
    BOOST_TEST(count(prohibited.hops.back(), Outcome::unreachable) == 3U);
  }
}

BOOST_AUTO_TEST_CASE(what_this_host_says_of_its_dead_gateway_is_no_hop) {
  each([](Family family, const SendPath& way) {
    HostRule rule = silent(host_of(family));
    rule.errors = {own_error(family, 300ms)};
    const World world{way, rule};
    for (const Route& route : {world.trace(), world.diagnosis()}) {
      BOOST_TEST(route.hops.empty());
      BOOST_TEST(!route.reached);
      BOOST_CHECK(route.error == std::errc::host_unreachable);
      BOOST_TEST(distinct_paths({&route, 1}).empty());
    }
    if (way.probe.protocol == Protocol::tcp) return;
    const PathMtu mtu = discover_mtu(world.target, MtuOptions{.ping = world.options.ping}).at(0);
    BOOST_CHECK(mtu.error == std::errc::host_unreachable);
    BOOST_TEST(mtu.mtu == 0U);
  });
}

// The error comes for some probes only; the others time out.
BOOST_AUTO_TEST_CASE(an_error_of_this_host_is_told_where_nobody_answered) {
  each([](Family family, const SendPath& way) {
    HostRule rule = silent(host_of(family));
    rule.errors = {own_error(family, 300ms)};
    for (unsigned request = 4; request < 100; ++request) rule.lost.push_back(request);
    const Route route = World{way, rule}.trace();
    BOOST_TEST(!route.reached);
    BOOST_CHECK(route.error == std::errc::host_unreachable);
    BOOST_TEST(!route.hops.empty());
    for (const multiping::Hop& hop : route.hops)
      for (const Result& probe : hop.probes) BOOST_TEST(!probe.responder);
  });
}

BOOST_AUTO_TEST_CASE(behind_a_router_that_answered_an_error_of_this_host_is_no_hop_either) {
  each([](Family family, const SendPath& way) {
    HostRule rule = with_silent_end(four_hops_away(family));
    rule.path[1].refuses = own_error(family, {});
    const World world{way, rule};
    const Route route = world.trace();
    BOOST_TEST(!route.error);
    BOOST_REQUIRE(route.hops.size() > 1U);
    BOOST_TEST(count(route.hops[1], Outcome::send_failed) == 3U);
    for (std::size_t i = 1; i < route.hops.size(); ++i)
      for (const Result& probe : route.hops[i].probes) BOOST_TEST(!probe.responder);
    const Route lost = world.diagnosis();
    BOOST_REQUIRE_EQUAL(lost.hops.size(), 1U);
    BOOST_TEST(lost.hops[0].probes[0].responder == router_of(family, 1));
  });
}

BOOST_AUTO_TEST_CASE(this_host_itself_is_a_target_like_others) {
  for (const std::string own : {"10.255.255.1", "fdff::1"}) {
    PortRule closed{.protocol = Protocol::udp};
    closed.errors = {port_unreachable(own)};
    const HostRule rule{.block = own, .ports = {closed, open(Protocol::tcp)}};
    for (const SendPath& way : ways()) {
      const Route route = World{way, rule}.trace();
      BOOST_TEST(route.reached);
      BOOST_TEST(route.hops.size() == 1U);
      BOOST_TEST(!route.error);
    }
  }
}

// A loop leads through this host: the probe left this host and came back.
BOOST_AUTO_TEST_CASE(where_this_host_is_a_router_of_the_way_it_is_a_hop) {
  each([](Family family, const SendPath& way) {
    HostRule rule = host_behind(family, 2, host_of(family));
    rule.path[1].address = own_error(family, {}).from;
    rule.loop = 2;
    World world{way, rule};
    world.options.max_ttl = 4;
    const Route route = world.trace();
    BOOST_REQUIRE_EQUAL(route.hops.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i)
      for (const Result& probe : route.hops[i].probes) BOOST_TEST(probe.responder == rule.path[i % 2].address);
  });
}

BOOST_AUTO_TEST_CASE(one_stray_unreachable_ends_no_route) {
  each([](Family family, const SendPath& way) {
    for (const int probes : {1, 3}) {
      HostRule rule = four_hops_away(family);
      rule.path[2].refuses = unreachable_from(rule.path[2].address);
      rule.path[2].refusals = 1;
      World world{way, rule};
      world.options.probes_per_hop = probes;
      const Route route = world.trace();
      BOOST_TEST(route.reached);
      BOOST_REQUIRE_EQUAL(route.hops.size(), 5U);
      std::size_t strays = 0;
      for (const multiping::Hop& hop : route.hops) strays += count(hop, Outcome::unreachable);
      BOOST_TEST(strays == 1U);
      BOOST_TEST(count(route.hops[3], Outcome::ttl_expired) == static_cast<std::size_t>(probes));
      for (const Path& path : distinct_paths({&route, 1})) BOOST_TEST(path.reached);
    }
  });
}

// For example, two routers on one link forward each packet twice, and one of them has no route.
BOOST_AUTO_TEST_CASE(an_answer_to_a_probe_outweighs_what_a_router_said_of_it_before) {
  each([](Family family, const SendPath& way) {
    if (by_connections(way)) return;  // the kernel gives the connection up after the error
    HostRule rule = four_hops_away(family);
    rule.errors = {unreachable_from(router_of(family, 2, 7))};
    check_whole(World{way, rule}.trace(), rule);
  });
}

BOOST_AUTO_TEST_CASE(a_route_ends_where_unreachable_is_all_that_is_said) {
  each([](Family family, const SendPath& way) {
    for (const unsigned answers : {3U, 1000U}) {
      HostRule rule = four_hops_away(family);
      rule.path[2].refuses = unreachable_from(rule.path[2].address);
      rule.path[2].answers = answers;  // the router limits its errors, so most later probes are silent
      World world{way, rule};
      const Route route = world.trace();
      BOOST_TEST(!route.reached);
      BOOST_REQUIRE_EQUAL(route.hops.size(), 3U);
      BOOST_TEST(count(route.hops[2], Outcome::unreachable) > 0U);
      BOOST_TEST(count(route.hops[2], Outcome::ttl_expired) == 0U);
      if (!by_connections(way)) BOOST_CHECK(world.asking() <= 3s);
      const Route lost = world.diagnosis();
      BOOST_TEST(!lost.reached);
      if (answers > 3) BOOST_TEST(lost.hops.size() == 3U);
    }
  });
}

// After the unreachable error, each further hop is probed once, and not again when it is silent.
BOOST_AUTO_TEST_CASE(behind_an_unreachable_error_little_is_asked) {
  HostRule rule = four_hops_away(Family::ipv4);
  rule.path[2].refuses = unreachable_from(rule.path[2].address);
  const World world{{TransportKind::sockets, tcp()}, rule};
  const Route route = world.trace();
  BOOST_TEST(route.hops.size() == 3U);
  const auto behind = std::ranges::count_if(world.transport->log().sent, [](const auto& sent) { return sent.ttl > 3; });
  BOOST_TEST(behind == 2);  // hops 4 and 5: at most three silent hops follow the second router
  BOOST_CHECK(world.asking() < 1s);
}

BOOST_AUTO_TEST_CASE(a_fragment_that_got_lost_ends_no_route_and_is_no_hop) {
  each([](Family family, const SendPath& way) {
    if (way.kind != TransportKind::raw && family == Family::ipv4) return;  // Linux does not report such errors
    if (by_connections(way)) return;
    HostRule rule = four_hops_away(family);
    const HostRule whole = rule;
    rule.errors = {reassembly_exceeded(*Address::parse(rule.block))};
    check_whole(World{way, rule}.trace(), whole);
    rule.path[2].refuses = reassembly_exceeded(rule.path[2].address);
    const Route route = World{way, rule}.trace();
    BOOST_TEST(!route.reached);
    BOOST_REQUIRE_EQUAL(route.hops.size(), 5U);  // three silent hops after the second
    for (std::size_t i = 2; i < 5; ++i) BOOST_TEST(count(route.hops[i], Outcome::no_reply) == 3U);
    BOOST_TEST(World(way, rule).diagnosis().hops.size() == 2U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
