// The results: one Result for every position of the caller's list, and counters of the packets.
// A target's result is a value, never an exception.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/cause.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"
#include "multiping/protocol.hpp"

namespace multiping {

/// What happened to one target.
enum class Outcome : std::uint8_t {
  /// No probe was sent, or one was sent and no receive() has timed out since. Also: this host's kernel dropped packets,
  /// the answer may have been one of them, and the probe is being repeated. Also: for lack of descriptors or ports, TCP
  /// connections had to wait or to make room for others, and none of them lasted for most of the time, nor for the
  /// longer of two seconds and twice the slowest round-trip time.
  pending,
  reply,        ///< The target answered.
  refused,      ///< The target itself declined, so it is alive: TCP RST, SCTP ABORT, UDP port unreachable; with every
                ///< protocol also "protocol unreachable" or, with IPv6, "unrecognized next header".
  ttl_expired,  ///< A router answered with "time exceeded".
  unreachable,  ///< A router, a firewall or this host answered with "destination unreachable"; see Result::icmp.
  no_reply,     ///< No authentic answer came before the last receive() timed out.
  unresolved,   ///< The name has no address; see Result::error.
  send_failed,  ///< This host did not send the probe; see Result::error.
};
/// "pending", "reply", "refused", "ttl-expired", "unreachable", "no-reply", "unresolved", "send-failed".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Outcome outcome) noexcept;
/// Writes to_string(outcome).
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, Outcome outcome);

/// One entry of an MPLS label stack that a router reported (RFC 4950, fields of RFC 3032).
struct MplsLabel {
  std::uint32_t label = 0;         ///< 20 bits.
  std::uint8_t traffic_class = 0;  ///< 3 bits (RFC 5462).
  bool bottom_of_stack = false;    ///< The last label of the stack.
  std::uint8_t ttl = 0;            ///< The value in the router's report.
  /// Compares member by member.
  friend bool operator==(const MplsLabel&, const MplsLabel&) = default;
};

/// An interface that a router reported (RFC 5837). Members that the router did not report are zero or empty.
struct InterfaceInfo {
  /// How the interface relates to the probe (RFC 5837, section 4).
  enum class Role : std::uint8_t {
    incoming,  ///< The IP interface on which the probe arrived.
    sub_ip,    ///< The part of that interface below IP, such as a member of a link bundle.
    outgoing,  ///< The IP interface on which the probe would have left.
    next_hop,  ///< The IP address of the next hop.
  };
  Role role = Role::incoming;  ///< How the interface relates to the probe.
  std::uint32_t index = 0;     ///< The router's ifIndex of the interface.
  Address address{};           ///< An address of the interface.
  std::string name{};          ///< The router's ifName of the interface, at most 63 bytes.
  std::uint32_t mtu = 0;       ///< In bytes.
  /// Compares member by member.
  friend bool operator==(const InterfaceInfo&, const InterfaceInfo&) = default;
};

/// An authentic ICMP error about one of our probes. The data that a router appends to it (RFC 4884) is not
/// authenticated. Text in it is the router's own bytes: printable() makes it fit for a terminal.
struct IcmpError {
  std::uint8_t type = 0;                    ///< As on the wire, ICMPv4 or ICMPv6.
  std::uint8_t code = 0;                    ///< As on the wire, ICMPv4 or ICMPv6.
  std::uint32_t mtu = 0;                    ///< In bytes, from "fragmentation needed" (RFC 1191) or "packet too big"
                                            ///< (RFC 4443); 0: not known.
  std::vector<MplsLabel> mpls{};            ///< The label stack of the probe at the router, top first.
  std::vector<InterfaceInfo> interfaces{};  ///< In the order of the message.
  /// Compares member by member.
  friend bool operator==(const IcmpError&, const IcmpError&) = default;
};
/// Returns type and code in plain words, and the MTU: "host unreachable", "packet too big, MTU 1280". `family` says
/// whether the numbers are those of ICMPv4 or ICMPv6. The text leaves out labels and interfaces.
[[nodiscard]] MULTIPING_EXPORT std::string describe(const IcmpError& error, Family family);

/// Where the arrival time of the answer was taken. Where the sending time is not known exactly, an RTT is too long, not
/// too short.
enum class TimestampSource : std::uint8_t {
  none,      ///< There is no answer.
  user,      ///< When this process read the answer.
  kernel,    ///< When the kernel received the answer.
  hardware,  ///< When the network interface received the answer. Not in this version: the clock of the interface would
             ///< have to be set up for the whole host (SIOCSHWTSTAMP) and compared with the system clock, which needs
             ///< privileges.
};
/// "none", "user", "kernel", "hardware".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(TimestampSource source) noexcept;

/// The result of one position of the caller's list.
struct Result {
  std::string host{};                  ///< As the caller wrote it.
  Address address{};                   ///< The address that was probed; none while unresolved.
  Outcome outcome = Outcome::pending;  ///< What happened to the target.
  Duration rtt{};  ///< Round-trip time, greater than zero; zero where nothing answered, not even a router.
  /// The address that answered: a router, where an ICMP error is the answer. With no_reply and pending, it is the
  /// address other than the target's that sent an answer with the right tag, or none; see Options::any_source.
  Address responder{};
  std::uint32_t attempt = 0;   ///< Which send() was answered, counted from 1; without an answer, how many were made.
  std::uint8_t reply_ttl = 0;  ///< TTL or hop limit of the answer; 0: not known.
  TimestampSource timestamps = TimestampSource::none;  ///< Where the arrival time of the answer was taken.
  std::uint8_t auth_bits = 0;               ///< How many bits a forger off the path has to guess to make this answer.
  bool payload_altered = false;             ///< The tag was right, but the rest of the payload came back changed.
  std::shared_ptr<const IcmpError> icmp{};  ///< The ICMP error that caused the outcome: unreachable, ttl_expired, or
                                            ///< refused by an ICMP error; else null.
  std::error_code error{};                  ///< The reason for unresolved and send_failed.
  std::optional<std::uint8_t> reply_tos{};  ///< TOS or traffic class of the answer, where the socket reports it.
  /// Index of the target in the caller's list, from 0; in rounds and callbacks of a series too. A Prober has no list:
  /// 0.
  std::uint32_t position = 0;
  Protocol protocol = Protocol::icmp;  ///< What the target was asked, or would have been.
  std::uint16_t port = 0;  ///< Destination port of the probe, the defaults of ProbeOptions::port included; 0 for ICMP.
  /// Bytes of the answer, from its ICMP or UDP header on. 0: not known, as with TCP and SCTP, and with an ICMP error
  /// that the kernel took in for a socket without CAP_NET_RAW.
  std::uint32_t reply_size = 0;
  /// When the answer arrived, or, where none did, when the target was given up; zero while pending. It is read off the
  /// system's clock (CLOCK_REALTIME), to the microsecond, as that clock stands when the result is made. So a step of
  /// the clock meanwhile moves it, and never `rtt`.
  std::chrono::sys_time<Duration> at{};
  bool duplicate = false;  ///< A further answer to a probe that was answered; see Options::report_duplicates.
  /// Why there is no answer, as far as this host can tell; none where there is one. It is found when a call returns a
  /// target as no_reply, unreachable, ttl_expired or send_failed. In the hops of a trace, only what this host itself
  /// said has a cause on this host.
  Cause cause = Cause::none;
  /// The gateway or neighbour that `cause` speaks of; with Cause::unknown a gateway that may have failed; else none.
  Address cause_address{};

  [[nodiscard]] bool answered() const noexcept {  ///< True for reply and refused: the target is alive.
    return outcome == Outcome::reply || outcome == Outcome::refused;
  }
};
/// Text from the network, made fit for one line of a terminal: names of hosts and of routers' interfaces are what
/// others chose them to be. Returns the same text when it is UTF-8 (RFC 3629), not empty, and without spaces, double
/// quotes, backslashes and control characters. Otherwise it returns the text in double quotes, with each byte of a
/// control character and each byte that is not UTF-8 as \xNN, and a backslash before double quotes and backslashes.
[[nodiscard]] MULTIPING_EXPORT std::string printable(std::string_view text);
/// Writes one readable line: "localhost (127.0.0.1): reply in 0.021 ms", "192.0.2.7: refused in 3.104 ms",
/// "192.0.2.9: ttl-expired: time to live exceeded, says 198.51.100.1, MPLS 16004 24001". Protocol and port follow the
/// host where the protocol is not ICMP: "192.0.2.1 tcp/443: refused in 0.040 ms". The line is safe for a terminal,
/// whatever a router has sent. Where the cause
/// is on this host or its link, the line says so: "192.0.2.7: no-reply: this host's gateway 198.51.100.1 does not
/// answer".
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Result& result);

/// The value that receive() and multi_ping() return: auto [responses, no_responses] = ...
struct Batch {
  std::vector<Result> responses;     ///< Answered, in the caller's order.
  std::vector<Result> no_responses;  ///< Not answered, in the caller's order, each with its reason.
};

/// Counts of probes and packets since the object was made.
struct Counters {
  std::uint64_t sent = 0;             ///< Probes handed to the kernel.
  std::uint64_t received = 0;         ///< Probes answered; never more than sent.
  std::uint64_t duplicates = 0;       ///< Further answers to a probe that was answered.
  std::uint64_t late = 0;             ///< Answers to a probe that reset() or its own deadline had already ended.
  std::uint64_t icmp_errors = 0;      ///< Authentic ICMP errors about our probes.
  std::uint64_t unauthenticated = 0;  ///< Refused: packets with our identifier that answer no probe of ours; probes
                                      ///< that came back to their own sender; TCP connections that were reset by a
                                      ///< packet without the right number.
  std::uint64_t wrong_source = 0;     ///< Refused: packets with a right tag from another address than the one probed,
                                      ///< or, with half-open TCP and SCTP, from another port. Options::any_source
                                      ///< accepts other addresses.
  /// Refused: packets with a wrong checksum. A raw IPv6 socket counts all damaged packets, for any program on this
  /// host; a UDP socket counts those to its port. Both counts are read when another packet is received.
  std::uint64_t bad_checksum = 0;
  std::uint64_t malformed = 0;      ///< Refused: incomplete or malformed messages.
  std::uint64_t receive_drops = 0;  ///< Packets that this host's kernel had no room for, as the kernel counts them.
  std::uint64_t send_errors = 0;    ///< Probes that this host did not send.
};

}  // namespace multiping
