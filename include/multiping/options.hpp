// The options of a call: how a batch is sent. It includes what a probe looks like, and how names are resolved.
// They are aggregates with a default for every member, made for designated initialisers: Options{.probe = {.ttl = 5}}.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/probe_options.hpp"
#include "multiping/protocol.hpp"
#include "multiping/resolve.hpp"

namespace multiping {

/// How long to wait for an answer before the next probe, where the waits grow: the wait after probe k (from 1) is
/// first * factor^(k-1), and at most `most`. fping(8) calls it -B.
struct BackOff {
  Timeout first = std::chrono::milliseconds{500};  ///< The wait after the first probe.
  double factor = 1.5;                             ///< At least 1.
  Timeout most{};                                  ///< The longest wait; 0: no limit.
};

class Transport;

/// How the names of a batch are resolved, and how its probes are sent and awaited.
struct Options {
  bool ignore_lookup_errors = false;  ///< Keeps a name that does not resolve as an unanswered target.
  ResolveOptions resolve{};           ///< How names become addresses.
  ProbeOptions probe{};               ///< For all targets without probe options of their own.
  int threads = 0;      ///< Threads for a large batch, never more than cores; they run only during a call. 0: chosen by
                        ///< size. One is used where there is a max_rate, or a target that asks for a TCP connection, a
                        ///< source port or a flow, or where multi_ping() tells its progress.
  double max_rate = 0;  ///< Probes per second over all targets, evenly spread; 0: as fast as possible without loss.
  bool fail_fast = false;  ///< An authentic unreachable error ends the wait for that target, except an error about a
                           ///< lost fragment. (Time exceeded always ends the wait when the probe set a ttl.)
  std::shared_ptr<Transport> transport{};  ///< The way to send; null: the call opens one, as open_transport() does.
  std::stop_token stop{};  ///< A stop ends a blocking call within 10 ms, with the results so far; later calls at once.
  /// A reply with the right tag counts from any address, and Result::responder is that address: for example a router
  /// with several addresses, a virtual address, an IPv6 subnet-router anycast address. By default such a target is
  /// no_reply. Answers without a tag of at least four bytes (ICMP and UDP payloads below that size, UDP services that
  /// do not send the payload back) count only from the address that was probed. So do TCP connections, since the kernel
  /// makes them.
  bool any_source = false;
  /// Further answers to a probe that was answered (by another host of a broadcast address, or copied on the way) are
  /// told as results of their own, with Result::duplicate set: as completions of a Prober, whose token then comes
  /// again, and as calls of the OnResult of ping_series(). Each has its own responder, rtt, reply_size and at. They are
  /// told while the probe is remembered: for 10 s after its result, and among the last 65,536 probes. A Batch, a Round
  /// and a Route never have any. With or without it, duplicates are counted.
  bool report_duplicates = false;
};

}  // namespace multiping
