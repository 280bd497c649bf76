// Tests routes, MTUs, names, lists and transports while each allocation fails in turn.
// A call throws std::bad_alloc or returns the whole result, and leaves no memory, descriptor or thread.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "memory/network.hpp"
#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"
#include "sim/route_networks.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(calls_memory_test, *boost::unit_test::precondition(needs_tun))

namespace {

using namespace std::chrono_literals;

/// A network with three hops that send MPLS labels, and one host of each family.
Scenario routed_network() {
  const IcmpExtensionData extension{.objects = {mpls_object({{.label = 24, .bottom_of_stack = true, .ttl = 1}})}};
  Scenario scenario{.name = "routed"};
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    scenario.hosts.push_back(host_behind(family, 3, host_of(family)));
    for (Hop& hop : scenario.hosts.back().path) hop.extension = extension;
  }
  return scenario;
}

void check_all_kinds(const Scenario& scenario, const std::function<void(TraceOptions options)>& check) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket})
    in_namespace(
        [&] {
          allow_ping_sockets();
          const TunProcess network{scenario};
          TraceOptions options{.probes_per_hop = 1, .timeout = 20s};
          options.ping.transport = open_transport({.kinds = {kind}});
          check(options);
        },
        300s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(routes_are_whole_or_not_at_all) {
  check_all_kinds(routed_network(), [](const TraceOptions& options) {
    const std::vector<std::string> targets{host_of(Family::ipv4), host_of(Family::ipv6)};
    const auto failed = fail_each_allocation("traceroute()", [&](Trial& trial) {
      std::vector<Route> routes;
      if (!trial.call([&] { routes = traceroute(targets, options); })) return;
      for (const Route& route : routes) {
        const bool whole = route.reached && route.hops.size() == 4;
        const auto icmp = whole ? route.hops[0].probes[0].icmp : nullptr;
        if (!icmp || icmp->mpls.empty())
          BOOST_ERROR("allocation " << trial.number() << ": the route to " << route.host << " has lost something");
      }
    });
    BOOST_TEST(failed > 20U);
    Result silent;
    silent.host = host_of(Family::ipv4);
    silent.address = *Address::parse(silent.host);
    fail_each_allocation("diagnose()", [&](Trial& trial) {
      std::vector<Route> routes;
      trial.call([&] { routes = diagnose(std::vector{silent}, 20s, options); });
    });
  });
}

BOOST_AUTO_TEST_CASE(mtus_are_found_or_not_at_all) {
  check_all_kinds(routed_network(), [](const TraceOptions& options) {
    fail_each_allocation("discover_mtu()", [&](Trial& trial) {
      std::vector<PathMtu> found;
      const bool done = trial.call([&] {
        found = discover_mtu({host_of(Family::ipv4), host_of(Family::ipv6)}, options);
      });
      if (done && (found.at(0).mtu == 0 || found.at(1).mtu == 0)) BOOST_ERROR("allocation " << trial.number());
    });
  });
}

BOOST_AUTO_TEST_CASE(a_name_without_memory_is_a_lookup_that_failed) {
  check_all_kinds(labelling_network(), [](const TraceOptions&) {
    const auto is_told = [](const std::error_code& error) { return !error || error == Errc::lookup_failed; };
    const ResolveOptions options{.timeout = 20s};
    const auto failed = fail_each_allocation("resolve()", [&](Trial& trial) {
      std::vector<Resolution> found;
      if (!trial.call([&] { found = resolve({"localhost", "127.0.0.1", "localhost", "::1"}, options); })) return;
      for (const Resolution& each : found)
        if (!is_told(each.error)) BOOST_ERROR("allocation " << trial.number() << ": " << each.error.message());
    });
    BOOST_TEST(failed > 10U);
    fail_each_allocation("reverse_resolve()", [&](Trial& trial) {
      std::vector<ReverseResolution> found;
      if (!trial.call([&] { found = reverse_resolve({*Address::parse("127.0.0.1"), Address{}}, options); })) return;
      if (!is_told(found.at(0).error)) BOOST_ERROR("allocation " << trial.number() << ": " << found[0].error.message());
    });
    fail_each_allocation("ping() of a name", [&](Trial& trial) {
      Options names;
      names.ignore_lookup_errors = true;
      Result result;
      if (!trial.call([&] { result = ping("localhost", 20s, names); })) return;
      const bool told = result.answered() || result.error == Errc::lookup_failed;
      if (!told) BOOST_ERROR("allocation " << trial.number() << ": " << result);
    });
  });
}

BOOST_AUTO_TEST_CASE(lists_and_texts_are_whole_or_not_at_all) {
  fail_each_allocation("expand()", [](Trial& trial) {
    std::vector<Address> all;
    if (trial.call([&] { all = expand("192.0.2.0/26"); }) && all.size() != 62) BOOST_ERROR("hosts are missing");
  });
  for (const char* text : {"192.0.2.1", "2001:db8::1:2:3:4:5", "fe80::1%lo", "::ffff:192.0.2.1", "nonsense", "1.2.3"})
    BOOST_TEST(fail_each_allocation("Address::parse()", [&](Trial& trial) {
                 trial.call([&] { static_cast<void>(Address::parse(text)); });
               }) == 0U);
  fail_each_allocation("texts", [](Trial& trial) {
    Statistics statistics;
    Result result;
    result.host = "192.0.2.1";
    result.outcome = Outcome::reply;
    trial.call([&] {
      statistics.add(result);
      statistics += Statistics{statistics};
      std::ostringstream text;
      text.exceptions(std::ios::badbit);
      text << statistics << *Address::parse("2001:db8::1:2:3:4:5") << result;
    });
  });
}

BOOST_AUTO_TEST_CASE(a_transport_is_opened_or_not_at_all) {
  check_all_kinds(labelling_network(), [](const TraceOptions&) {
    for (const TransportKind kind : {TransportKind::automatic, TransportKind::raw, TransportKind::ping_socket})
      fail_each_allocation("open_transport()", [&](Trial& trial) {
        std::shared_ptr<Transport> transport;
        trial.call([&] { transport = open_transport({.kinds = {kind}}); });
      });
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
