// A network and the expected results of probing it, as data.
// The same scenario runs on the simulator in virtual time and through a TUN device in real time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/transport.hpp"
#include "sim/icmp_extension_data.hpp"

namespace multiping::test {

inline constexpr std::size_t all_bytes = std::numeric_limits<std::size_t>::max();

/// One change to a message. The checksum is corrected afterwards, unless the change is to the checksum.
struct Edit {
  enum class Kind : std::uint8_t {
    flip,              ///< Inverts the byte at offset `value` in the ICMP, UDP, TCP or SCTP message.
    zero_from,         ///< Sets all bytes from offset `value` on to zero.
    cut_to,            ///< Keeps the first `value` bytes.
    type,              ///< Sets the ICMP type.
    code,              ///< Sets the ICMP code.
    add_to_id,         ///< Adds `value` to the ICMP identifier, or to the source port of other protocols.
    add_to_port,       ///< Adds `value` to the destination port.
    add_to_sequence,   ///< Adds `value` to the sequence number, ICMP or TCP, or to the initiate tag of an SCTP INIT.
    add_to_handshake,  ///< Adds `value` to the number that an answer returns: acknowledgement number, verification tag.
    tcp_flags,         ///< Sets the flags octet of a TCP segment.
    random_payload,    ///< Replaces the whole payload, with the tag.
    spoil_checksum,    ///< Makes the checksum wrong, after all other edits.
  };
  Kind kind = Kind::flip;
  std::size_t value = 0;
};

/// An answer to every request: an echo reply, or the answer of a port.
struct EchoReply {
  Duration delay = std::chrono::milliseconds{1};
  Duration jitter{};  ///< A random part of this is added.
  Address from{};     ///< None: the address that was probed.
  unsigned copies = 1;
  Duration gap = std::chrono::microseconds{100};  ///< Between copies.
  std::size_t ip_options = 0;  ///< Bytes of IPv4 options, or of IPv6 extension headers (rounded up to a multiple of 8).
  std::uint8_t ttl = 64, tos = 0;
  std::vector<Edit> edits{};
};

/// An ICMP error about every request to the host.
struct RouterError {
  Address from{};  ///< The router; none: the host itself.
  std::uint8_t type = 3, code = 1;
  std::uint32_t mtu = 0;
  Duration delay = std::chrono::milliseconds{1};
  std::size_t quoted = all_bytes;   ///< Bytes quoted after the quoted IP header.
  std::size_t quoted_options = 0;   ///< Bytes of options or extension headers in the quoted IP header.
  Address quoted_destination{};     ///< None: that of the request.
  Address quoted_source{};          ///< None: that of the request.
  std::vector<Edit> quote_edits{};  ///< Changes to the quoted message. Its checksum changes only by spoil_checksum.
  std::size_t ip_options = 0;       ///< In the IP header of the error, as in EchoReply.
  bool spoil_checksum = false;      ///< Makes the checksum of the error wrong.
  std::optional<IcmpExtensionData> extension{};
};

/// A token bucket, as routers have for their errors: `burst` errors at once, and then `per_second` errors a second.
struct RateLimit {
  double per_second = 1;
  unsigned burst = 6;
};

/// A router on a path. It answers a request whose TTL ends there with time exceeded. Routers with the same address, on
/// the paths of any hosts, are one router and share their counters and limits.
struct Hop {
  Address address{};
  Duration delay = std::chrono::milliseconds{1};  ///< Round-trip time of its answers.
  Duration jitter{};                              ///< A random part of this is added, so answers overtake each other.
  bool silent = false;
  double loss = 0;                                          ///< Share of the requests that are lost before it; 0 to 1.
  unsigned answers = std::numeric_limits<unsigned>::max();  ///< The most answers that it ever sends.
  std::optional<RateLimit> limit{};                         ///< For all its errors together.
  std::optional<RateLimit> limit_per_target{};              ///< For its errors about requests to one address.
  std::vector<Address> others{};  ///< Further routers at this hop; load is balanced by packet among all of them.
  std::optional<IcmpExtensionData> extension{};
  std::size_t quoted = all_bytes;  ///< As in RouterError.
  /// When set, the router has no route and answers every request with this error, before it looks at the TTL, as Linux
  /// does. The error comes from `address` unless it names another sender, and after its own delay.
  std::optional<RouterError> refuses{};
  std::uint64_t refusals = std::numeric_limits<std::uint64_t>::max();  ///< How many it refuses before it has a route.
  /// Ways between this router and the next router of the path, among which it chooses by flow. They may have different
  /// lengths (also zero), and branches of their own.
  std::vector<std::vector<Hop>> branches{};
  std::uint32_t mtu = 0;    ///< MTU of the next link, for packets that must not be fragmented; 0: any size passes.
  bool black_hole = false;  ///< Drops larger packets without a report.
};

/// Forged replies from the right source to the first echo request to each address. In turn they have the identifier
/// plus 1, the sequence number plus 1, and a random payload.
struct Forgeries {
  unsigned count = 0;
  Duration over = std::chrono::milliseconds{1};  ///< Evenly spread over this time.
};

/// How a port of a host answers requests. Silent when all lists are empty.
struct PortRule {
  Protocol protocol = Protocol::udp;
  int port = 0;                       ///< 0: every port that no other rule names.
  std::vector<EchoReply> accepts{};   ///< The returned payload, a SYN/ACK, or an INIT ACK.
  std::vector<EchoReply> declines{};  ///< A RST or an ABORT. UDP has none: the host sends an ICMP error.
  std::vector<RouterError> errors{};
};

/// The fields that a request must have on the wire. A field that is not set may have any value.
struct Look {
  Address source{};
  std::optional<int> source_port{}, ttl{}, tos{};
  std::optional<std::uint32_t> flow_label{};
  std::optional<bool> dont_fragment{};   ///< The IPv4 header flag.
  std::optional<std::size_t> payload{};  ///< Bytes after the ICMP, UDP, TCP or SCTP header.
};

/// How the hosts of one address block behave. The rule with the longest matching prefix holds. An address without a
/// rule is silent.
struct HostRule {
  std::string block{};                          ///< "10.0.0.1", "10.0.0.0/24", "fd00::/64".
  std::vector<EchoReply> replies{EchoReply{}};  ///< Answers to echo requests. Empty: silent.
  std::vector<RouterError> errors{};            ///< ICMP errors about requests of every protocol.
  std::vector<Hop> path{};                      ///< Routers before the host, nearest to the prober first.
  std::size_t loop = 0;          ///< How many routers at the end of the path form a loop; 0: none. No request arrives.
  double loss = 0;               ///< Share of requests that are lost; 0 to 1.
  std::vector<unsigned> lost{};  ///< Numbers of the requests that are lost, from 1 for each address and each port.
  Forgeries forgeries{};
  std::vector<PortRule> ports{};  ///< Ports without a rule are silent.
  Look only_if{};                 ///< Other requests get no answer.
};

/// This host refuses to send to a block: `error` is an errno.
struct Refusal {
  std::string block{};
  int error = 0;
};

/// A target of the scenario, and the result that it must have.
struct Expected {
  std::string host{};
  Outcome outcome = Outcome::reply;
  std::uint32_t attempt = 1;
  std::optional<int> ttl{};                    ///< TTL of the probe.
  std::optional<ProbeOptions> probe{};         ///< Its probe options; none: those of the scenario.
  Address responder{};                         ///< None: the target if it answers, otherwise no responder.
  std::vector<Address> or_from{};              ///< Other responders that are right too.
  std::optional<std::uint8_t> type{}, code{};  ///< Type and code of Result::icmp.
  std::uint32_t mtu = 0;
  std::vector<MplsLabel> mpls{};
  std::vector<InterfaceInfo> interfaces{};
  bool payload_altered = false;
  int error = 0;                     ///< errno of send_failed.
  std::optional<Outcome> or_else{};  ///< Also right when auth_bits is less than `weak_below`.
  std::uint8_t weak_below = 0;
  std::uint8_t auth_at_least = 0, auth_at_most = 255;  ///< Bounds of Result::auth_bits.
  Duration rtt_at_least{};
};

/// The value that a counter must have with raw sockets, and with sockets that need no privilege. A value that is not
/// set is not checked.
struct CounterRule {
  const char* name = "";
  std::uint64_t Counters::*counter = nullptr;
  std::optional<std::uint64_t> raw{}, ping{};
};

struct Scenario {
  std::string name{};
  std::uint64_t seed = 1;
  std::vector<TransportKind> kinds{TransportKind::raw, TransportKind::ping_socket};  ///< Kinds that can run it.
  std::vector<HostRule> hosts{};
  std::vector<Refusal> refusals{};
  std::vector<Expected> targets{};
  std::vector<CounterRule> counters{};
  Duration timeout = std::chrono::milliseconds{400};
  int retry = 0;
  bool fail_fast = false;
  std::size_t payload_size = 56;
  std::vector<std::uint8_t> pattern{};
};

}  // namespace multiping::test
