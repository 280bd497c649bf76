// A network and what must come of probing through it, as data: the same scenario runs on the simulator in virtual time
// and through a TUN device in real time.
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

/// One change to a message. The checksum is made right afterwards, unless the change is to the checksum.
struct Edit {
  enum class Kind : std::uint8_t {
    flip,              ///< Inverts the byte at `value`, counted from the ICMP, UDP, TCP or SCTP header on.
    zero_from,         ///< Zeroes everything from byte `value` on.
    cut_to,            ///< Keeps `value` bytes.
    type,              ///< Sets the ICMP type.
    code,              ///< Sets the ICMP code.
    add_to_id,         ///< Adds `value` to the ICMP identifier, or else to the source port.
    add_to_port,       ///< Adds `value` to the destination port.
    add_to_sequence,   ///< Adds `value` to the sequence number, ICMP or TCP, or to the initiate tag of an SCTP INIT.
    add_to_handshake,  ///< Adds `value` to what an answer gives back: acknowledgement number, verification tag.
    tcp_flags,         ///< Sets the flags octet of a TCP segment.
    random_payload,    ///< Replaces the payload, tag and all.
    spoil_checksum,    ///< Makes the checksum wrong, after all other edits.
  };
  Kind kind = Kind::flip;
  std::size_t value = 0;
};

/// An answer to every request: an echo reply, or what a port says.
struct EchoReply {
  Duration delay = std::chrono::milliseconds{1};
  Duration jitter{};  ///< A random part of this is added.
  Address from{};     ///< None: the address that was probed.
  unsigned copies = 1;
  Duration gap = std::chrono::microseconds{100};  ///< Between copies.
  std::size_t ip_options = 0;  ///< Bytes of IPv4 options, or of IPv6 extension headers rounded up to eights.
  std::uint8_t ttl = 64, tos = 0;
  std::vector<Edit> edits{};
};

/// An ICMP error about every request to the host.
struct RouterError {
  Address from{};  ///< The router; none: the host itself.
  std::uint8_t type = 3, code = 1;
  std::uint32_t mtu = 0;
  Duration delay = std::chrono::milliseconds{1};
  std::size_t quoted = all_bytes;   ///< Bytes quoted behind the quoted IP header.
  std::size_t quoted_options = 0;   ///< Bytes of options or extension headers in the quoted IP header.
  Address quoted_destination{};     ///< None: as it was.
  Address quoted_source{};          ///< None: as it was.
  std::vector<Edit> quote_edits{};  ///< Of the quoted message; its checksum is left as it was, but for spoil_checksum.
  std::size_t ip_options = 0;       ///< As EchoReply's, of the error's own IP header.
  bool spoil_checksum = false;      ///< Of the error itself.
  std::optional<IcmpExtensionData> extension{};
};

/// A token bucket, as routers have for the errors that they send: so many at once, and so many a second after that.
struct RateLimit {
  double per_second = 1;
  unsigned burst = 6;
};

/// A router on the way. It answers a request whose TTL ends there with time exceeded.
/// Routers of one address, of whatever host's path, are one router: they share what they count.
struct Hop {
  Address address{};
  Duration delay = std::chrono::milliseconds{1};  ///< Of its answers, from the prober there and back.
  Duration jitter{};                              ///< A random part of this is added: answers overtake each other.
  bool silent = false;
  double loss = 0;                                          ///< Share of the requests that get lost on the way to it.
  unsigned answers = std::numeric_limits<unsigned>::max();  ///< How many it sends in all (a crude rate limit).
  std::optional<RateLimit> limit{};                         ///< Of all its errors.
  std::optional<RateLimit> limit_per_target{};              ///< Of those about requests to one address.
  std::vector<Address> others{};  ///< Routers beside it, among which load is balanced: each request takes another.
  std::optional<IcmpExtensionData> extension{};
  std::size_t quoted = all_bytes;  ///< As RouterError's.
  /// It has no route: this is what it says to whatever comes there, as Linux does before it looks at the TTL. From
  /// `address` unless it says otherwise; its delay counts.
  std::optional<RouterError> refuses{};
  std::uint64_t refusals = std::numeric_limits<std::uint64_t>::max();  ///< How many requests; then it has a route.
  /// Ways between this router and the next one of the path, among which it chooses by flow. They may be of different
  /// lengths (also none), and have branches of their own.
  std::vector<std::vector<Hop>> branches{};
  std::uint32_t mtu = 0;    ///< Of the link behind it, for what may not be fragmented; 0: any size passes.
  bool black_hole = false;  ///< What is larger than that it swallows without a report.
};

/// Forged replies from the right source to the first echo request to each address: in turn with id +1, sequence +1, and
/// a random payload.
struct Forgeries {
  unsigned count = 0;
  Duration over = std::chrono::milliseconds{1};  ///< Evenly spread over this time.
};

/// What becomes of requests to a port of a host. Silent when all is empty.
struct PortRule {
  Protocol protocol = Protocol::udp;
  int port = 0;                       ///< 0: every port that no other rule names.
  std::vector<EchoReply> accepts{};   ///< The payload given back, a SYN/ACK, an INIT ACK.
  std::vector<EchoReply> declines{};  ///< A RST, an ABORT. (UDP has none: the host sends an error.)
  std::vector<RouterError> errors{};
};

/// How a request must look on the wire. What is not given may be anything.
struct Look {
  Address source{};
  std::optional<int> source_port{}, ttl{}, tos{};
  std::optional<std::uint32_t> flow_label{};
  std::optional<bool> dont_fragment{};   ///< IPv4.
  std::optional<std::size_t> payload{};  ///< Bytes behind the ICMP, UDP, TCP or SCTP header.
};

/// How the hosts of one address block behave. The longest matching prefix rules; what no rule names is silent.
struct HostRule {
  std::string block{};                          ///< "10.0.0.1", "10.0.0.0/24", "fd00::/64".
  std::vector<EchoReply> replies{EchoReply{}};  ///< To echo requests. Empty: silent.
  std::vector<RouterError> errors{};            ///< About requests of every protocol.
  std::vector<Hop> path{};                      ///< Routers before the host, nearest first.
  std::size_t loop = 0;          ///< The last so many routers pass every request around among them: none arrives.
  double loss = 0;               ///< Share of requests that get lost.
  std::vector<unsigned> lost{};  ///< These requests to an address (to each port of it) get lost, counted from 1.
  Forgeries forgeries{};
  std::vector<PortRule> ports{};  ///< What none of them names is silent.
  Look only_if{};                 ///< Requests that look otherwise get no answer.
};

/// This host refuses to send to a block: `error` is an errno.
struct Refusal {
  std::string block{};
  int error = 0;
};

/// A target of the scenario, and what must become of it.
struct Expected {
  std::string host{};
  Outcome outcome = Outcome::reply;
  std::uint32_t attempt = 1;
  std::optional<int> ttl{};                    ///< Of the probe.
  std::optional<ProbeOptions> probe{};         ///< How it is probed; none: as the scenario says.
  Address responder{};                         ///< None: the target, or nobody where nothing answered.
  std::vector<Address> or_from{};              ///< Other responders that are right too.
  std::optional<std::uint8_t> type{}, code{};  ///< Of Result::icmp.
  std::uint32_t mtu = 0;
  std::vector<MplsLabel> mpls{};
  std::vector<InterfaceInfo> interfaces{};
  bool payload_altered = false;
  int error = 0;                     ///< errno of send_failed.
  std::optional<Outcome> or_else{};  ///< Also right, if auth_bits is less than `weak_below`.
  std::uint8_t weak_below = 0;
  std::uint8_t auth_at_least = 0, auth_at_most = 255;  ///< Bounds of Result::auth_bits.
  Duration rtt_at_least{};
};

/// What a counter must show with raw sockets and with those that need no privilege. What is not given is not checked.
struct CounterRule {
  const char* name = "";
  std::uint64_t Counters::*counter = nullptr;
  std::optional<std::uint64_t> raw{}, ping{};
};

struct Scenario {
  std::string name{};
  std::uint64_t seed = 1;
  std::vector<TransportKind> kinds{TransportKind::raw, TransportKind::ping_socket};  ///< That it fits.
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
