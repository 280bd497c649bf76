// The options of a call: what a probe looks like, how names are resolved, how a batch is sent.
// They are aggregates with a default for every member, made for designated initialisers: Options{.probe = {.ttl = 5}}.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/protocol.hpp"

namespace multiping {

/// What one probe looks like. A target may have probe options of its own; the others use Options::probe.
///
/// Each option holds for all protocols and both families where its comment does not say otherwise. No option is ever
/// ignored:
/// - A value out of its range, or one that makes no sense together with another (a port with ICMP), is
///   std::invalid_argument from the constructor or call that uses it. The text names the option, the value and the
///   range.
/// - An option that the protocol does not have is std::system_error with Errc::not_supported.
/// - An option that this transport or this host cannot honour (a mark without the permission, an unknown device, a
///   source address that this host does not have) is Outcome::send_failed of the targets that ask for it, with
///   Errc::not_supported or the system's own error. Where all targets of a batch ask for it, the constructor throws
///   std::system_error, which names the option.
///
/// The next probe tries a refused option again, a second later at the earliest: a device, an address or a free port may
/// have appeared meanwhile.
struct ProbeOptions {
  Protocol protocol = Protocol::icmp;  ///< What is sent, and what its answer is.
  Family family = Family::any;         ///< Which address of a name is probed; any: as ResolveOptions says.
  int port = 0;  ///< Destination port, 0 to 65535; 0: 33434 for UDP, 80 for TCP and SCTP. Not for ICMP.
  /// Source port, 0 to 65535; 0: chosen for each probe. Not for ICMP.
  ///
  /// A UDP service that does not send the payload back does not say which probe it answers. With 0, each probe leaves
  /// from a port of its own: no other probe from that port to the same target can still be answered (for 10 s). So the
  /// answer belongs to this probe, as long as 64 ports, or a quarter of this process's descriptors, are enough.
  /// Otherwise such an answer counts for the oldest unanswered probe from that port. Then, after a loss, RTTs are too
  /// long or answers count as late, until the port was quiet for 10 s; RTTs are never too short.
  int source_port = 0;
  Address source_v4{};  ///< Source of IPv4 probes, an address of this host; none: the kernel chooses.
  Address source_v6{};  ///< The same for IPv6 probes.
  /// Name of the interface or VRF to send through, at most 15 characters; empty: by route.
  ///
  /// An answer to UDP (without source_port), half-open TCP or SCTP counts on whatever interface it arrives, unless the
  /// device is a VRF or belongs to one; all other answers must arrive on the device. The device is also the zone of
  /// link-local targets without a zone; a target with a different zone is std::invalid_argument. When an interface is
  /// deleted and made again with the same name, it is used again. IP_UNICAST_IF, ip(7); SO_BINDTODEVICE, socket(7).
  /// This host's own errors about a dead neighbour do not reach TCP connections over IPv6 with a device, nor UDP over
  /// IPv4 with a device and a source_port.
  std::string device{};
  std::optional<int> ttl{};  ///< TTL or hop limit, 1 to 255; unset: the system default. ip(7), ipv6(7).
  int tos = 0;               ///< IPv4 TOS or IPv6 traffic class octet, 0 to 255. RFC 2474, RFC 3168. The two lowest
                             ///< bits (ECN) are not supported for TCP connections (not half_open): the kernel sets
                             ///< them there.
  /// Bytes after the ICMP or UDP header, as `ping -s` and `fping -b` count; 0 to 65,507 (65,527 when family is ipv6).
  /// 8 bytes or more carry a full tag. TCP and SCTP probes have no payload: there 56 and 0 mean the same, and other
  /// sizes are not supported.
  std::size_t payload_size = 56;
  std::vector<std::uint8_t> pattern{};  ///< Repeated over the payload after the tag; empty: zeros. For ICMP and UDP.
  std::optional<std::uint32_t> mark{};  ///< Mark for policy routing. SO_MARK, socket(7); needs CAP_NET_ADMIN or
                                        ///< CAP_NET_RAW.
  std::optional<std::uint32_t> flow_label{};  ///< IPv6 flow label, 20 bits, RFC 6437. Not for family ipv4; not
                                              ///< supported for a target whose address is IPv4.
  /// Forbids fragmentation. A probe that is larger than the path MTU is unreachable, with the MTU, or send_failed with
  /// EMSGSIZE; it is not fragmented. IP_MTU_DISCOVER, ip(7); IPV6_DONTFRAG, RFC 3542.
  ///
  /// When false, routers may fragment IPv4 probes of more than 548 bytes (headers included). A probe that an ICMP error
  /// reports as too big is sent again at once, fragmented by this host, as part of the same attempt.
  bool dont_fragment = false;
  /// TCP only: sends a single SYN from a raw socket. It takes no descriptor and never completes a connection, since the
  /// kernel answers the SYN/ACK with RST. Needs raw sockets.
  bool half_open = false;
  /// Any number; unset: each probe may take another path. Not for SCTP.
  ///
  /// Probes to one target with the same flow look the same to routers that balance load by flow, so they take one path;
  /// probes of another flow may take another path. ICMP probes keep their checksum and identifier: two bytes of the
  /// payload after the tag are for that, so payload_size must be 2 or more. UDP and TCP probes keep their ports, IPv6
  /// probes their flow label. A source_port or flow_label that the caller sets is used in any flow.
  ///
  /// TCP (not half_open) can have only one connection at a time between two ports. With a flow or a source_port, a
  /// further attempt for the same target shares the connection that is under way. Any other probe with the same
  /// addresses and ports waits until that connection is over; if that is too late, it is Outcome::send_failed with
  /// EADDRINUSE.
  std::optional<std::uint16_t> flow{};
  /// Fills each probe with fresh random bytes after its tag, so that no device on the path can compress, cache or
  /// recognise them. Answers are compared with them. Not together with pattern; for ICMP and UDP.
  bool random_payload = false;
  /// Compares member by member.
  friend bool operator==(const ProbeOptions&, const ProbeOptions&) = default;
};

/// How names become addresses.
struct ResolveOptions {
  /// The family of the addresses of a name. any: the first IPv4 address that this host can use for the target, else the
  /// first IPv6 address that it can use, else the first IPv4 address. This host can use an address to which it has a
  /// route (through ProbeOptions::device, where that is set), RFC 6724, section 6, rule 1. A flow label asks for IPv6,
  /// and a source address of only one family asks for that family.
  Family family = Family::any;
  /// The longest wait without progress. When no lookup of the call has ended for this time, the lookups that are under
  /// way or have not begun end with Errc::lookup_timeout. Not negative.
  Timeout timeout = std::chrono::seconds{5};
  /// How many lookups of one call are under way at once, 1 to 256; the default allows one for each name, up to the
  /// limit of the process. The whole process has at most 64 lookups under way, whatever its calls ask for.
  int parallel = 64;
  Timeout budget{};  ///< Time limit for all lookups of one call together; 0: none. Not negative.
};

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
