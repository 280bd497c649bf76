// Checks the options of a path MTU discovery, and runs it.
// See multiping/path_mtu.hpp.
#include "multiping/path_mtu.hpp"

#include <string>
#include <system_error>
#include <utility>

#include "batch/path_mtu_run.hpp"
#include "multiping/error.hpp"
#include "values/protocol_traits.hpp"
#include "values/trace_option_checks.hpp"

namespace multiping {
namespace {

void require_sizes(const ProbeOptions& probe) {
  if (traits(probe.protocol).has_payload) return;
  const std::string doing = "ProbeOptions::protocol " + std::string{to_string(probe.protocol)} + " with discover_mtu";
  throw std::system_error{make_error_code(Errc::not_supported), doing};
}

std::vector<PathMtu> discover(TargetList targets, const MtuOptions& options) {
  check_probes(targets, options.ping.probe);
  require_sizes(options.ping.probe);
  for (const Target& target : targets)
    if (target.probe() != nullptr) require_sizes(*target.probe());
  return find_path_mtus(std::move(targets), options);
}

}  // namespace

std::vector<PathMtu> discover_mtu(TargetList targets, const TraceOptions& options) {
  check(options);
  refuse_hops(options, "discover_mtu()");
  return discover(
      std::move(targets),
      {.timeout = options.timeout, .tries = options.probes_per_hop, .budget = options.budget, .ping = options.ping});
}

template <class Given, class>
std::vector<PathMtu> discover_mtu(TargetList targets, const Given& options) {
  check(options);
  return discover(std::move(targets), options);
}
template std::vector<PathMtu> discover_mtu<MtuOptions, void>(TargetList targets, const MtuOptions& options);

}  // namespace multiping
