// A route, its hops, and the options of a trace: what traceroute.hpp, diagnose.hpp and path_mtu.hpp have in common.
// Each of these includes it; no program needs to.
#pragma once

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"

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
  /// True only when the target itself answered a probe of the last hop: by an echo reply, by port (or protocol)
  /// unreachable, by a UDP answer, or by accepting or refusing a connection. With Options::any_source, a reply from
  /// another of its addresses counts too.
  ///
  /// Time exceeded from the target's address is a hop: a router that translates addresses (a forwarded port, a virtual
  /// address) sends it. Any other unreachable error from that address ends the route without having reached it.
  bool reached = false;
  std::error_code error{};  ///< The target is unresolved, or probes could not be sent and no hop answered: for example
                            ///< host_unreachable where this host's gateway is dead.
};

}  // namespace multiping
