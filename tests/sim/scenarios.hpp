// The named scenarios, and the checks that hold a batch against what a scenario expects.
// Used twice: by the simulator in virtual time and through a TUN device in real time.
#pragma once

#include <iosfwd>
#include <memory>
#include <vector>

#include "multiping/multi_ping.hpp"
#include "multiping/transport.hpp"
#include "sim/scenario.hpp"

namespace multiping::test {

/// All of them.
[[nodiscard]] const std::vector<Scenario>& scenarios();
[[nodiscard]] std::vector<Scenario> reply_scenarios();  ///< Hosts that answer, well or badly, or not at all.
[[nodiscard]] std::vector<Scenario> error_scenarios();  ///< Routers, and this host, that report errors.
[[nodiscard]] std::vector<Scenario> udp_scenarios();
[[nodiscard]] std::vector<Scenario> tcp_scenarios();  ///< By connect() and half-open.
[[nodiscard]] std::vector<Scenario> sctp_scenarios();
[[nodiscard]] std::vector<Scenario> extension_scenarios();  ///< MPLS labels and interfaces, of every protocol.
[[nodiscard]] std::vector<Scenario> path_scenarios();       ///< Long ways, hop by hop.
[[nodiscard]] std::vector<Scenario> option_scenarios();     ///< Probe options, as they must look on the wire.

/// A scenario with one of the kinds of transport that it fits.
struct ScenarioRun {
  const Scenario* scenario = nullptr;
  TransportKind kind = TransportKind::raw;
};
/// All of them.
[[nodiscard]] std::vector<ScenarioRun> scenario_runs();
std::ostream& operator<<(std::ostream& out, const ScenarioRun& run);

/// The targets, with their own probe options where the scenario says so.
[[nodiscard]] TargetList targets_of(const Scenario& scenario);
/// Options as the scenario asks for them, on one thread.
[[nodiscard]] Options options_of(const Scenario& scenario, std::shared_ptr<Transport> transport);

/// Sends and receives as the scenario says. Answers that are late because this machine is busy are waited for, with so
/// much patience in all.
[[nodiscard]] std::vector<Result> results_of(const Scenario& scenario, MultiPing& batch, Duration patience);
/// Makes the batch that a scenario describes, as multi_ping() does, and checks every result and counter; as patiently.
void check_scenario(const Scenario& scenario, std::shared_ptr<Transport> transport, TransportKind kind,
                    Duration patience = {});
/// The same results by single probes, each with the time and the retries that the scenario gives.
void check_scenario_singly(const Scenario& scenario, std::shared_ptr<Transport> transport);

}  // namespace multiping::test
