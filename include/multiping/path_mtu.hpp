// The path MTU of many targets at once.
// It does for many targets what tracepath does for one host.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"
#include "multiping/route.hpp"
#include "multiping/target.hpp"

namespace multiping {

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

/// Options of discover_mtu().
struct MtuOptions {
  Timeout timeout = std::chrono::seconds{1};  ///< For each probe; more than 0.
  int tries = 3;                              ///< How often a size that stays silent is tried, 1 to 255.
  Timeout budget{};                           ///< Time limit of the search, without lookups; 0: none.
  Options ping{};  ///< The protocol must be icmp or udp; ttl and flow must be unset; threads must be 0 or 1.
};

/// Returns the path MTU of every target, all of them searched at once with probes that may not be fragmented (RFC 1191,
/// RFC 8201).
///
/// The first probe is as large as this host can send, the next ones are as large as routers report. Where large probes
/// vanish without a report (a black hole), a search (RFC 8899) tries many sizes at once; by ICMP it takes some three to
/// five timeouts. Probes are ICMP echo requests or, with options.ping.probe, UDP, all of one flow.
///
///     for (const PathMtu& path : discover_mtu({"192.0.2.1", "example.org"}, {.tries = 5}))
///       std::cout << path.host << ' ' << path.mtu << '\n';
///
/// Each call asks the routers anew and ignores the path MTU that the kernel has stored (IP_PMTUDISC_PROBE, ip(7)), so
/// it finds at once that a path has become wider. A size that this host never has room for counts as silent (ENOBUFS,
/// for example of a veth device whose other end has a smaller MTU); where that holds for every size, it is
/// PathMtu::error. Where a budget or a stop ends the search early, PathMtu::unfinished is set. Throws as traceroute()
/// does, and std::system_error with Errc::not_supported for TCP and SCTP.
///
/// It takes MtuOptions; `Given` stands for that type alone. It is a template so that a call without options, or with
/// braces that fit TraceOptions as well (`{.timeout = 2s}`), is one of the function below; both mean the same then.
template <class Given = MtuOptions, class = std::enable_if_t<std::is_same_v<Given, MtuOptions>>>
[[nodiscard]] MULTIPING_EXPORT std::vector<PathMtu> discover_mtu(TargetList targets, const Given& options);
/// @cond  The library has its definition.
extern template MULTIPING_EXPORT std::vector<PathMtu> discover_mtu<MtuOptions, void>(TargetList targets,
                                                                                     const MtuOptions& options);
/// @endcond

/// The same with the options of a trace. It uses timeout, probes_per_hop (as MtuOptions::tries), budget (0: none) and
/// ping. first_ttl, max_ttl, flows, max_silent_hops or resolve_names with another value than its default is
/// std::invalid_argument, since a path MTU has no hops.
[[nodiscard]] MULTIPING_EXPORT std::vector<PathMtu> discover_mtu(TargetList targets, const TraceOptions& options = {});

}  // namespace multiping
