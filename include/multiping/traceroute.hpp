// The routes to many targets at once: hops, load-balanced paths, where routes end, and the path MTU.
// These calls do for many targets what traceroute, mtr and tracepath do for one host.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/statistics.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// Options of a trace.
struct TraceOptions {
  int first_ttl = 1;                          ///< TTL of the first hop, 1 to max_ttl.
  int max_ttl = 30;                           ///< TTL of the last hop at most, first_ttl to 255.
  int probes_per_hop = 3;                     ///< Probes for each hop, 1 to 255.
  Timeout timeout = std::chrono::seconds{1};  ///< For each probe, never longer than the budget; more than 0.
  int flows = 1;               ///< Paths tried for each target, for routers that balance load by flow; 1 to 64.
  int max_silent_hops = 8;     ///< The trace ends after this number of silent hops in a row; 0: never.
  bool resolve_names = false;  ///< Looks up the name of every responder, within ResolveOptions::timeout.
  Options ping{};              ///< The protocol must be icmp, udp or tcp; ttl and flow must be unset, since a trace
                               ///< chooses them; threads must be 0 or 1.
  Timeout budget{};  ///< Time limit of the whole call, without lookups. 0: three timeouts, and the time that max_rate
                     ///< takes; a TCP trace that goes hop by hop (see traceroute()) takes the time that it needs.
};

/// One step of a route: the probes with one TTL.
struct Hop {
  int ttl = 0;  ///< TTL or hop limit of its probes, from TraceOptions::first_ttl.
  /// TraceOptions::probes_per_hop results. A silent probe is no_reply; a probe that there was no time to send is
  /// pending. Several responders: the path has changed, or the load is balanced by packet.
  std::vector<Result> probes{};
  std::vector<std::string> names{};  ///< Name of each probe's responder; empty where unknown or not asked for.
};

/// The route to one target.
struct Route {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< The address of the target; none while unresolved.
  std::vector<Hop> hops{};  ///< From first_ttl to the target, to the router that answered unreachable, or to the last
                            ///< hop tried.
  int flow = 0;             ///< Number of the flow, from 0 to TraceOptions::flows - 1.
  bool reached = false;     ///< The target itself answered the probes of the last hop: by an echo reply, by port
                            ///< unreachable, or by accepting or refusing a connection. Time exceeded from its address
                            ///< is a hop: a router that translates addresses (a forwarded port, a virtual address)
                            ///< sends it.
  std::error_code error{};  ///< The target is unresolved, or probes could not be sent and no hop answered: for example
                            ///< host_unreachable where this host's gateway is dead.
};

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

/// Returns the last hop that answers on the route to each target of `no_responses`, within a time budget of its own (0:
/// the budget of traceroute()).
///
/// There is one Route for each result, in order. Its hops end with the last hop that answered anything, and the first
/// probe of that hop is one that was answered. The hops are empty where none answered; Route::error then has the error
/// of this host itself, if there was one. Silent probes are repeated until the budget is used up.
///
/// Each target is asked by the protocol and the port of its Result, and by options.ping.probe for the rest. Options
/// that this protocol does not have are left out: half_open where it is not TCP, source_port for ICMP, payload_size,
/// pattern and random_payload for TCP. No trace by SCTP is possible: such a result has a Route with
/// Errc::not_supported. Throws as traceroute() does, except for names: an unresolved result has a Route with its error.
///
///     const auto [up, down] = multi_ping(hosts, 1s);
///     for (const Route& route : diagnose(down, 3s))
///       if (!route.hops.empty()) std::cout << route.host << " is lost after " << route.hops.back().probes.front() <<
///       '\n';
[[nodiscard]] MULTIPING_EXPORT std::vector<Route> diagnose(std::span<const Result> no_responses, Timeout budget,
                                                           const TraceOptions& options = {});

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

/// The largest packet (IP header included) that reaches a target unfragmented.
struct PathMtu {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< The address that was probed; none while unresolved.
  std::uint32_t mtu = 0;    ///< Path MTU in bytes; 0 where it is not known, and while `unfinished`.
  Address limiting_hop{};   ///< The router that reported it; none where a search found it, or this host is the limit.
  std::error_code error{};  ///< The target is unresolved, or probes could not be sent.
  bool unfinished = false;  ///< A budget or a stop ended the search: packets larger than `fits` may fit.
  std::uint32_t fits = 0;   ///< The largest size in bytes that was answered; 0: none.
};

/// Returns the path MTU of every target, all of them searched at once with probes that may not be fragmented (RFC 1191,
/// RFC 8201).
///
/// The first probe is as large as this host can send, the next ones are as large as routers report. Where large probes
/// vanish without a report (a black hole), a search (RFC 8899) tries many sizes at once; by ICMP it takes some three to
/// five timeouts. Probes are ICMP echo requests or, with options.ping.probe, UDP, all of one flow. Of the options it
/// uses timeout, probes_per_hop (how often a silent size is tried), budget (0: none) and ping.
///
/// Each call asks the routers anew and ignores the path MTU that the kernel has stored (IP_PMTUDISC_PROBE, ip(7)), so
/// it finds at once that a path has become wider. A size that this host never has room for counts as silent (ENOBUFS,
/// for example of a veth device whose other end has a smaller MTU); where that holds for every size, it is
/// PathMtu::error. Where a budget or a stop ends the search early, PathMtu::unfinished is set. Throws as traceroute()
/// does, and std::system_error with Errc::not_supported for TCP and SCTP.
[[nodiscard]] MULTIPING_EXPORT std::vector<PathMtu> discover_mtu(TargetList targets, const TraceOptions& options = {});

}  // namespace multiping
