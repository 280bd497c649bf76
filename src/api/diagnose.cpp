// diagnose(): traces the hosts that did not answer, and cuts each route after the last hop that answered.
// See multiping/diagnose.hpp.
#include "multiping/diagnose.hpp"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

#include "multiping/error.hpp"
#include "multiping/traceroute.hpp"
#include "values/option_checks.hpp"
#include "values/probe_option_table.hpp"
#include "values/trace_option_checks.hpp"

namespace multiping {
namespace {

/// Asks for one route for each target. An address of another family than wanted becomes the error of its route.
TraceOptions single_routes(TraceOptions options, Timeout budget) {
  options.flows = 1;
  options.budget = budget;
  options.ping.ignore_lookup_errors = true;
  return options;
}

/// The probe that asks again what the result was asked. Options that only other protocols have are left out.
ProbeOptions probe_of(const Result& result, const ProbeOptions& usual) {
  ProbeOptions probe = usual;
  probe.protocol = result.protocol;
  probe.port = result.port;
  each_option([&](const auto& option) {
    if (!option.protocols.have(result.protocol)) probe.*option.member = ProbeOptions{}.*option.member;
  });
  return probe;
}

/// Why the host of a result is not traced; none when it is.
std::error_code objection(const Result& result) {
  if (!result.address) return result.error;
  return traits(result.protocol).can_be_traced ? std::error_code{} : make_error_code(Errc::not_supported);
}

bool is_traced(const Result& result) { return result.address && !objection(result); }

/// Targets that are asked by the usual probe have no probe options of their own, which saves memory.
std::vector<Target> targets_of(std::span<const Result> results, const ProbeOptions& usual) {
  std::vector<Target> targets;
  for (const Result& result : results) {
    if (!is_traced(result)) continue;
    const bool as_usual = result.protocol == usual.protocol && result.port == destination_port(usual);
    targets.push_back(as_usual ? Target{result.address} : Target{result.address.to_string(), probe_of(result, usual)});
  }
  return targets;
}

/// True where this host itself said that it cannot reach the next hop, or that it will not: that is no hop of a route.
bool is_said_here(const Result& probe) {
  return probe.responder && probe.cause != Cause::none && probe.cause != Cause::remote;
}

/// The error that says the same as a cause on this host; none for other causes.
std::error_code error_of(Cause cause) noexcept {
  switch (cause) {
    case Cause::no_route:
      return std::make_error_code(std::errc::network_unreachable);
    case Cause::link_down:
      return std::make_error_code(std::errc::network_down);
    case Cause::no_source_address:
      return std::make_error_code(std::errc::address_not_available);
    case Cause::gateway_silent:
    case Cause::neighbour_silent:
      return std::make_error_code(std::errc::host_unreachable);
    case Cause::firewall:
      return std::make_error_code(std::errc::operation_not_permitted);
    case Cause::local_limit:
      return std::make_error_code(std::errc::no_buffer_space);
    case Cause::none:
    case Cause::unknown:
    case Cause::remote:
      break;
  }
  return {};
}

/// What stopped the probes on this host or its link: what it said meanwhile, else what it said to the earlier call.
std::error_code stopped_here(const Route& route, const Result& result) {
  for (const Hop& hop : route.hops)
    for (const Result& probe : hop.probes)
      if (is_said_here(probe)) return error_of(probe.cause == Cause::unknown ? Cause::gateway_silent : probe.cause);
  return error_of(result.cause);
}

/// The index of the first answered probe; hop.probes.size() when none is answered.
std::size_t first_answer(const Hop& hop) {
  const auto answered = [](const Result& probe) { return probe.responder && !is_said_here(probe); };
  return static_cast<std::size_t>(std::ranges::find_if(hop.probes, answered) - hop.probes.begin());
}

/// Removes the silent hops at the end of the route, and moves an answered probe to the front of its last hop.
void cut_silent_end(Route& route) {
  while (!route.hops.empty() && first_answer(route.hops.back()) == route.hops.back().probes.size())
    route.hops.pop_back();
  if (route.hops.empty()) return;
  Hop& last = route.hops.back();
  const std::size_t answered = first_answer(last);
  std::swap(last.probes.front(), last.probes[answered]);
  std::swap(last.names.front(), last.names[answered]);
}

/// Gives the route the host as the caller wrote it, instead of the text of its address.
void name_after(const Result& result, Route& route) {
  route.host = result.host;
  for (Hop& hop : route.hops)
    for (Result& probe : hop.probes) probe.host = result.host;
}

}  // namespace

std::vector<Route> diagnose(std::span<const Result> no_responses, Timeout budget, const TraceOptions& options) {
  static_cast<void>(checked_timeout(budget, "the budget of diagnose()"));
  refuse_flows(options, "diagnose()");
  refuse_budget(options, "diagnose()");
  std::vector<Route> traced = traceroute(targets_of(no_responses, options.ping.probe), single_routes(options, budget));
  std::vector<Route> routes;
  routes.reserve(no_responses.size());
  auto next = traced.begin();
  for (const Result& result : no_responses) {
    if (!is_traced(result)) {
      routes.push_back({.host = result.host, .address = result.address, .hops = {}, .error = objection(result)});
      continue;
    }
    Route& route = routes.emplace_back(std::move(*next++));
    const std::error_code here = stopped_here(route, result);
    cut_silent_end(route);
    if (route.hops.empty() && !route.error) route.error = here;
    name_after(result, route);
  }
  return routes;
}

}  // namespace multiping
