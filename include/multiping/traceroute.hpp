// The way to many targets at once: hops, load-balanced paths, where it ends, and the largest packet that fits through.
// What traceroute, mtr and tracepath find out for one host.
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

/// What to ask on the way.
struct TraceOptions {
  int first_ttl = 1;                          ///< 1 to max_ttl.
  int max_ttl = 30;                           ///< first_ttl to 255.
  int probes_per_hop = 3;                     ///< 1 to 255.
  Timeout timeout = std::chrono::seconds{1};  ///< For each probe, as far as the budget lasts; more than 0.
  int flows = 1;               ///< Paths tried per target, for routers that balance load by flow; 1 to 64.
  int max_silent_hops = 8;     ///< Give up after so many silent hops in a row; 0: never.
  bool resolve_names = false;  ///< Reverse lookup of every responder, bounded by ResolveOptions::timeout.
  Options ping{};              ///< Protocol icmp, udp or tcp; not its ttl and flow, which a trace chooses, nor threads
                               ///< beyond 1.
  Timeout budget{};  ///< For the whole call, lookups apart; 0: three timeouts, and what max_rate takes; with TCP that
                     ///< goes hop by hop (see traceroute()), as long as that needs.
};

/// What is one step away from the hop before.
struct Hop {
  int ttl = 0;                   ///< TTL or hop limit of its probes, from TraceOptions::first_ttl.
  std::vector<Result> probes{};  ///< probes_per_hop of them; a silent one is no_reply, one that there was no time to
                                 ///< send is pending. Several responders: the path changes, or is balanced by packet.
  std::vector<std::string> names{};  ///< Of each probe's responder; empty where unknown or not asked for.
};

/// The way to one target.
struct Route {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< Where it leads; none while unresolved.
  std::vector<Hop> hops{};  ///< From first_ttl to the target, to the router that said unreachable, or to the last hop
                            ///< tried.
  int flow = 0;             ///< Which of TraceOptions::flows, from 0.
  bool reached = false;  ///< The target itself answered the last hop's probes: by an echo reply, by port unreachable,
                         ///< or by a connection or its refusal. Time exceeded from its address is a hop: a router
                         ///< that translates addresses (a forwarded port, a virtual address) says it.
  std::error_code error{};  ///< Unresolved, or could not be sent and nobody on the way was heard: host_unreachable,
                            ///< say, where this host's gateway is dead.
};

/// Traces every target at once, all hops in parallel, keeping one flow per target (so that routers balancing load by
/// flow show one real path; see ProbeOptions::flow). In the caller's order, the flows of a target side by side; an
/// unresolved target has one Route. An authentic ICMP error is its hop's answer, but not one that this host itself says
/// of a probe that did not leave it (its gateway does not answer, RFC 1122 section 3.3.1.4): that probe is send_failed;
/// and not time exceeded in reassembly, which is about one lost fragment: that is silence.
///
///     for (const Route& route : traceroute({"192.0.2.1", "example.org"}))
///       for (const Hop& hop : route.hops) std::cout << route.host << ' ' << hop.ttl << ' ' << hop.probes.front() <<
///       '\n';
///
/// A trace ends at the target, at max_ttl, after max_silent_hops, or at a hop that says unreachable, where that is all
/// that it has to say and no hop farther away answers within a timeout (each of them is asked once). One stray error
/// ends no trace. Many routers limit their errors, so routers are asked not much faster than they answer, and silence
/// is asked again within the budget (without a budget: twice, but not where it goes hop by hop); what stays silent is
/// no_reply, which says nothing about loss on the path. Result::attempt says how often a probe was asked. A stop ends
/// it with what it has.
///
/// ICMP and UDP need what MultiPing needs for them. TCP is asked by lone SYNs where raw sockets are allowed, whether or
/// not half_open is set; else by connect(), which can have but one probe of a flow under way, so that a trace goes hop
/// by hop. Throws as MultiPing does, and std::invalid_argument for options out of range.
[[nodiscard]] MULTIPING_EXPORT std::vector<Route> traceroute(TargetList targets, const TraceOptions& options = {});

/// For those of a batch that did not answer: the last hop that did, within a time budget of its own (0: a budget as
/// traceroute() has). One Route for each result, in order: its hops end with the last that answered anything, whose
/// first probe is one that was answered, and are empty where none did (Route::error then says what this host itself
/// said of it, if anything). What is silent is asked until the budget is used up. All are asked by options.ping.probe:
/// a Result does not say how its own target was asked. Throws as traceroute(), but for names: what was unresolved has a
/// Route with that error.
///
///     const auto [up, down] = multi_ping(hosts, 1s);
///     for (const Route& route : diagnose(down, 3s))
///       if (!route.hops.empty()) std::cout << route.host << " is lost after " << route.hops.back().probes.front() <<
///       '\n';
[[nodiscard]] MULTIPING_EXPORT std::vector<Route> diagnose(std::span<const Result> no_responses, Timeout budget,
                                                           const TraceOptions& options = {});

/// One router of a Path, with the figures of its own answers. Several routers of one hop (load balanced by packet) have
/// one each, with the same ttl; probes that were silent there count for the first of them.
struct PathHop {
  int ttl = 0;              ///< As Hop::ttl.
  Address responder{};      ///< None: silent for every flow of the path.
  Statistics statistics{};  ///< Of the probes of all these flows; every answer counts as received, also an ICMP error.
                            ///< A probe that was asked again is one: answered if any of its attempts was.
};

/// One way to a target, and the flows that took it.
struct Path {
  std::string host{};           ///< As the caller wrote it.
  Address address{};            ///< Where it leads.
  std::vector<int> flows{};     ///< Route::flow of those that took it, ascending.
  std::vector<PathHop> hops{};  ///< In the order of their ttl.
  bool reached = false;         ///< The target itself answered.
};

/// The distinct ways among the routes of traceroute() with several flows: the flows of one target whose answers agree
/// at every hop (a silent one agrees with any) are one Path. A flow that was given up, silent where one that reached or
/// was refused still had answers, is a Path of its own: what balances load may send it where nobody forwards it, or the
/// target limits its errors. In the order of the routes; unresolved targets have none.
[[nodiscard]] MULTIPING_EXPORT std::vector<Path> distinct_paths(std::span<const Route> routes);

/// The largest packet (IP header included) that reaches a target unfragmented.
struct PathMtu {
  std::string host{};       ///< As the caller wrote it.
  Address address{};        ///< What was probed; none while unresolved.
  std::uint32_t mtu = 0;    ///< 0 where it cannot be told, and while `unfinished`.
  Address limiting_hop{};   ///< Who reported it; none when found by search, or where the limit is this host's own.
  std::error_code error{};  ///< Unresolved, or could not be sent.
  bool unfinished = false;  ///< A budget or a stop ended the search: larger packets than `fits` may fit.
  std::uint32_t fits = 0;   ///< The largest size that was answered; 0: none.
};

/// Asks every target at once with probes that may not be fragmented (RFC 1191, RFC 8201): first as large as this host
/// can send, then as large as routers report, and where a black hole swallows large probes without a report, by search
/// (RFC 8899), many sizes at once, which by ICMP takes some three to five timeouts. Probes are ICMP echo requests or,
/// with options.ping.probe, UDP, all of one flow; of the options, timeout, probes_per_hop (how often a silent size is
/// asked), budget (0: none) and ping hold. Each call asks the routers anew: an MTU that the kernel remembers of a path
/// is not believed (IP_PMTUDISC_PROBE, ip(7)), so that a path that has become wider is found at once. A size that this
/// host never has room for counts as silent (ENOBUFS: of a veth device whose other end has a smaller MTU); where that
/// holds for every size, it is PathMtu::error. What a budget or a stop leaves open is told as PathMtu::unfinished.
/// Throws as traceroute(), and std::system_error with Errc::not_supported for TCP and SCTP.
[[nodiscard]] MULTIPING_EXPORT std::vector<PathMtu> discover_mtu(TargetList targets, const TraceOptions& options = {});

}  // namespace multiping
