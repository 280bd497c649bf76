// The ranges are those that include/multiping/route.hpp documents.
// See values/trace_checks.hpp.
#include "values/trace_checks.hpp"

#include <stdexcept>
#include <string>
#include <system_error>

#include "multiping/error.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

constexpr int greatest_ttl = 255, most_probes = 255, most_flows = 64;

[[noreturn]] void refuse(const std::string& name, int value, const std::string& wanted) {
  throw std::invalid_argument{name + " is " + std::to_string(value) + "; it must be " + wanted};
}

void check_range(const char* name, int value, int most) {
  if (value < 1 || value > most) refuse(std::string{"TraceOptions::"} + name, value, "1 to " + std::to_string(most));
}

void check_times(const TraceOptions& options) {
  if (checked_timeout(options.timeout, "TraceOptions::timeout") == Duration{})
    throw std::invalid_argument{"TraceOptions::timeout is 0; it must be more than 0"};
  static_cast<void>(checked_timeout(options.budget, "TraceOptions::budget"));
}

void check_probe(const ProbeOptions& probe) {
  check(probe);
  if (probe.ttl) refuse("ProbeOptions::ttl", *probe.ttl, "unset: a trace chooses it");
  if (probe.flow) refuse("ProbeOptions::flow", *probe.flow, "unset: a trace chooses it");
  if (probe.protocol == Protocol::sctp)
    throw std::system_error{make_error_code(Errc::not_supported), "ProbeOptions::protocol sctp with a trace"};
  ProbeOptions hop = probe;
  hop.ttl = 1;
  hop.flow = 0;
  check(hop);
}

}  // namespace

void check(const TraceOptions& options) {
  check_range("max_ttl", options.max_ttl, greatest_ttl);
  if (options.first_ttl < 1 || options.first_ttl > options.max_ttl)
    refuse("TraceOptions::first_ttl", options.first_ttl, "1 to max_ttl (" + std::to_string(options.max_ttl) + ")");
  check_range("probes_per_hop", options.probes_per_hop, most_probes);
  check_range("flows", options.flows, most_flows);
  if (options.max_silent_hops < 0) refuse("TraceOptions::max_silent_hops", options.max_silent_hops, "0 or more");
  check_times(options);
  check(options.ping);
  if (options.ping.threads > 1) refuse("Options::threads", options.ping.threads, "0 or 1: a trace takes no threads");
}

void check_probes(const TargetList& targets, const TraceOptions& options) {
  check_probe(options.ping.probe);
  for (const Target& target : targets)
    if (target.probe() != nullptr) check_probe(*target.probe());
}

std::size_t trace_profiles(const TraceOptions& options) noexcept {
  return static_cast<std::size_t>(options.flows) * static_cast<std::size_t>(options.max_ttl - options.first_ttl + 1);
}

}  // namespace multiping
