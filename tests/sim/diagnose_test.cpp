// Tests diagnose() in virtual time: routes end at the last answer, and come in the order of the results.
// The details of traces are tested in api/traceroute_test.cpp.
#include <algorithm>
#include <boost/test/unit_test.hpp>
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

BOOST_AUTO_TEST_SUITE(diagnose_sim)

Address hop_number(std::size_t ttl) { return Address::v4({10, 1, 0, static_cast<std::uint8_t>(ttl)}); }

/// Dead hosts behind `routers` routers; the last `silent_ones` of these are silent.
HostRule dead_behind(const std::string& block, std::size_t routers, std::size_t silent_ones = 0) {
  HostRule rule = silent(block);
  for (std::size_t ttl = 1; ttl <= routers; ++ttl)
    rule.path.push_back({.address = hop_number(ttl), .delay = 2ms, .silent = ttl > routers - silent_ones});
  return rule;
}

/// 10.0.0.0/24 is silent behind four routers, 10.0.1.0/24 behind two that answer and two that do not, 10.0.2.0/24
/// behind three silent routers. 10.0.3.0/24 loses the first request; 10.0.4.0/24 answers.
Scenario network() {
  Scenario scenario{.name = "diagnosis", .seed = 21};
  scenario.hosts = {dead_behind("10.0.0.0/24", 4), dead_behind("10.0.1.0/24", 4, 2), dead_behind("10.0.2.0/24", 3, 3),
                    HostRule{.block = "10.0.3.0/24", .lost = {1}}, HostRule{.block = "10.0.4.0/24"}};
  return scenario;
}

struct World {
  explicit World(SimulatedHost host = {}) : transport{simulate(network(), std::move(host))} {}
  [[nodiscard]] Batch ping(const TargetList& targets) const {
    Options options;
    options.transport = transport;
    options.ignore_lookup_errors = true;
    return multi_ping(targets, 1s, 0, options);
  }
  [[nodiscard]] std::vector<Route> diagnose(std::span<const Result> results, Timeout budget,
                                            TraceOptions options = {}) const {
    options.ping.transport = transport;
    return multiping::diagnose(results, budget, options);
  }

  std::shared_ptr<SimulatedTransport> transport;
};

void check_lost_behind(const Route& route, std::size_t hops) {
  BOOST_TEST_CONTEXT(route.host) {
    BOOST_REQUIRE(route.hops.size() == hops);
    BOOST_TEST(!route.reached);
    for (std::size_t i = 0; i < hops; ++i) {
      BOOST_TEST(route.hops[i].ttl == static_cast<int>(i) + 1);
      for (const Result& probe : route.hops[i].probes) {
        BOOST_CHECK(probe.responder == hop_number(i + 1));
        BOOST_TEST(probe.host == route.host);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_route_ends_with_the_last_that_answered) {
  const World world;
  const Batch batch = world.ping({"10.0.0.1", "10.0.4.1", "10.0.1.1", "10.0.2.1"});
  BOOST_TEST(batch.responses.size() == 1U);
  const auto routes = world.diagnose(batch.no_responses, 3s);
  BOOST_REQUIRE(routes.size() == 3U);
  check_lost_behind(routes[0], 4);
  check_lost_behind(routes[1], 2);
  check_lost_behind(routes[2], 0);
  BOOST_TEST(routes[0].host == "10.0.0.1");
  BOOST_CHECK(routes[2].address == Address::v4({10, 0, 2, 1}));
}

BOOST_AUTO_TEST_CASE(who_answers_now_is_reached) {
  const World world;
  const auto routes = world.diagnose(world.ping({"10.0.3.1"}).no_responses, 0s);
  BOOST_REQUIRE(routes.size() == 1U);
  BOOST_TEST(routes[0].reached);
  BOOST_TEST(routes[0].hops.size() == 1U);
}

BOOST_AUTO_TEST_CASE(every_result_has_one_route_in_order) {
  const World world;
  const Batch batch = world.ping({"10.1", "10.0.0.1", "10.0.0.1", "224.0.0.1", "10.0.1.1"});
  TraceOptions options;
  options.ping.resolve.family = Family::ipv4;
  const auto routes = world.diagnose(batch.no_responses, 3s, options);
  BOOST_REQUIRE(routes.size() == 5U);
  BOOST_TEST(routes[0].host == "10.1");
  BOOST_CHECK(routes[0].error == Errc::no_address);
  BOOST_TEST(routes[0].hops.empty());
  check_lost_behind(routes[1], 4);
  check_lost_behind(routes[2], 4);
  BOOST_CHECK(routes[3].error == Errc::destination_denied);
  check_lost_behind(routes[4], 2);
}

BOOST_AUTO_TEST_CASE(a_host_keeps_the_name_that_the_caller_gave) {
  const World world;
  Result lost;
  lost.host = "db.example";
  lost.address = Address::v4({10, 0, 0, 7});
  lost.outcome = Outcome::no_reply;
  const auto routes = world.diagnose({&lost, 1}, 3s);  // looks no name up: the name does not exist
  BOOST_REQUIRE(routes.size() == 1U);
  BOOST_TEST(routes[0].host == "db.example");
  check_lost_behind(routes[0], 4);
}

/// A silent host that has these services, behind three routers.
HostRule services(const std::string& block, const std::vector<PortRule>& ports) {
  HostRule rule = dead_behind(block, 3);
  rule.ports = ports;
  return rule;
}

Result lost(const char* host, Protocol protocol = Protocol::icmp, std::uint16_t port = 0) {
  Result result{.host = host, .address = *Address::parse(host), .outcome = Outcome::no_reply};
  result.protocol = protocol;
  result.port = port;
  return result;
}

/// The port of tcp() is open only at 443, that of udp() only at 53: a trace that asks anything else does not get there.
World world_of_services(TransportKind kind = TransportKind::raw) {
  PortRule https = open(Protocol::tcp), dns = open(Protocol::udp);
  https.port = 443;
  dns.port = 53;
  Scenario scenario{.name = "services", .seed = 21};
  scenario.hosts = {services("10.0.5.0/24", {https, dns}), dead_behind("10.0.0.0/24", 4)};
  World world;
  world.transport = simulate(std::move(scenario), {.sockets = kind, .record = true});
  return world;
}

BOOST_AUTO_TEST_CASE(each_target_is_asked_by_the_protocol_and_port_of_its_result) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    const World world = world_of_services(kind);
    const std::vector<Result> down{lost("10.0.5.1", Protocol::tcp, 443), lost("10.0.5.1"), lost("10.0.0.1"),
                                   lost("10.0.5.1", Protocol::udp, 53), lost("10.0.5.1", Protocol::tcp, 80)};
    const auto routes = world.diagnose(down, 3s);
    BOOST_REQUIRE(routes.size() == 5U);
    for (const std::size_t i : {0U, 3U}) BOOST_TEST(routes[i].reached);
    for (const std::size_t i : {1U, 2U, 4U}) BOOST_TEST(!routes[i].reached);
    for (std::size_t i = 0; i < routes.size(); ++i) {
      BOOST_REQUIRE(!routes[i].hops.empty());
      for (const Result& probe : routes[i].hops.front().probes) {
        BOOST_CHECK(probe.protocol == down[i].protocol);
        BOOST_TEST(probe.port == down[i].port);
      }
    }
    check_lost_behind(routes[2], 4);
  }
}

BOOST_AUTO_TEST_CASE(who_may_not_ping_diagnoses_what_was_asked_by_tcp) {
  const World world = world_of_services(TransportKind::sockets);
  const auto routes = world.diagnose(std::vector{lost("10.0.5.1", Protocol::tcp, 443)}, 3s);
  BOOST_TEST(routes.at(0).reached);
}

BOOST_AUTO_TEST_CASE(results_of_a_batch_are_diagnosed_as_they_were_asked) {
  const World world = world_of_services();
  ProbeOptions silent_port = tcp(81);
  const Batch batch = world.ping({Target{"10.0.5.1", silent_port}, Target{"10.0.5.2"}});
  static_cast<void>(world.diagnose(batch.no_responses, 3s));
  const auto& sent = world.transport->log().sent;
  const auto asks = [&sent](const char* to, Protocol protocol, int port) {
    return std::ranges::all_of(sent, [&](const HostLog::Packet& packet) {
      return packet.to != *Address::parse(to) || (packet.protocol == protocol && packet.port == port);
    });
  };
  BOOST_TEST(asks("10.0.5.1", Protocol::tcp, 81));
  BOOST_TEST(asks("10.0.5.2", Protocol::icmp, 0));
}

BOOST_AUTO_TEST_CASE(the_rest_of_the_probe_is_that_of_the_options_where_the_protocol_has_it) {
  const World world = world_of_services();
  TraceOptions options;
  options.ping.probe = {.protocol = Protocol::udp, .port = 99, .source_port = 4000, .tos = 8, .payload_size = 100};
  options.ping.probe.pattern = {1};
  const std::vector<Result> down{lost("10.0.5.1", Protocol::tcp, 443), lost("10.0.5.2"),
                                 lost("10.0.5.3", Protocol::udp, 53)};
  const auto routes = world.diagnose(down, 3s, options);
  BOOST_TEST(routes.at(0).reached);
  BOOST_TEST(routes.at(2).reached);
  for (const auto& packet : world.transport->log().sent) {
    BOOST_TEST(packet.tos == 8);
    BOOST_TEST((packet.source_port == 4000) == (packet.protocol != Protocol::icmp));
    if (packet.protocol != Protocol::tcp) BOOST_TEST(packet.message_size == 108U);
  }
  options.ping.probe = {.protocol = Protocol::tcp, .half_open = true};
  BOOST_TEST(world.diagnose(down, 3s, options).size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_traced_hurts_no_other) {
  const World world = world_of_services();
  const std::vector<Result> down{lost("10.0.5.1", Protocol::sctp, 80), lost("10.0.0.1")};
  const auto routes = world.diagnose(down, 3s);
  BOOST_REQUIRE(routes.size() == 2U);
  BOOST_CHECK(routes[0].error == Errc::not_supported);
  BOOST_TEST(routes[0].hops.empty());
  BOOST_CHECK(routes[0].address == Address::v4({10, 0, 5, 1}));
  check_lost_behind(routes[1], 4);
}

BOOST_AUTO_TEST_CASE(an_address_of_another_family_is_that_routes_error) {
  const World world;
  const Batch batch = world.ping({"10.0.0.1", "10.0.1.1"});
  TraceOptions options;
  options.ping.resolve.family = Family::ipv6;
  for (const Route& route : world.diagnose(batch.no_responses, 3s, options))
    BOOST_CHECK(route.error == Errc::no_address);
}

BOOST_AUTO_TEST_CASE(a_budget_is_kept) {
  World world{SimulatedHost{.record = true}};
  const Batch batch = world.ping({"10.0.2.1"});
  static_cast<void>(world.diagnose(batch.no_responses, 700ms));
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE(!sent.empty());
  BOOST_CHECK(sent.back().at - sent.front().at <= 700ms);
}

BOOST_AUTO_TEST_CASE(a_budget_no_longer_than_a_timeout_finds_what_is_far_away) {
  HostRule far = silent("10.0.0.0/24");
  for (std::size_t ttl = 1; ttl <= 20; ++ttl)
    far.path.push_back({.address = hop_number(ttl), .delay = 5ms * static_cast<int>(ttl)});
  Scenario scenario{.name = "far", .seed = 21};
  scenario.hosts = {far};
  World world;
  world.transport = simulate(std::move(scenario));
  Result lost;
  lost.host = "10.0.0.1";
  lost.address = Address::v4({10, 0, 0, 1});
  check_lost_behind(world.diagnose({&lost, 1}, 1s).at(0), 20);
}

BOOST_AUTO_TEST_CASE(the_first_probe_of_the_last_hop_was_answered) {
  Scenario scenario{.name = "lossy", .seed = 21};
  scenario.hosts = {dead_behind("10.0.0.0/24", 2)};
  scenario.hosts[0].path.back().loss = 0.5;
  World world;
  world.transport = simulate(std::move(scenario));
  std::vector<Result> lost(50);
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i].address = Address::v4({10, 0, 0, static_cast<std::uint8_t>(i)});
  std::ptrdiff_t silent_ones = 0;
  for (const Route& route : world.diagnose(lost, 1s)) {
    BOOST_REQUIRE(!route.hops.empty());
    const auto& probes = route.hops.back().probes;
    BOOST_TEST(static_cast<bool>(probes.front().responder));
    silent_ones += std::ranges::count_if(probes, [](const Result& probe) { return !probe.responder; });
  }
  BOOST_TEST(silent_ones > 20);
}

BOOST_AUTO_TEST_CASE(nothing_silent_is_nothing_to_do) {
  const World world;
  BOOST_TEST(world.diagnose({}, 3s).empty());
  const auto names_budget = [](const std::invalid_argument& e) {
    return std::string{e.what()} == "the budget of diagnose() is -1000 ms; it must be 0 or more";
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(world.diagnose({}, -1s)), std::invalid_argument, names_budget);
  TraceOptions wrong;
  wrong.first_ttl = 9;
  wrong.max_ttl = 5;
  BOOST_CHECK_THROW(static_cast<void>(world.diagnose({}, 3s, wrong)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
