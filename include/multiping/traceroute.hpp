// The routes to many targets at once: hops, load-balanced paths.
// It does for many targets what traceroute and mtr do for one host. It includes diagnose.hpp and path_mtu.hpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/diagnose.hpp"
#include "multiping/export.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/route.hpp"
#include "multiping/statistics.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// Traces every target at once, all hops in parallel, and returns the routes in the caller's order.
///
/// The probes to one target keep one flow, so that routers that balance load by flow show one real path; see
/// ProbeOptions::flow. With several flows, the routes of one target follow each other; an unresolved target has one
/// Route. An authentic ICMP error is the answer of its hop, with two exceptions. An error from this host itself about a
/// probe that did not leave it (its gateway does not answer, RFC 1122 section 3.3.1.4) makes that probe send_failed.
/// Time exceeded in reassembly is about one lost fragment, and counts as silence.
///
///     for (const Route& route : traceroute({"192.0.2.1", "example.org"}))
///       for (const Hop& hop : route.hops) std::cout << route.host << ' ' << hop.ttl << ' ' << hop.probes.front() <<
///       '\n';
///
/// A trace ends at the target, at max_ttl, or after max_silent_hops. It also ends at a hop that answers unreachable and
/// nothing else, where no hop farther away answers within a timeout (each of them is probed once). One stray error ends
/// no trace. Many routers limit their errors, so no router is probed much faster than it answers, and silent probes are
/// repeated within the budget (without a budget: twice, but not where the trace goes hop by hop). A probe that stays
/// silent is no_reply, which says nothing about loss on the path. Result::attempt says how often a probe was sent. A
/// stop ends the trace with the results so far.
///
/// ICMP and UDP need the same permission as with MultiPing. A TCP trace sends single SYNs where raw sockets are
/// allowed, whether or not half_open is set. Elsewhere it uses connect(2), which allows only one probe of a flow at a
/// time, so that the trace goes hop by hop. Throws as MultiPing does, and std::invalid_argument for options out of
/// range.
[[nodiscard]] MULTIPING_EXPORT std::vector<Route> traceroute(TargetList targets, const TraceOptions& options = {});

/// One router of a Path, with the statistics of its answers. Where one hop has several routers (load balanced by
/// packet), each has a PathHop with the same ttl; probes that were silent there count for the first of them.
struct PathHop {
  int ttl = 0;              ///< TTL or hop limit, as Hop::ttl.
  Address responder{};      ///< The router's address; none: silent for every flow of the path.
  Statistics statistics{};  ///< Of the probes of all these flows. Every answer counts as received, ICMP errors too. A
                            ///< probe that was repeated counts once: as answered, if any attempt was.
};

/// One path to a target, and the flows that took it.
struct Path {
  std::string host{};           ///< As the caller wrote it.
  Address address{};            ///< The address of the target.
  std::vector<int> flows{};     ///< Route::flow of each flow that took the path, ascending.
  std::vector<PathHop> hops{};  ///< In the order of their ttl.
  bool reached = false;         ///< The target itself answered.
};

/// Returns the distinct paths among the routes of traceroute() with several flows.
///
/// Flows of one target whose answers agree at every hop are one Path; a silent hop agrees with any. A flow that was
/// given up is a Path of its own where it is silent at hops at which another flow still had answers, one that reached
/// the target or was answered with unreachable. The reason may be a load balancer that sends the flow where no router
/// forwards it, or a target that limits its errors. Paths are in the order of the routes; unresolved targets have none.
[[nodiscard]] MULTIPING_EXPORT std::vector<Path> distinct_paths(std::span<const Route> routes);

}  // namespace multiping
