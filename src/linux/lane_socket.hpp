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

/// The properties that distinguish the sockets of an object: all that cannot be set for a single message.
struct LaneKey {
  Family family = Family::any;
  net::Carrier carrier = net::Carrier::icmp;
  std::string device{};
  bool dont_fragment = false;
  bool no_flow_label = false;           ///< Flow label 0 was asked for; by default the kernel chooses a label.
  Address source{};                     ///< For IPv6 ping sockets, which take no source from a message.
  std::uint16_t source_port = 0;        ///< The port that was asked for; 0: none.
  unsigned turn = 0;                    ///< For UDP sockets whose port the kernel chooses.
  std::optional<std::uint16_t> flow{};  ///< For UDP and TCP sockets likewise: each flow has a port of its own.
  friend bool operator==(const LaneKey&, const LaneKey&) = default;
};

}  // namespace multiping::os

template <>
struct std::hash<multiping::os::LaneKey> {
  std::size_t operator()(const multiping::os::LaneKey& key) const noexcept;
};

namespace multiping::os {

/// The lane of ICMP probes whose options can all be set for a single message. Every object needs it sooner or later.
[[nodiscard]] inline LaneKey plain_lane(Family family) { return {.family = family, .carrier = net::Carrier::icmp}; }
/// The lane of probes that leave as messages. `turn` counts only for UDP probes whose port the kernel chooses.
[[nodiscard]] LaneKey lane_key(TransportKind kind, Family family, const ProbeOptions& probe, unsigned turn);

/// Whether the kernel must not set DF, as it does by default: such IPv4 probes may be larger than the MTU of a path,
/// and may be fragmented.
[[nodiscard]] bool leaves_without_df(Family family, const ProbeOptions& probe) noexcept;

/// The name of the interface in the zone of an address; empty when there is no zone or no such interface.
[[nodiscard]] std::string zone_name(const Address& address);

struct LaneSocket {
  FileDescriptor socket{};
  FileDescriptor port_holder{};   ///< Raw TCP: a bound socket, so that the kernel gives the port to no other socket.
  SourceFinder source_finder{};   ///< Raw TCP: opened with the lane, since each segment needs its source address.
  std::uint16_t id = 0;           ///< As net::Channel::id.
  bool bound = false;             ///< As net::Channel::bound.
  std::string device{};           ///< The interface that it is bound to, or sends through; empty: none.
  unsigned device_index = 0;      ///< Of that when it was; the kernel knows no more than this.
  std::uint64_t drops = 0;        ///< That it had when it was handed over.
  bool at_home = false;           ///< As IdleSockets::is_home_of() has found.
  std::optional<int> usual_df{};  ///< IP_MTU_DISCOVER before fragments were allowed.
};

/// A socket, or the reason why there is none: then only `error`, `doing`, `privilege` and `may_pass` of the way count.
struct OpenedLane {
  LaneSocket lane{};
  net::Way refusal{};
};
/// Where the sockets of an object come from.
struct SocketMaker {
  TransportKind kind = TransportKind::automatic;
  PingSocketSource* broker = nullptr;  ///< Gives the ping sockets; null: this process opens its own.
  std::size_t receive_buffer = 0;      ///< The size to ask the broker for, in bytes.
  RememberedMtu remembered_mtu = RememberedMtu::believed;
  bool tells_remedies = true;  ///< A refusal for lack of a permission says how this process can get it.
};
/// To be called when the socket's device was made anew under its name: from now on the socket uses the new device.
/// False, with errno set, when this process may not change the device, or when there is no such device.
[[nodiscard]] bool use_device_anew(LaneSocket& socket, const LaneKey& key) noexcept;
/// Opens the socket of `key`. ICMP identifiers are random, and no other user's socket can take over an identifier or a
/// port. `flow_port` is the port that the flow had before; the socket is refused when the port was taken since. 0: the
/// kernel chooses one.
[[nodiscard]] OpenedLane open_lane_socket(const SocketMaker& maker, const LaneKey& key, std::uint16_t flow_port = 0);

}  // namespace multiping::os
