// The ranges are those that include/multiping/route.hpp documents.
// See values/trace_option_checks.hpp.
#include "values/trace_option_checks.hpp"

#include <stdexcept>
#include <string>
#include <system_error>

#include "base/number_text.hpp"
#include "multiping/error.hpp"
#include "values/option_checks.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {
namespace {

constexpr int greatest_ttl = 255, most_probes = 255, most_flows = 64;

[[noreturn]] void refuse(const std::string& name, int value, const std::string& wanted) {
  throw std::invalid_argument{name + " is " + std::to_string(value) + "; it must be " + wanted};
}

void check_range(const std::string& name, int value, int most) {
  if (value < 1 || value > most) refuse(name, value, "1 to " + std::to_string(most));
}

/// `of` is TraceOptions or MtuOptions, which both have these members.
void check_times(const std::string& of, Timeout timeout, Timeout budget) {
  if (checked_timeout(timeout, of + "::timeout") == Duration{})
    throw std::invalid_argument{of + "::timeout is 0; it must be more than 0"};
  static_cast<void>(checked_timeout(budget, of + "::budget"));
}

void check_ping(const Options& ping) {
  check(ping);
  if (ping.threads > 1) refuse("Options::threads", ping.threads, "0 or 1: a trace takes no threads");
}

void require_default(const char* name, int value, int usual, const std::string& call) {
  if (value == usual) return;
  const std::string member = std::string{"TraceOptions::"} + name;
  refuse(member, value, std::to_string(usual) + ", the default: " + call + " does not use it");
}

void check_probe(const ProbeOptions& probe) {
  check(probe);
  if (probe.ttl) refuse("ProbeOptions::ttl", *probe.ttl, "unset: a trace chooses it");
  if (probe.flow) refuse("ProbeOptions::flow", *probe.flow, "unset: a trace chooses it");
  if (!traits(probe.protocol).can_be_traced) {
    const std::string doing = "ProbeOptions::protocol " + std::string{to_string(probe.protocol)} + " with a trace";
    throw std::system_error{make_error_code(Errc::not_supported), doing};
  }
  ProbeOptions hop = probe;
  hop.ttl = 1;
  hop.flow = 0;
  check(hop);
}

}  // namespace

void check(const TraceOptions& options) {
  check_range("TraceOptions::max_ttl", options.max_ttl, greatest_ttl);
  if (options.first_ttl < 1 || options.first_ttl > options.max_ttl)
    refuse("TraceOptions::first_ttl", options.first_ttl, "1 to max_ttl (" + std::to_string(options.max_ttl) + ")");
  check_range("TraceOptions::probes_per_hop", options.probes_per_hop, most_probes);
  check_range("TraceOptions::flows", options.flows, most_flows);
  if (options.max_silent_hops < 0) refuse("TraceOptions::max_silent_hops", options.max_silent_hops, "0 or more");
  check_times("TraceOptions", options.timeout, options.budget);
  check_ping(options.ping);
}

void check(const MtuOptions& options) {
  check_range("MtuOptions::tries", options.tries, most_probes);
  check_times("MtuOptions", options.timeout, options.budget);
  check_ping(options.ping);
}

void refuse_flows(const TraceOptions& options, const std::string& call) {
  require_default("flows", options.flows, TraceOptions{}.flows, call);
}

void refuse_hops(const TraceOptions& options, const std::string& call) {
  const TraceOptions usual;
  require_default("first_ttl", options.first_ttl, usual.first_ttl, call);
  require_default("max_ttl", options.max_ttl, usual.max_ttl, call);
  refuse_flows(options, call);
  require_default("max_silent_hops", options.max_silent_hops, usual.max_silent_hops, call);
  if (options.resolve_names)
    throw std::invalid_argument{"TraceOptions::resolve_names is true; it must be false: " + call + " names no routers"};
}

void refuse_budget(const TraceOptions& options, const std::string& call) {
  const Duration budget = options.budget;
  if (budget == Duration{}) return;
  throw std::invalid_argument{"TraceOptions::budget is " + number_text(to_milliseconds(budget)) +
                              " ms; it must be 0: " + call + " has a budget of its own"};
}

void check_probes(const TargetList& targets, const ProbeOptions& usual) {
  check_probe(usual);
  for (const Target& target : targets)
    if (target.probe() != nullptr) check_probe(*target.probe());
}

}  // namespace multiping
