// Where the routes to silent targets end.
// For the list of no_responses that multi_ping() returns.
#pragma once

#include <span>
#include <vector>

#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"

namespace multiping {

/// Returns the last hop that answers on the route to each target of `no_responses`, within a time budget of its own (0:
/// the budget of traceroute()).
///
/// There is one Route for each result, in order. Its hops end with the last hop that answered anything, and the first
/// probe of that hop is one that was answered. The hops are empty where none answered; Route::error then has the error
/// of this host itself, if there was one: what it said to these probes, else what the Result's cause says (host
/// unreachable where the gateway is silent). No hop is blamed for what this host says itself. Silent probes are
/// repeated until the budget is used up.
///
/// Each target is asked by the protocol and the port of its Result, and by options.ping.probe for the rest. Options
/// that this protocol does not have are left out: half_open where it is not TCP, source_port for ICMP, payload_size,
/// pattern and random_payload for TCP. No trace by SCTP is possible: such a result has a Route with
/// Errc::not_supported. Throws as traceroute() does, except for names: an unresolved result has a Route with its error.
/// TraceOptions::flows other than 1, and a TraceOptions::budget beside the argument, are std::invalid_argument.
///
///     const auto [up, down] = multi_ping(hosts, 1s);
///     for (const Route& route : diagnose(down, 3s))
///       if (!route.hops.empty()) std::cout << route.host << " is lost after " << route.hops.back().probes.front() <<
///       '\n';
[[nodiscard]] MULTIPING_EXPORT std::vector<Route> diagnose(std::span<const Result> no_responses, Timeout budget,
                                                           const TraceOptions& options = {});

}  // namespace multiping
