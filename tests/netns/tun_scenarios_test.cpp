// Runs the named scenarios through the kernel: real sockets, and a simulated network behind a TUN device in real time.
// The data and the checks are the same as on the simulator.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>
#include <sstream>
#include <stdexcept>

#include "netns/namespace.hpp"
#include "netns/through_broker.hpp"
#include "netns/tun_device.hpp"
#include "sim/scenarios.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(tun_scenarios_test, *precondition(needs_tun))

namespace data = boost::unit_test::data;
using boost::unit_test::label;

constexpr Duration patience = std::chrono::seconds{10};

// Adds the routes that make this host refuse with an errno, ip-route(8).
void add_refusals(const Scenario& scenario) {
  static const std::map<int, const char*> types = {
      {EINVAL, "blackhole"}, {EHOSTUNREACH, "unreachable"}, {EACCES, "prohibit"}, {ENETUNREACH, "throw"}};
  for (const Refusal& refusal : scenario.refusals) {
    const std::string type = types.at(refusal.error);
    const bool nowhere =
        refusal.error == ENETUNREACH;  // a throw route leaves the table, and no other table has a route
    if (nowhere) run("ip route del default && ip route add 10.20.0.0/16 dev sim0");
    run("ip route add " + type + " " + refusal.block);
  }
}

const Scenario& named(const std::string& name) {
  const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
  if (found == scenarios().end()) throw std::invalid_argument{"no scenario: " + name};
  return *found;
}

// To set a mark needs a right, even on a socket that another process opened.
bool has_marks(const Scenario& scenario) {
  return std::ranges::any_of(scenario.targets, [](const Expected& each) { return each.probe && each.probe->mark; });
}

std::vector<ScenarioRun> runs_here() {
  std::vector<ScenarioRun> runs = scenario_runs();
  std::erase_if(runs, [](const ScenarioRun& each) {
    return !tried_here(each.kind) || (through_broker_only() && has_marks(*each.scenario));
  });
  return runs;
}

// The text of all results, without values that depend on the time or on the socket.
std::string hop_table(const Scenario& scenario, TransportKind kind) {
  MultiPing trace{targets_of(scenario), options_of(scenario, open_transport({.kinds = {kind_here(kind)}}))};
  std::ostringstream table;
  for (const Result& result : results_of(scenario, trace, patience)) {
    table << result.host << ' ' << result.outcome << ' ' << result.responder;
    if (result.icmp)
      for (const MplsLabel& entry : result.icmp->mpls)
        table << ' ' << entry.label << '/' << unsigned{entry.traffic_class} << '/' << entry.bottom_of_stack << '/'
              << unsigned{entry.ttl};
    table << '\n';
  }
  return table.str();
}

// Scenarios for plain sockets, which need no privilege, run as nobody.
BOOST_DATA_TEST_CASE(through_the_kernel, data::make(runs_here()), scenario_run) {
  BOOST_TEST_CONTEXT(scenario_run) {
    in_namespace([&] {
      allow_ping_sockets();
      const TunDevice device{*scenario_run.scenario};
      add_refusals(*scenario_run.scenario);
      if (scenario_run.kind == TransportKind::sockets) become_nobody();
      check_scenario(*scenario_run.scenario, open_transport({.kinds = {kind_here(scenario_run.kind)}}),
                     scenario_run.kind, patience);
      BOOST_TEST(device.unsound() == 0U);
    });
  }
}

// Root with raw sockets and nobody with ping sockets see the same hops and labels.
BOOST_AUTO_TEST_CASE(a_trace_without_privilege_shows_the_same_hops_and_labels, *label("own_sockets")) {
  for (const char* name : {"mpls_path_icmp", "mpls_path_udp", "mpls_path_tcp"}) {
    BOOST_TEST_CONTEXT(name) {
      in_namespace([&] {
        allow_ping_sockets();
        const TunDevice device{named(name)};
        const std::string privileged = hop_table(named(name), TransportKind::raw);
        become_nobody();
        BOOST_TEST(hop_table(named(name), TransportKind::ping_socket) == privileged);
      });
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
