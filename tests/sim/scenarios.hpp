// The named scenarios, and checks that compare a batch with the results that a scenario expects.
// Used on the simulator in virtual time, and through a TUN device in real time.
#pragma once

#include <iosfwd>
#include <memory>
#include <vector>

#include "multiping/multi_ping.hpp"
#include "multiping/transport.hpp"
#include "sim/scenario.hpp"

namespace multiping::test {

/// All scenarios of the functions below.
[[nodiscard]] const std::vector<Scenario>& scenarios();
[[nodiscard]] std::vector<Scenario> reply_scenarios();  ///< Hosts that answer, answer wrongly, or are silent.
[[nodiscard]] std::vector<Scenario> error_scenarios();  ///< Errors of routers and of this host.
[[nodiscard]] std::vector<Scenario> udp_scenarios();
[[nodiscard]] std::vector<Scenario> tcp_scenarios();  ///< With connect() and half-open probes.
[[nodiscard]] std::vector<Scenario> sctp_scenarios();
[[nodiscard]] std::vector<Scenario> extension_scenarios();  ///< MPLS labels and interfaces, for every protocol.
[[nodiscard]] std::vector<Scenario> path_scenarios();       ///< Long paths, with every hop probed.
[[nodiscard]] std::vector<Scenario> option_scenarios();     ///< Probe options on the wire.

/// A scenario, and one of the kinds of transport that can run it.
struct ScenarioRun {
  const Scenario* scenario = nullptr;
  TransportKind kind = TransportKind::raw;
};
/// Every scenario with each of its kinds.
[[nodiscard]] std::vector<ScenarioRun> scenario_runs();
std::ostream& operator<<(std::ostream& out, const ScenarioRun& run);

/// The targets of a scenario, with their own probe options when they have some.
[[nodiscard]] TargetList targets_of(const Scenario& scenario);
/// The options of a scenario, with one thread.
[[nodiscard]] Options options_of(const Scenario& scenario, std::shared_ptr<Transport> transport);

/// Sends and receives as the scenario says. Waits up to `patience` in all for answers that are late because this
/// machine is busy.
[[nodiscard]] std::vector<Result> results_of(const Scenario& scenario, MultiPing& batch, Duration patience);
/// Makes the batch of a scenario, as multi_ping() does, and checks every result and counter. Waits as results_of().
void check_scenario(const Scenario& scenario, std::shared_ptr<Transport> transport, TransportKind kind,
                    Duration patience = {});
/// Checks the same results with single probes, each with the timeout and the retries of the scenario.
void check_scenario_singly(const Scenario& scenario, std::shared_ptr<Transport> transport);

}  // namespace multiping::test
