// Why a target has no answer: what is known about this host's own part in it.
// Routes, links and neighbours of this host are asked by rtnetlink(7), only when a target was silent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string_view>

#include "multiping/export.hpp"

namespace multiping {

struct Result;

/// Why a target has no answer. See Result::cause.
enum class Cause : std::uint8_t {
  none,  ///< The target answered, or nothing is to be explained: it is pending, or its name has no address.
  /// It cannot be told: the probes were sent from the network namespace of a broker or a proxy, a sandbox does not let
  /// this process ask the kernel, the route has several next hops, the target is an address of this host, or nothing
  /// shows that the gateway is alive. In the last case Result::cause_address is the gateway: it may have failed, though
  /// the kernel has not noticed that yet, which takes it up to a minute; or it is alive, and answers no packet to
  /// itself.
  unknown,
  no_route,   ///< This host has no route to the target, or one that forbids it (unreachable, prohibit, blackhole).
  link_down,  ///< The interface of the route has no carrier, or the interface that was asked for is down.
  no_source_address,  ///< This host has no source address for the target.
  gateway_silent,     ///< The gateway does not answer ARP (RFC 826) or neighbour discovery (RFC 4861).
  neighbour_silent,   ///< The target is on a link of this host and does not answer them.
  firewall,           ///< A packet filter of this host refused the probe (EPERM).
  local_limit,        ///< This host lacked buffers, descriptors or ports for the probe.
  /// This host's part was seen in order, so the silence is somebody else's. A router or the target answered with an
  /// error; or, after the probe to the silent target, the gateway was heard: it answered ARP or neighbour discovery,
  /// another target answered through it, or it answered when it was called (an echo request or a datagram to it, and a
  /// datagram with a TTL of 1, some 300 ms before the end of the wait, only where nothing else was heard through it).
  /// Or the target is on a link of this host, and answered ARP or neighbour discovery within the last minute. A gateway
  /// that fails and is back before it is called is not noticed.
  remote,
};
/// "none", "unknown", "no-route", "link-down", "no-source-address", "gateway-silent", "neighbour-silent", "firewall",
/// "local-limit", "remote".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Cause cause) noexcept;
/// Writes to_string(cause).
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, Cause cause);

/// True when this host or its way out is the cause, so that nothing is known about the target: no_route, link_down,
/// no_source_address, gateway_silent, firewall and local_limit. False for neighbour_silent, which is the target itself.
[[nodiscard]] MULTIPING_EXPORT bool is_local(Cause cause) noexcept;

/// Returns how many of the results have each cause. Causes that no result has are left out; with an answer a result
/// counts as none.
[[nodiscard]] MULTIPING_EXPORT std::map<Cause, std::size_t> causes(std::span<const Result> results);

}  // namespace multiping
