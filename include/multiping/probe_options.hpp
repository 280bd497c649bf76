// The options of a probe: what it looks like, and how it leaves.
// An aggregate with a default for every member, made for designated initialisers: ProbeOptions{.ttl = 5}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "multiping/address.hpp"
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
  /// deleted and made again with the same name, it is used again. An object that may not open a raw or ping socket for
  /// the device any more, see Transport, sends through it all the same, and then ICMP and SCTP answers count on
  /// whatever interface they arrive too. IP_UNICAST_IF and IP_PKTINFO, ip(7); SO_BINDTODEVICE, socket(7). This host's
  /// own errors about a dead neighbour do not reach TCP connections over IPv6 with a device, nor UDP over IPv4 with a
  /// device and a source_port.
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
  /// addresses and ports waits until that connection is over; if that is too late for a batch or a series, it is
  /// Outcome::send_failed with EADDRINUSE. A probe of a Prober waits as long as it takes.
  std::optional<std::uint16_t> flow{};
  /// Fills each probe with fresh random bytes after its tag, so that no device on the path can compress, cache or
  /// recognise them. Answers are compared with them. Not together with pattern; for ICMP and UDP.
  bool random_payload = false;
  /// Compares member by member.
  friend bool operator==(const ProbeOptions&, const ProbeOptions&) = default;
};

}  // namespace multiping
