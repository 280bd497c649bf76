// The path MTU of many targets at once.
// It does for many targets what tracepath does for one host.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
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
