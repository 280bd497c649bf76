// What became of the targets: one Result for every position of the caller's list, and what happened below.
// A target's fate is a value, never an exception.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"

namespace multiping {

/// What became of one target.
enum class Outcome : std::uint8_t {
  pending,      ///< Never sent, or sent and no receive() has run out of time since; also as long as the answer may be
                ///< among those that this host's kernel had no room for, and the probe is being repeated; and for a
                ///< TCP connection that had to wait or to make way, for want of descriptors or ports, so that no one of
                ///< its connections lasted for most of the time, nor for two seconds and twice the slowest answer.
  reply,        ///< The target answered.
  refused,      ///< The target itself declined: it is alive. TCP RST, SCTP ABORT, UDP port unreachable; with every
                ///< protocol "protocol unreachable" or, of IPv6, "unrecognized next header".
  ttl_expired,  ///< A router answered: time exceeded.
  unreachable,  ///< A router, a firewall or this host: destination unreachable; see Result::icmp.
  no_reply,     ///< Nothing authentic came before the last receive() ran out of time.
  unresolved,   ///< The name has no address; see Result::error.
  send_failed,  ///< This host would not send it; see Result::error.
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
  std::uint8_t ttl = 0;            ///< As the router had it.
  /// Member by member.
  friend bool operator==(const MplsLabel&, const MplsLabel&) = default;
};

/// An interface that a router reported (RFC 5837). What it did not tell is zero or empty.
struct InterfaceInfo {
  /// What the interface has to do with the probe (RFC 5837, section 4).
  enum class Role : std::uint8_t {
    incoming,  ///< The IP interface that it came in by.
    sub_ip,    ///< The part of that interface below IP, such as a member of a link bundle.
    outgoing,  ///< The IP interface that it would have left by.
    next_hop,  ///< The IP address of the next hop.
  };
  Role role = Role::incoming;  ///< What the interface has to do with the probe.
  std::uint32_t index = 0;     ///< ifIndex of the router.
  Address address{};           ///< An address of the interface.
  std::string name{};          ///< ifName of the router, to 63 bytes.
  std::uint32_t mtu = 0;       ///< Bytes.
  /// Member by member.
  friend bool operator==(const InterfaceInfo&, const InterfaceInfo&) = default;
};

/// An authentic ICMP error about one of our probes. What a router appended to it (RFC 4884) is not authenticated by
/// anything, and text in it is the router's own bytes: not fit for a terminal as it is.
struct IcmpError {
  std::uint8_t type = 0;                    ///< As on the wire, ICMPv4 or ICMPv6.
  std::uint8_t code = 0;                    ///< As on the wire, ICMPv4 or ICMPv6.
  std::uint32_t mtu = 0;                    ///< Bytes; of fragmentation needed (RFC 1191) or packet too big (RFC 4443).
  std::vector<MplsLabel> mpls{};            ///< The label stack that the probe had there, top first.
  std::vector<InterfaceInfo> interfaces{};  ///< In the order of the message.
  /// Member by member.
  friend bool operator==(const IcmpError&, const IcmpError&) = default;
};
/// What type and code mean, in plain words, and the MTU: "host unreachable", "packet too big, MTU 1280". `family` says
/// which protocol's numbers they are. Labels and interfaces are not part of it.
[[nodiscard]] MULTIPING_EXPORT std::string describe(const IcmpError& error, Family family);

/// Where the answer's time was taken. Where the sending time is known less well, an RTT is too long rather than too
/// short.
enum class TimestampSource : std::uint8_t {
  none,      ///< Nothing answered.
  user,      ///< When this process read the answer.
  kernel,    ///< When the kernel took the answer in.
  hardware,  ///< When the network interface took the answer in. Not in this version: the interface's clock would have
             ///< to be set up for the whole host (SIOCSHWTSTAMP) and compared with the system's, which takes
             ///< privileges.
};
/// "none", "user", "kernel", "hardware".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(TimestampSource source) noexcept;

/// What became of one position of the caller's list.
struct Result {
  std::string host{};                  ///< As the caller wrote it.
  Address address{};                   ///< What was probed; none while unresolved.
  Outcome outcome = Outcome::pending;  ///< What became of it.
  Duration rtt{};                      ///< Round-trip time; zero unless something answered, else greater than zero.
  /// Who answered; a router, where an ICMP error is the answer. With no_reply (and pending): who sent an answer with
  /// the right tag from another address than the one probed, none where nobody did; see Options::any_source.
  Address responder{};
  std::uint32_t attempt = 0;   ///< Which send() was answered, from 1; without an answer, how many were made.
  std::uint8_t reply_ttl = 0;  ///< TTL or hop limit of the answer; 0: not known.
  TimestampSource timestamps = TimestampSource::none;  ///< Where the time of the answer comes from.
  std::uint8_t auth_bits = 0;    ///< What a forger off the path would have to guess to make this answer, in bits.
  bool payload_altered = false;  ///< The tag was right, the rest of the payload came back changed.
  std::shared_ptr<const IcmpError> icmp{};  ///< The ICMP error behind the outcome, where there is one: of unreachable,
                                            ///< ttl_expired, and refused where that came as an ICMP error.
  std::error_code error{};                  ///< Why, for unresolved and send_failed.
  std::optional<std::uint8_t> reply_tos{};  ///< TOS or traffic class of the answer, where the socket tells.

  [[nodiscard]] bool answered() const noexcept {  ///< The target is alive.
    return outcome == Outcome::reply || outcome == Outcome::refused;
  }
};
/// One line, as a person would write it: "localhost (127.0.0.1): reply in 0.021 ms", "192.0.2.7: refused in 3.104 ms",
/// "192.0.2.9: ttl-expired: time to live exceeded, says 198.51.100.1, MPLS 16004 24001". Fit for a terminal, whatever a
/// router has sent.
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Result& result);

/// What receive() and multi_ping() hand back: auto [responses, no_responses] = ...
struct Batch {
  std::vector<Result> responses;     ///< Answered, in the caller's order.
  std::vector<Result> no_responses;  ///< Not answered, in the caller's order, each with its reason.
};

/// What happened below the results, since the object was made.
struct Counters {
  std::uint64_t sent = 0;             ///< Probes handed to the kernel.
  std::uint64_t received = 0;         ///< Probes answered; never more than sent.
  std::uint64_t duplicates = 0;       ///< Further answers to a probe.
  std::uint64_t late = 0;             ///< Answers to a probe that reset() or its own deadline had already ended.
  std::uint64_t icmp_errors = 0;      ///< Authentic ICMP errors about our probes.
  std::uint64_t unauthenticated = 0;  ///< Refused: carries our identifier, but is no answer to a probe of ours; a
                                      ///< probe that met itself; a TCP connection ended by who did not know its number.
  std::uint64_t wrong_source = 0;     ///< Refused: a right tag, from another address than the one probed; without
                                      ///< Options::any_source.
  /// Refused: the checksum is wrong. Raw IPv6 sockets count what is damaged whoever it is for, UDP sockets what comes
  /// to their ports, both as soon as something else is received.
  std::uint64_t bad_checksum = 0;
  std::uint64_t malformed = 0;      ///< Refused: not a whole message.
  std::uint64_t receive_drops = 0;  ///< Packets that this host's kernel had no room for, as it counts them.
  std::uint64_t send_errors = 0;    ///< Probes that this host would not send.
};

}  // namespace multiping
