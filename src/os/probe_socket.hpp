// Opens the sockets of probes: raw ICMP sockets or ping sockets, UDP, raw TCP, raw SCTP.
// raw(7), icmp(7), udp(7), ip(7), ipv6(7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "multiping/options.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"
#include "os/source_address_finder.hpp"

namespace multiping::os {

/// The properties that distinguish the sockets of an object: all that cannot be set for a single message.
struct SocketKey {
  Family family = Family::any;
  Protocol protocol = Protocol::icmp;
  std::string device{};
  bool dont_fragment = false;
  bool no_flow_label = false;     ///< Flow label 0 was asked for; by default the kernel chooses a label.
  Address source{};               ///< IPv6 ping sockets: the source address, which no message can set.
  std::uint16_t source_port = 0;  ///< The port that was asked for; 0: none.
  unsigned turn = 0;              ///< Tells apart UDP sockets whose port the kernel chooses.
  /// For UDP and TCP sockets whose port the kernel chooses: each flow has a port of its own.
  std::optional<std::uint16_t> flow{};
  friend bool operator==(const SocketKey&, const SocketKey&) = default;
};

}  // namespace multiping::os

template <>
struct std::hash<multiping::os::SocketKey> {
  std::size_t operator()(const multiping::os::SocketKey& key) const noexcept;
};

namespace multiping::os {

/// The socket of ICMP probes whose options can all be set for a single message. Every object needs it sooner or later.
[[nodiscard]] inline SocketKey plain_socket(Family family) { return {.family = family, .protocol = Protocol::icmp}; }
/// The socket of probes that leave as messages. `turn` counts only for UDP probes whose port the kernel chooses.
[[nodiscard]] SocketKey socket_key(TransportKind kind, Family family, const ProbeOptions& probe, unsigned turn);

/// True for IPv4 probes that must leave without DF, which the kernel sets by default. They may be larger than the MTU
/// of a path, and may be fragmented.
[[nodiscard]] bool leaves_without_df(Family family, const ProbeOptions& probe) noexcept;

/// The name of the interface in the zone of an address; empty when there is no zone or no such interface.
[[nodiscard]] std::string zone_name(const Address& address);

/// An open socket with all that belongs to it.
struct ProbeSocket {
  FileDescriptor socket{};
  FileDescriptor port_holder{};  ///< Raw TCP: a bound socket, so that the kernel gives the port to no other socket.
  SourceAddressFinder
      source_finder{};            ///< Raw TCP: opened with the socket, since each segment needs its source address.
  std::uint16_t id = 0;           ///< As net::Channel::id.
  bool bound = false;             ///< As net::Channel::bound.
  std::string device{};           ///< The interface that the socket is bound to, or sends through; empty: none.
  unsigned device_index = 0;      ///< The index of `device` when it was set; the kernel keeps only the index.
  std::uint64_t drops = 0;        ///< The kernel's drop count when the socket was handed over.
  bool at_home = false;           ///< SpareIcmpSockets::is_home_of() has returned true for it.
  std::optional<int> usual_df{};  ///< IP_MTU_DISCOVER before fragments were allowed; empty: they are not.
};

/// A socket, or the reason why there is none. Of `refusal`, only `error`, `doing`, `privilege` and `may_pass` are set.
struct OpenedSocket {
  ProbeSocket made{};
  net::SendPath refusal{};
};
/// Says how the sockets of an object are opened.
struct SocketMaker {
  TransportKind kind = TransportKind::automatic;
  PingSocketSource* broker = nullptr;  ///< Gives the ping sockets; null: this process opens its own.
  std::size_t receive_buffer = 0;      ///< The size to ask the broker for, in bytes.
  RememberedMtu remembered_mtu = RememberedMtu::believed;
  bool tells_remedies = true;  ///< A refusal for lack of a permission says how this process can get it.
};
/// To be called when the socket's device was deleted and created again under its name: from now on the socket uses the
/// new device. False, with errno set, when this process may not change the device, or when there is no such device.
[[nodiscard]] bool use_device_anew(ProbeSocket& socket, const SocketKey& key) noexcept;
/// Opens the socket of `key`. ICMP identifiers are random, and no other user's socket can take over an identifier or a
/// port. `flow_port` is the port that the flow had before; the socket is refused when the port was taken since. 0: the
/// kernel chooses one.
[[nodiscard]] OpenedSocket open_probe_socket(const SocketMaker& maker, const SocketKey& key,
                                             std::uint16_t flow_port = 0);

}  // namespace multiping::os
