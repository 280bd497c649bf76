// How the simulated host that probes behaves, and what it has seen: set before a test, looked at afterwards.
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

#include "multiping/transport.hpp"
#include "net/instant.hpp"
#include "sim/routers.hpp"
#include "sim/scenario.hpp"

namespace multiping::test {

/// What one SimulatedPacketIo has seen; for tests to look at afterwards.
struct HostLog {
  struct Packet {
    net::Instant at{};
    Address to{}, source{};
    Protocol protocol = Protocol::icmp;
    int port = 0, source_port = 0;  ///< 0 for ICMP.
    std::uint8_t ttl = 0, tos = 0;
    std::uint32_t flow_label = 0;
    bool dont_fragment = false;    ///< As the socket was asked; IPv6 too.
    std::size_t message_size = 0;  ///< From the ICMP, UDP, TCP or SCTP header on.
  };
  std::vector<Packet> sent{};  ///< Only with SimulatedHost::record.
  std::uint64_t send_calls = 0, refused_sends = 0, waits = 0;
  std::uint64_t requests = 0, unsound = 0;           ///< As SimNetwork counts.
  std::shared_ptr<const RouterTraffic> traffic{};    ///< What each router has had to do.
  net::Instant last_waited{};                        ///< When it came out of the last wait.
  std::size_t most_lanes = 0, most_connections = 0;  ///< Open at once.
};

/// How this host behaves.
struct SimulatedHost {
  TransportKind sockets = TransportKind::raw;  ///< Or ping_socket, or sockets.
  bool ipv4 = true, ipv6 = true;               ///< False: the family is not there (EAFNOSUPPORT).
  net::Instant start{std::chrono::seconds{1000}};
  std::vector<Address> addresses{Address::v4({10, 255, 255, 1}), Address::v4({10, 255, 255, 2}),
                                 *Address::parse("fdff::1"), *Address::parse("fdff::2")};  ///< First: used unasked.
  std::vector<std::string> devices{"lo", "sim0"};
  bool may_mark = true;
  bool may_open_raw = true;        ///< Whether it is a want of privilege when the kind of transport lacks something.
  std::size_t mtu = 65'535;        ///< Of every device.
  std::size_t peer_mtu = 65'575;   ///< Of the other end of every device: what is larger is refused with ENOBUFS, as a
                                   ///< veth device does.
  std::size_t descriptors = 1000;  ///< Sockets open at once.
  std::size_t ephemeral_ports = 28'232;  ///< Each connection takes one for itself alone.
  std::size_t buffer_packets = 256;      ///< Room of each socket's receive buffer.
  std::size_t messages_per_call = 64;    ///< Most that one receive() gives.
  Duration send_cost = std::chrono::microseconds{1};
  std::vector<Refusal> refusals{};               ///< By address.
  std::map<std::uint64_t, int> failing_sends{};  ///< The n-th message (from 1) is refused with this errno, once.
  std::optional<Duration> no_buffers_until{};    ///< Every send before this time (from the start) fails with ENOBUFS.
  std::size_t unstamped = 0;                     ///< The first packets have no kernel stamp.
  Duration stamp_error{};                        ///< Added to every stamp: a clock that was stepped unnoticed.
  struct Stall {
    Duration at{}, length{};
  };
  std::optional<Stall> stall{};  ///< From `at` on, this process does nothing for `length`; packets arrive meanwhile.
  struct Happening {
    Duration at{};
    std::function<void()> action{};
  };
  std::vector<Happening> happenings{};  ///< Called when virtual time has come to them, in order.
  bool record = false;
};

}  // namespace multiping::test
