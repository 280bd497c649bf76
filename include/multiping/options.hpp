// What a caller may ask for: how a probe looks, how names are resolved, how a batch is sent.
// Aggregates with a default for every member, made for designated initialisers: Options{.probe = {.ttl = 5}}.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"

namespace multiping {

/// What a probe is made of, and what its answer is.
enum class Protocol : std::uint8_t {
  icmp,  ///< An echo request, RFC 792 and RFC 4443; answered by the echo reply.
  udp,   ///< A datagram, RFC 768; answered by any datagram from there, refused by port unreachable. No privilege.
  tcp,   ///< A connection, RFC 9293, closed at once without data; answered when it is accepted, refused by RST. No
         ///< privilege but for half_open.
  sctp,  ///< An INIT, RFC 9260; answered by INIT ACK, refused by ABORT. Needs raw sockets.
};
/// "icmp", "udp", "tcp", "sctp".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Protocol protocol) noexcept;

/// What one probe looks like. A target may bring its own; the others use Options::probe.
///
/// Each option holds for all protocols and both families where it doesn't say otherwise. It is never ignored: a value
/// out of its range, or one that makes no sense together with another (a port with ICMP), is std::invalid_argument from
/// the constructor or call that uses it, naming the option, the value and the range; one that the protocol does not
/// have is std::system_error with Errc::not_supported. What this transport or this host cannot honour (a mark without
/// the permission, an unknown device, a source address that is not of this host) is Outcome::send_failed of the targets
/// that ask for it, with Errc::not_supported or the system's own error; where all targets of a batch ask for it, it is
/// a std::system_error from the constructor, naming the option. What was refused is tried again by the next probe, from
/// a second later on: a device, an address or a free port may have come meanwhile.
struct ProbeOptions {
  Protocol protocol = Protocol::icmp;  ///< What is sent, and what its answer is.
  Family family = Family::any;         ///< Which address of a name is probed; any: as ResolveOptions says.
  int port = 0;                        ///< Destination, to 65535; 0: 33434 for UDP, 80 for TCP and SCTP. Not for ICMP.
  /// To 65535; 0: chosen for each probe. Not for ICMP. UDP services that do not send the payload back do not say which
  /// probe they answer. With 0, each probe leaves from a port from which no other one to the same target may still be
  /// answered (for 10 s), as far as 64 ports, or a quarter of this process's descriptors, suffice: the answer is its
  /// own. Otherwise such an answer belongs to the oldest unanswered probe from that port: after a loss RTTs are too
  /// long, or answers late, until the port was quiet for 10 s; they are never too short.
  int source_port = 0;
  Address source_v4{};  ///< For IPv4 targets, an address of this host; none: the kernel chooses.
  Address source_v6{};  ///< The same for IPv6 targets.
  /// Interface or VRF to send through, to 15 characters; empty: by route. An answer to UDP (without source_port),
  /// half-open TCP or SCTP counts wherever it comes in, unless the device is a VRF or belongs to one; all others must
  /// come in there. It is also the zone of link-local targets without one; another zone than the device is
  /// std::invalid_argument. A device that is made anew under its name is used again. IP_UNICAST_IF, ip(7);
  /// SO_BINDTODEVICE, socket(7). What this host says of a neighbour that is dead is not heard by TCP connections over
  /// IPv6 that have a device, nor over IPv4 by UDP with a device and a source_port.
  std::string device{};
  std::optional<int> ttl{};  ///< TTL or hop limit, 1 to 255; unset: the system's default. ip(7), ipv6(7).
  int tos = 0;               ///< IPv4 TOS or IPv6 traffic class octet, 0 to 255. RFC 2474, RFC 3168. Its two ECN bits,
                             ///< the lowest, are not supported for TCP connections (not half_open), where they are
                             ///< the kernel's.
  /// Bytes behind the ICMP or UDP header, as `ping -s` and `fping -b` count; 0 to 65,507 (65,527 when family is ipv6).
  /// 8 or more carry a full tag. TCP and SCTP probes have no payload: 56 and 0 are the same there, others are not
  /// supported.
  std::size_t payload_size = 56;
  std::vector<std::uint8_t> pattern{};  ///< Repeated over the payload behind the probe's tag; empty: zeros. ICMP, UDP.
  std::optional<std::uint32_t> mark{};  ///< For policy routing. SO_MARK, socket(7); needs CAP_NET_ADMIN or CAP_NET_RAW.
  std::optional<std::uint32_t> flow_label{};  ///< IPv6 flow label, 20 bits, RFC 6437. Not for family ipv4; an IPv4
                                              ///< address of a target that asks for one is not supported.
  /// What is larger than the path's MTU is unreachable, with the MTU, or send_failed with EMSGSIZE; it is not cut.
  /// IP_MTU_DISCOVER, ip(7); IPV6_DONTFRAG, RFC 3542. Without it, routers may fragment IPv4 probes of more than 548
  /// bytes with their headers, and what a report calls too big is repeated at once, as part of the same attempt,
  /// fragmented by this host.
  bool dont_fragment = false;
  bool half_open = false;  ///< TCP only, by a lone SYN from a raw socket: takes no descriptor and never completes a
                           ///< connection, since the kernel answers the SYN/ACK with RST. Needs raw sockets.
  /// Any number: probes to one target with the same flow look the same to routers that balance load by flow, so that
  /// they take one path; those of another flow may take another. ICMP probes keep their checksum and identifier (two
  /// bytes of the payload behind the tag see to it, so payload_size is 2 or more), UDP and TCP probes their ports, IPv6
  /// probes their flow label. Unset: each probe may take another path. A source_port or
  /// flow_label that is asked for is kept to, whatever the flow. Not for SCTP.
  ///
  /// With TCP connections (not half_open) there is one at a time between two ports: with a flow or a source_port a
  /// further attempt for the same target shares the connection that is under way, and any other probe with the same
  /// addresses and ports waits until it is over, or is Outcome::send_failed with EADDRINUSE where that is not in time.
  std::optional<std::uint16_t> flow{};
  /// Member by member.
  friend bool operator==(const ProbeOptions&, const ProbeOptions&) = default;
};

/// How names become addresses.
struct ResolveOptions {
  /// any: of a name's addresses the first IPv4 one that this host can use for the target, else the first IPv6 one that
  /// it can, else the first IPv4 one. It can use one to which there is a route (through ProbeOptions::device, where
  /// that is set), RFC 6724, section 6, rule 1. A flow label asks for IPv6, and a source address of one family for that
  /// one.
  Family family = Family::any;
  /// The longest wait without progress: when no lookup of the call has ended for so long, those that are under way or
  /// have not begun are Errc::lookup_timeout. Not negative.
  Timeout timeout = std::chrono::seconds{5};
  /// Lookups of one call under way at once, 1 to 256; with the default as many as there are names. The whole process
  /// has at most 64 under way, whatever its calls ask for.
  int parallel = 64;
  Timeout budget{};  ///< The limit of all lookups of one call together; 0: none. Not negative.
};

class Transport;

/// How a batch is resolved, sent and awaited.
struct Options {
  bool ignore_lookup_errors = false;  ///< Keep a name that does not resolve as an unanswered target.
  ResolveOptions resolve{};           ///< How names become addresses.
  ProbeOptions probe{};               ///< For all targets that bring none of their own.
  int threads = 0;      ///< For large batches, alive only inside a call, never more than cores; 0: chosen by size. One
                        ///< where there is a max_rate, or a target that asks for a TCP connection, a source port or a
                        ///< flow.
  double max_rate = 0;  ///< Probes per second over all targets, evenly spread; 0: as fast as nothing is lost.
  bool fail_fast = false;  ///< An authentic unreachable error ends the wait for that target, but none about a fragment
                           ///< that got lost. (Time exceeded ends it whenever the probe set a ttl.)
  std::shared_ptr<Transport> transport{};  ///< Null: open_transport().
  std::stop_token stop{};  ///< Ends a blocking call within 10 ms, with what it has; later calls at once.
  /// A reply with the right tag counts whatever address it comes from, Result::responder: of a router with several
  /// addresses, a virtual address, an IPv6 subnet-router anycast. By default such a target is no_reply. Answers without
  /// a tag of at least four bytes (ICMP and UDP payloads below that size, UDP services that do not give the payload
  /// back) count only from the address that was probed, and so do TCP connections, which are the kernel's.
  bool any_source = false;
};

}  // namespace multiping
