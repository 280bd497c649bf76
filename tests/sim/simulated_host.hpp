// How the simulated prober host behaves (set before a test), and what it recorded (read afterwards).
// All of it is data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/transport.hpp"
#include "net/routes_and_neighbours.hpp"
#include "sim/routers.hpp"
#include "sim/scenario.hpp"

namespace multiping::test {

/// What one SimulatedPacketIo recorded, for tests.
struct HostLog {
  struct Packet {
    Instant at{};
    Address to{}, source{};
    Protocol protocol = Protocol::icmp;
    int port = 0, source_port = 0;  ///< 0 for ICMP.
    std::uint8_t ttl = 0, tos = 0;
    std::uint32_t flow_label = 0;
    bool dont_fragment = false;    ///< As the socket was set up, for IPv6 too.
    std::size_t message_size = 0;  ///< In bytes, from the ICMP, UDP, TCP or SCTP header on.
  };
  std::vector<Packet> sent{};  ///< Only with SimulatedHost::record.
  std::uint64_t send_calls = 0, refused_sends = 0, waits = 0;
  std::uint64_t requests = 0, unsound = 0;         ///< As SimNetwork counts them.
  std::shared_ptr<const RouterTraffic> traffic{};  ///< The traffic of each router.
  struct Passage {
    std::vector<Instant> passed{};  ///< When each packet passed; also in the future, where it waits for its gateway.
    unsigned lost = 0;
  };
  std::map<Address, Passage> passages{};  ///< Packets that passed their gateway, or were lost there, by target.
  std::size_t calls = 0;                  ///< Calls of next hops.
  std::size_t questions = 0;              ///< Questions about routes, neighbours and links.
  Instant last_waited{};                  ///< The end of the last wait.
  std::size_t most_sockets = 0, most_connections = 0;  ///< The most that were open at once.
};

/// How this host behaves.
struct SimulatedHost {
  TransportKind sockets = TransportKind::raw;  ///< raw, ping_socket or sockets.
  bool ipv4 = true, ipv6 = true;               ///< false: this host lacks the family (EAFNOSUPPORT).
  Instant start{std::chrono::seconds{1000}};
  Duration wall_offset{std::chrono::hours{400'000}};  ///< What the wall clock shows more than the monotonic clock.
  std::vector<Address> addresses{Address::v4({10, 255, 255, 1}), Address::v4({10, 255, 255, 2}),
                                 *Address::parse("fdff::1"),
                                 *Address::parse("fdff::2")};  ///< The first is the default.
  std::vector<std::string> devices{"lo", "sim0"};
  bool may_mark = true;
  bool may_open_raw = true;       ///< false: what this kind of transport lacks is a missing privilege.
  std::size_t mtu = 65'535;       ///< MTU of every device.
  std::size_t peer_mtu = 65'575;  ///< MTU of the other end of every device: larger packets are refused with ENOBUFS, as
                                  ///< a veth device does.
  std::size_t descriptors = 1000;        ///< The most sockets that can be open at once.
  std::size_t ephemeral_ports = 28'232;  ///< Each connection uses one alone.
  std::size_t buffer_packets = 256;      ///< The size of each socket's receive buffer, in packets.
  std::size_t messages_per_call = 64;    ///< The most messages that one receive() returns.
  Duration send_cost = std::chrono::microseconds{1};
  std::vector<Refusal> refusals{};               ///< Errors of sends, by destination.
  std::map<std::uint64_t, int> failing_sends{};  ///< The n-th message (from 1) fails once with this errno.
  std::optional<Duration> no_buffers_until{};    ///< Every send before this time (from `start`) fails with ENOBUFS.
  std::size_t unstamped = 0;                     ///< How many packets, from the first on, have no kernel time stamp.
  Duration stamp_error{};                        ///< Added to every time stamp, as after an unnoticed clock step.
  struct Stall {
    Duration at{}, length{};
  };
  std::optional<Stall> stall{};  ///< From `at` on, this process is stopped for `length`; packets arrive meanwhile.
  struct Happening {
    Duration at{};
    std::function<void()> action{};
  };
  std::vector<Happening> happenings{};  ///< In order of time; each is called when virtual time reaches it.
  struct Absence {
    Duration from{}, until{};  ///< From `start`.
  };
  /// A neighbour through which packets to `block` leave. It answers questions for its address but while it is gone.
  struct Gateway {
    std::string block{};
    Address address{};
    std::optional<net::Neighbour::State> state{};  ///< Its entry at the start; none: there is none.
    Duration confirmed_before{};                   ///< How long before the start its last answer was.
    std::vector<Absence> gone{};
    bool mute = false;  ///< It answers no packet to itself, and writes no ICMP errors.
  };
  std::vector<Gateway> gateways{};  ///< Empty: all packets pass, and nothing is known of the way out.
  bool record = false;
};

}  // namespace multiping::test
