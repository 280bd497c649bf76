// Joins the scenarios of all files into one list.
// See scenarios.hpp.
#include "sim/scenarios.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>

namespace multiping::test {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> list;
    for (auto make : {reply_scenarios, error_scenarios, udp_scenarios, tcp_scenarios, sctp_scenarios,
                      extension_scenarios, path_scenarios, option_scenarios}) {
      std::vector<Scenario> some = make();
      std::move(some.begin(), some.end(), std::back_inserter(list));
    }
    return list;
  }();
  return all;
}

std::vector<ScenarioRun> scenario_runs() {
  std::vector<ScenarioRun> runs;
  for (const Scenario& scenario : scenarios())
    for (const TransportKind kind : scenario.kinds) runs.push_back({&scenario, kind});
  return runs;
}

std::ostream& operator<<(std::ostream& out, const ScenarioRun& run) {
  return out << run.scenario->name << " with " << to_string(run.kind);
}

}  // namespace multiping::test
