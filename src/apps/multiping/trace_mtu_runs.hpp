// The tasks beyond fping: --trace, --mtu, --why and --check; --wait is in wait_run.hpp. Each is one or few calls of the
// library. They tell a report what they find, as the other runs do.
#pragma once

#include <memory>

#include "apps/multiping/run_inputs.hpp"

namespace multiping::command {

/// Traces all targets at once. Counts as alive what was reached.
void run_trace(const RunInputs& support);
/// Finds the path MTU of all targets at once. Counts as alive what has one.
void run_mtu(const RunInputs& support);
/// --why: asks the routes to the targets in RunFigures::failures, and tells what is known.
void explain_failures(const RunInputs& support);
/// --check: the text, and whether ICMP works in both families. Before privileges are given up.
struct SelfCheck {
  std::string text{};
  bool complete = false;
};
[[nodiscard]] SelfCheck check_this_machine(const TransportOptions& options);

}  // namespace multiping::command
