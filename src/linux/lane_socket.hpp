// Opens the socket of a lane: ICMP raw or by ping socket, UDP, raw TCP, raw SCTP.
// raw(7), icmp(7), udp(7), ip(7), ipv6(7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "linux/file_descriptor.hpp"
#include "linux/ping_socket.hpp"
#include "linux/socket.hpp"
#include "linux/source_finder.hpp"
#include "multiping/options.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// What tells the sockets of an object apart: all that a single message cannot be given.
struct LaneKey {
  Family family = Family::any;
  net::Carrier carrier = net::Carrier::icmp;
  std::string device{};
  bool dont_fragment = false;
  bool no_flow_label = false;           ///< Flow label 0 was asked for, and the kernel would choose one by itself.
  Address source{};                     ///< Of IPv6 ping sockets, which take none from a message.
  std::uint16_t source_port = 0;        ///< That was asked for.
  unsigned turn = 0;                    ///< Of UDP sockets whose port is free.
  std::optional<std::uint16_t> flow{};  ///< Of UDP and TCP sockets whose port is free: each has a port of its own.
  friend bool operator==(const LaneKey&, const LaneKey&) = default;
};

}  // namespace multiping::os

template <>
struct std::hash<multiping::os::LaneKey> {
  std::size_t operator()(const multiping::os::LaneKey& key) const noexcept;
};

namespace multiping::os {

/// The lane of ICMP probes that ask for nothing that a message cannot be given. Every object needs these in the end.
[[nodiscard]] inline LaneKey plain_lane(Family family) { return {.family = family, .carrier = net::Carrier::icmp}; }
/// The lane of probes that leave as messages.
[[nodiscard]] LaneKey lane_key(TransportKind kind, Family family, const ProbeOptions& probe, unsigned turn);

/// The kernel sets DF unless it is told not to: such probes may be larger than a path, and may be fragmented.
[[nodiscard]] bool leaves_without_df(Family family, const ProbeOptions& probe) noexcept;

/// The interface that an address with a zone is on; empty where there is none.
[[nodiscard]] std::string zone_name(const Address& address);

struct LaneSocket {
  FileDescriptor socket{};
  FileDescriptor port_holder{};   ///< Raw TCP: a bound socket, so that no one else is given the port.
  SourceFinder source_finder{};   ///< Raw TCP: opened with the lane, for a probe without its source is no probe.
  std::uint16_t id = 0;           ///< As net::Channel::id.
  bool bound = false;             ///< As net::Channel::bound.
  std::string device{};           ///< The interface that it is bound to, or sends through; empty: none.
  unsigned device_index = 0;      ///< Of that when it was; the kernel knows no more than this.
  std::uint64_t drops = 0;        ///< That it had when it was handed over.
  bool at_home = false;           ///< As IdleSockets::is_home_of() has found.
  std::optional<int> usual_df{};  ///< IP_MTU_DISCOVER before fragments were allowed.
};

/// A socket, or the reason why there is none: then only `error`, `doing` and `privilege` of the way count.
struct OpenedLane {
  LaneSocket lane{};
  net::Way refusal{};
};
/// Where the sockets of an object come from.
struct SocketMaker {
  TransportKind kind = TransportKind::automatic;
  PingSocketSource* broker = nullptr;  ///< Gives the ping sockets, where this process does not open its own.
  std::size_t receive_buffer = 0;      ///< That is wished of the broker.
  RememberedMtu remembered_mtu = RememberedMtu::believed;
  bool tells_remedies = true;  ///< A refusal for want of permission says what would let this process.
};
/// Its device was made anew under its name: from now on it uses that one. False, with errno set, where this process may
/// not change it, or there is no such device.
[[nodiscard]] bool use_device_anew(LaneSocket& socket, const LaneKey& key) noexcept;
/// ICMP identifiers are random, and no other user's socket can take them or ports over.
/// `flow_port` is the port that the flow had before, which nobody else may have taken since; 0: the kernel chooses one.
[[nodiscard]] OpenedLane open_lane_socket(const SocketMaker& maker, const LaneKey& key, std::uint16_t flow_port = 0);

}  // namespace multiping::os
