// Checks the options of a trace, and runs it.
// See multiping/traceroute.hpp.
#include "multiping/traceroute.hpp"

#include <utility>

#include "batch/trace_run.hpp"
#include "values/trace_option_checks.hpp"

namespace multiping {

std::vector<Route> traceroute(TargetList targets, const TraceOptions& options) {
  check(options);
  check_probes(targets, options.ping.probe);
  return trace(std::move(targets), options);
}

}  // namespace multiping
