// Checks the options of a path MTU discovery, and runs it.
// See multiping/path_mtu.hpp.
#include "multiping/path_mtu.hpp"

#include <string>
#include <system_error>
#include <utility>

#include "batch/mtu_discovery.hpp"
#include "multiping/error.hpp"
#include "values/trace_checks.hpp"

namespace multiping {
namespace {

void require_sizes(const ProbeOptions& probe) {
  if (probe.protocol == Protocol::icmp || probe.protocol == Protocol::udp) return;
  const std::string doing = "ProbeOptions::protocol " + std::string{to_string(probe.protocol)} + " with discover_mtu";
  throw std::system_error{make_error_code(Errc::not_supported), doing};
}

void check_targets(const TargetList& targets, const TraceOptions& options) {
  check_probes(targets, options);
  require_sizes(options.ping.probe);
  for (const Target& target : targets)
    if (target.probe() != nullptr) require_sizes(*target.probe());
}

}  // namespace

std::vector<PathMtu> discover_mtu(TargetList targets, const TraceOptions& options) {
  check(options);
  check_targets(targets, options);
  return find_path_mtus(std::move(targets), options);
}

}  // namespace multiping
