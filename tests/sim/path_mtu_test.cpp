// Tests path MTUs in virtual time: smaller links that routers report, black holes, loss, both families and protocols,
// and time limits. Every router of the simulated network has a next link with an MTU of its own.
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

BOOST_AUTO_TEST_SUITE(path_mtu_sim)

Address router_number(Family family, std::size_t number) {
  return family == Family::ipv6 ? *Address::parse("fd01::" + std::to_string(number))
                                : Address::v4({10, 1, 0, static_cast<std::uint8_t>(number)});
}

/// Hosts that answer echo requests and UDP, behind routers whose next links have these MTUs, nearest router first.
HostRule behind_links(const std::string& block, const std::vector<std::uint32_t>& mtus) {
  HostRule rule{.block = block, .replies = {{.delay = 20ms}}};
  rule.ports = {open(Protocol::udp, {.delay = 20ms})};
  for (const std::uint32_t mtu : mtus) {
    const Address router = router_number(is_v6(block) ? Family::ipv6 : Family::ipv4, rule.path.size() + 1);
    rule.path.push_back({.address = router, .delay = 5ms, .mtu = mtu});
  }
  return rule;
}

HostRule with_black_hole(HostRule rule) {
  rule.path.back().black_hole = true;
  return rule;
}

HostRule with_loss(HostRule rule, double loss) {
  rule.loss = loss;
  return rule;
}

/// 10.0.0.0/24 and fd00:0::/64: links of 1500, 1400 and 1280. 10.0.1.0/24 and fd00:1::/64: a black hole of 1400.
/// 10.0.2.0/24: a black hole of 1411 after a reported 1480. 10.0.3.0/24: as 10.0.0.0/24, and a tenth of the requests is
/// lost. 10.0.4.0/24: the black hole of 1400 with that loss. 10.0.5.0/24 is silent. 10.0.6.0/24: no link is smaller
/// than that of this host.
Scenario network() {
  Scenario scenario{.name = "mtus", .seed = 9};
  scenario.hosts = {behind_links("10.0.0.0/24", {1500, 1400, 1280}),
                    behind_links("fd00::/64", {1500, 1400, 1280}),
                    with_black_hole(behind_links("10.0.1.0/24", {1500, 1400})),
                    with_black_hole(behind_links("fd00:1::/64", {1500, 1400})),
                    with_black_hole(behind_links("10.0.2.0/24", {1480, 1411})),
                    with_loss(behind_links("10.0.3.0/24", {1500, 1400, 1280}), 0.1),
                    with_loss(with_black_hole(behind_links("10.0.4.0/24", {1500, 1400})), 0.1),
                    silent("10.0.5.0/24"),
                    behind_links("10.0.6.0/24", {0, 9000})};
  return scenario;
}

struct World {
  explicit World(SimulatedHost host = ethernet(), Scenario scenario = network())
      : transport{simulate(std::move(scenario), std::move(host))} {}
  static SimulatedHost ethernet() {
    SimulatedHost host;
    host.mtu = 1500;
    host.record = true;
    return host;
  }
  std::vector<PathMtu> discover(const TargetList& targets, TraceOptions options = {}) const {
    options.ping.transport = transport;
    return discover_mtu(targets, options);
  }
  PathMtu one(const std::string& host, const TraceOptions& options = {}) const { return discover(host, options).at(0); }
  /// The time from the first probe to the last.
  [[nodiscard]] Duration asking() const {
    const auto& sent = transport->log().sent;
    return sent.back().at - sent.front().at;
  }

  std::shared_ptr<SimulatedTransport> transport;
};

std::vector<std::string> numbered(const std::string& prefix, int count) {
  std::vector<std::string> hosts;
  for (int i = 1; i <= count; ++i) hosts.push_back(prefix + std::to_string(i));
  return hosts;
}

TraceOptions with_probe(const ProbeOptions& probe) {
  TraceOptions options;
  options.ping.probe = probe;
  return options;
}

BOOST_AUTO_TEST_CASE(each_step_is_reported_and_the_last_one_limits) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    SimulatedHost host = World::ethernet();
    host.sockets = kind;
    for (const std::string target : {"10.0.0.1", "fd00::1"}) {
      const World world{host};
      const PathMtu found = world.one(target);
      BOOST_TEST(found.host == target);
      BOOST_TEST(found.mtu == 1280U);
      BOOST_CHECK(found.limiting_hop == router_number(found.address.family(), 3));
      BOOST_TEST(!found.error);
      const auto& sent = world.transport->log().sent;
      BOOST_TEST(sent.size() == 4U);  // sizes: the smallest, 1500, 1400, 1280
      for (const auto& packet : sent) BOOST_TEST(packet.dont_fragment);
      BOOST_CHECK(world.asking() < 50ms);
    }
  }
}

BOOST_AUTO_TEST_CASE(udp_finds_the_same) {
  const World world;
  for (const PathMtu& found : world.discover({"10.0.0.1", "fd00::1"}, with_probe(udp()))) {
    BOOST_TEST(found.mtu == 1280U);
    BOOST_CHECK(found.limiting_hop == router_number(found.address.family(), 3));
  }
  for (const PathMtu& found : world.discover({"10.0.1.1", "fd00:1::1"}, with_probe(udp())))
    BOOST_TEST(found.mtu == 1400U);
}

BOOST_AUTO_TEST_CASE(a_black_hole_is_searched_in_few_timeouts) {
  for (const std::string target : {"10.0.1.1", "fd00:1::1"}) {
    const World world;
    const PathMtu found = world.one(target);
    BOOST_TEST(found.mtu == 1400U);
    BOOST_TEST(!found.limiting_hop);
    BOOST_CHECK(world.asking() < 2100ms);  // the last probe is sent after two timeouts
  }
  const World world;
  BOOST_TEST(world.one("10.0.2.1").mtu == 1411U);
  BOOST_CHECK(world.asking() < 3200ms);
}

BOOST_AUTO_TEST_CASE(lost_probes_do_not_make_paths_narrow) {
  const World world;
  TraceOptions options;
  options.probes_per_hop = 6;
  for (const PathMtu& found : world.discover(numbered("10.0.3.", 60), options)) {
    BOOST_TEST(found.mtu == 1280U, found.host);
    BOOST_TEST((!found.limiting_hop || found.limiting_hop == router_number(Family::ipv4, 3)));
  }
  for (const PathMtu& found : world.discover(numbered("10.0.4.", 60), options))
    BOOST_TEST(found.mtu == 1400U, found.host);
}

BOOST_AUTO_TEST_CASE(its_own_options_mean_what_those_of_a_trace_mean) {
  for (const int tries : {1, 5}) {
    const World one, other;
    const TraceOptions trace{
        .probes_per_hop = tries, .timeout = 700ms, .ping = {.transport = one.transport}, .budget = 10s};
    const MtuOptions own{.timeout = 700ms, .tries = tries, .budget = 10s, .ping = {.transport = other.transport}};
    const auto by_trace = discover_mtu({"10.0.1.1", "10.0.5.1"}, trace);
    const auto by_own = discover_mtu({"10.0.1.1", "10.0.5.1"}, own);
    BOOST_TEST(by_own[0].mtu == 1400U);
    BOOST_TEST(by_own[0].mtu == by_trace[0].mtu);
    BOOST_TEST(other.transport->log().sent.size() == one.transport->log().sent.size());
    BOOST_CHECK(other.asking() == one.asking());
  }
  const World impatient;
  const MtuOptions short_budget{.budget = 1500ms, .ping = {.transport = impatient.transport}};
  BOOST_TEST(discover_mtu("10.0.1.1", short_budget)[0].unfinished);
}

BOOST_AUTO_TEST_CASE(many_targets_take_no_longer_than_one) {
  const World world;
  const auto found = world.discover(numbered("10.0.1.", 100));
  BOOST_TEST(std::ranges::count(found, 1400U, &PathMtu::mtu) == 100);
  BOOST_CHECK(world.asking() < 8s);
}

BOOST_AUTO_TEST_CASE(every_position_has_its_own) {
  const World world;
  const auto found = world.discover({"10.0.6.1", "10.0.5.1", "10.0.0.1", "10.0.6.1", "fd00:1::1", "10.0.0.1"});
  const std::vector<std::uint32_t> mtus{1500, 0, 1280, 1500, 1400, 1280};
  BOOST_REQUIRE(found.size() == mtus.size());
  for (std::size_t i = 0; i < mtus.size(); ++i) {
    BOOST_TEST(found[i].mtu == mtus[i], found[i].host);
    BOOST_TEST(!found[i].error);
    BOOST_TEST(found[i].address.to_string() == found[i].host);
  }
  BOOST_TEST(!found[0].limiting_hop);  // this host's own limit
}

BOOST_AUTO_TEST_CASE(the_largest_packet_of_all_is_found) {
  SimulatedHost host = World::ethernet();
  host.mtu = 65'536;  // as the loopback device has
  Scenario scenario{.name = "wide", .seed = 3};
  scenario.hosts = {behind_links("10.0.0.0/24", {}), behind_links("fd00::/64", {})};
  const World world{host, scenario};
  const auto found = world.discover({"10.0.0.1", "fd00::1"});
  BOOST_TEST(found[0].mtu == 65'535U);
  BOOST_TEST(found[1].mtu == 65'536U);
}

BOOST_AUTO_TEST_CASE(jumbo_frames_end_at_the_router_that_has_none) {
  SimulatedHost host = World::ethernet();
  host.mtu = 65'535;
  const World world{host};
  const auto found = world.discover({"10.0.6.1", "10.0.1.1"});
  BOOST_TEST(found[0].mtu == 9000U);
  BOOST_CHECK(found[0].limiting_hop == router_number(Family::ipv4, 2));
  BOOST_TEST(found[1].mtu == 1400U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_has_its_error) {
  SimulatedHost host = World::ethernet();
  host.refusals = {{.block = "10.0.6.9", .error = ENETUNREACH}};
  const World world{host};
  TraceOptions options;
  options.ping.ignore_lookup_errors = true;
  const auto found = world.discover({"10.0.6.9", "224.0.0.1", "10.0.6.1", "10.1"}, options);
  BOOST_CHECK(found[0].error == std::errc::network_unreachable);
  BOOST_CHECK(found[1].error == Errc::destination_denied);
  BOOST_TEST(found[2].mtu == 1500U);
  BOOST_CHECK(found[3].error == Errc::no_address);
  for (const std::size_t i : {0U, 1U, 3U}) BOOST_TEST(found[i].mtu == 0U);
  const auto none = world.discover({"10.1"}, options);
  BOOST_CHECK(none.at(0).error == Errc::no_address);
  BOOST_TEST(world.discover({}).empty());
}

// As with a veth device whose other end has a smaller MTU: the error is that of a full queue, but it stays.
BOOST_AUTO_TEST_CASE(what_this_host_has_no_room_for_is_searched_like_a_black_hole) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    SimulatedHost host = World::ethernet();
    host.sockets = kind;
    host.peer_mtu = 1400;
    const World world{host};
    const auto found = world.discover({"10.0.6.1", "fd00:1::1", "10.0.0.1"});
    const std::vector<std::uint32_t> mtus{1400, 1400, 1280};
    for (std::size_t i = 0; i < mtus.size(); ++i) {
      BOOST_TEST(!found[i].error);
      BOOST_TEST(!found[i].unfinished);
      BOOST_TEST(found[i].mtu == mtus[i], found[i].host);
    }
    BOOST_TEST(!found[0].limiting_hop);
    BOOST_CHECK(found[2].limiting_hop == router_number(Family::ipv4, 3));
    BOOST_CHECK(world.asking() < 6s);
  }
}

BOOST_AUTO_TEST_CASE(where_this_host_has_no_room_for_any_size_that_is_the_error) {
  SimulatedHost host = World::ethernet();
  host.peer_mtu = 60;
  const World world{host};
  const auto found = world.discover({"10.0.6.1", "fd00::1"});
  for (const PathMtu& each : found) {
    BOOST_CHECK(each.error == std::errc::no_buffer_space);
    BOOST_TEST(each.mtu == 0U);
  }
  // A silent host is reported as silent, although there was no room for large probes.
  host.peer_mtu = 1000;
  const PathMtu silent_one = World{host}.one("10.0.5.1");
  BOOST_TEST(!silent_one.error);
  BOOST_TEST(silent_one.mtu == 0U);
}

BOOST_AUTO_TEST_CASE(a_budget_ends_the_search) {
  const World world;
  TraceOptions options;
  options.budget = 1500ms;
  const auto found = world.discover({"10.0.1.1", "10.0.0.1"}, options);
  BOOST_TEST(found[0].unfinished);
  BOOST_TEST(found[0].mtu == 0U);
  BOOST_TEST(found[0].fits == 1400U);  // 1400 was answered, but larger sizes were not silent often enough
  BOOST_TEST(!found[1].unfinished);
  BOOST_TEST(found[1].mtu == 1280U);
  BOOST_CHECK(world.asking() < 1500ms);
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_search) {
  std::stop_source source;
  SimulatedHost host = World::ethernet();
  host.happenings = {{.at = 100ms, .action = [&] { source.request_stop(); }}};
  const World world{host};
  TraceOptions options;
  options.ping.stop = source.get_token();
  const auto found = world.discover({"10.0.1.1", "10.0.0.1"}, options);
  BOOST_TEST(found[0].unfinished);
  BOOST_TEST(found[0].mtu == 0U);
  BOOST_TEST(found[0].fits == 68U);
  BOOST_TEST(!found[1].unfinished);
  BOOST_TEST(found[1].mtu == 1280U);
  BOOST_CHECK(world.asking() < 150ms);
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_and_changes_no_answer) {
  const World world;
  TraceOptions options;
  options.ping.max_rate = 200;
  for (const PathMtu& found : world.discover(numbered("10.0.1.", 20), options)) BOOST_TEST(found.mtu == 1400U);
  const auto sent = world.transport->log().sent.size();
  BOOST_CHECK(world.asking() >= (sent - 1) * 4900us);
}

BOOST_AUTO_TEST_CASE(a_rate_slower_than_the_timeout_takes_no_probes_in_vain) {
  const World world;
  TraceOptions options;
  options.timeout = 100ms;
  options.ping.max_rate = 1;
  const auto found = world.discover({"10.0.0.1", "fd00::1"}, options);
  for (const PathMtu& each : found) BOOST_TEST(each.mtu == 1280U);
  const World quick;
  static_cast<void>(quick.discover({"10.0.0.1", "fd00::1"}));
  BOOST_TEST(world.transport->log().sent.size() == quick.transport->log().sent.size());
}

BOOST_AUTO_TEST_CASE(a_flow_label_is_an_error_of_ipv4_targets_alone) {
  const World world;
  const auto found = world.discover({"10.0.0.1", "fd00::1"}, with_probe({.flow_label = 5}));
  BOOST_CHECK(found.at(0).error == Errc::not_supported);
  BOOST_CHECK(!found[1].error);
  BOOST_TEST(found[1].mtu == 1280U);
}

BOOST_AUTO_TEST_CASE(what_has_no_sizes_is_not_supported) {
  const World world;
  for (const ProbeOptions& probe : {tcp(), sctp()})
    BOOST_CHECK_EXCEPTION(world.one("10.0.0.1", with_probe(probe)), std::system_error,
                          [](const std::system_error& error) { return error.code() == Errc::not_supported; });
  BOOST_CHECK_THROW(world.discover({{"10.0.0.1", tcp()}}), std::system_error);
}

BOOST_AUTO_TEST_CASE(wrong_options_throw) {
  const World world;
  TraceOptions none;
  none.probes_per_hop = 0;
  BOOST_CHECK_THROW(world.one("10.0.0.1", none), std::invalid_argument);
  TraceOptions hasty;
  hasty.timeout = 0s;
  BOOST_CHECK_THROW(world.one("10.0.0.1", hasty), std::invalid_argument);
  BOOST_CHECK_THROW(world.one("10.0.0.1", with_probe({.ttl = 3})), std::invalid_argument);
  TraceOptions late;
  late.budget = -1s;
  BOOST_CHECK_THROW(world.one("10.0.0.1", late), std::invalid_argument);
}

/// A probe that is larger than the links after the first routers.
ProbeOptions large(Protocol protocol = Protocol::icmp) {
  ProbeOptions probe{.protocol = protocol, .payload_size = 1452 - 8};
  if (protocol == Protocol::udp) probe.port = 7;
  return probe;
}

BOOST_AUTO_TEST_CASE(what_may_be_cut_arrives_within_the_same_call) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    for (const Protocol protocol : {Protocol::icmp, Protocol::udp}) {
      for (const bool fail_fast : {false, true}) {
        SimulatedHost host = World::ethernet();
        host.sockets = kind;
        const World world{host};
        const Options options{.probe = large(protocol), .fail_fast = fail_fast, .transport = world.transport};
        MultiPing batch{{"10.0.0.1", "fd00::1"}, options};
        batch.send();
        const Batch found = batch.receive(1s);
        BOOST_REQUIRE(found.responses.size() == 2U);
        for (const Result& result : found.responses) {
          BOOST_TEST(result.attempt == 1U);
          BOOST_TEST((result.rtt >= 20ms && result.rtt < 21ms));
          BOOST_TEST((result.responder == result.address && !result.icmp));
        }
        BOOST_TEST(batch.counters().sent == 4U);  // fragmented for 1400, and then for 1280
        BOOST_TEST(batch.counters().icmp_errors == 2U);
        BOOST_TEST(batch.counters().duplicates + batch.counters().late == 0U);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_must_not_be_cut_is_told_the_mtu_and_not_repeated) {
  const World world;
  ProbeOptions whole = large();
  whole.dont_fragment = true;
  MultiPing batch{{"10.0.0.1", "fd00::1"}, {.probe = whole, .transport = world.transport}};
  batch.send();
  for (const Result& result : batch.receive(1s).no_responses) {
    BOOST_TEST((result.outcome == Outcome::unreachable));
    BOOST_REQUIRE(result.icmp != nullptr);
    BOOST_TEST(result.icmp->mtu == 1400U);
  }
  BOOST_TEST(batch.counters().sent == 2U);
}

// When a router goes on refusing, the probe is not repeated for ever.
BOOST_AUTO_TEST_CASE(repetitions_of_what_is_too_big_are_few) {
  Scenario scenario{.name = "stubborn"};
  scenario.hosts = {only_error("fd00::1", {.from = router6(), .type = 2, .code = 0, .mtu = 1300})};
  const World world{World::ethernet(), scenario};
  MultiPing batch{"fd00::1", {.probe = large(), .transport = world.transport}};
  for (std::uint64_t round = 1; round <= 2; ++round) {
    batch.send();
    const Batch found = batch.receive(1s);
    BOOST_REQUIRE(found.no_responses.size() == 1U);
    BOOST_TEST((found.no_responses[0].outcome == Outcome::unreachable));
    BOOST_TEST(found.no_responses[0].attempt == round);
    BOOST_TEST(batch.counters().sent == 4 * round);
  }
}

// Every attempt in flight when the report comes is too large for the link; only the last attempt is repeated.
BOOST_AUTO_TEST_CASE(a_probers_requests_are_cut_too) {
  const World world;
  Prober prober{{.transport = world.transport}};
  for (const char* host : {"fd00::1", "fd00::2", "10.0.0.1"})
    static_cast<void>(prober.submit(*Address::parse(host), large(), 200ms, 1));
  while (prober.in_flight() > 0) {
    for (const auto& [token, result] : prober.poll(1s)) {
      BOOST_TEST(result.answered(), result);
      BOOST_TEST(result.attempt == 1U);
    }
  }
  BOOST_TEST(prober.counters().sent == 7U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
