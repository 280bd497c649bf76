// Opens the socket, then sets its device, its identifier or port, and its options, in this order.
// See probe_socket.hpp.
#include "os/probe_socket.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <span>
#include <string>
#include <utility>

#include "net/packet_size.hpp"
#include "os/kernel_constants.hpp"
#include "os/network_device.hpp"
#include "os/packet_filter.hpp"
#include "os/permissions.hpp"
#include "os/socket_basics.hpp"
#include "values/protocol_traits.hpp"

namespace multiping::os {
namespace {

constexpr int tcp_checksum_offset = 16;

/// Opens one socket step by step: the first failure becomes the refusal.
class Opening {
 public:
  Opening(const SocketMaker& maker, const SocketKey& key, std::uint16_t flow_port)
      : maker_{maker}, key_{key}, flow_port_{flow_port} {}

  OpenedSocket run() && {
    if (is_ping_socket() ? take_ping_socket() : open() && use_device() && take_id()) static_cast<void>(configure());
    if (opened_.refusal.error) opened_.made = {};
    return std::move(opened_);
  }

 private:
  [[nodiscard]] bool v4() const noexcept { return key_.family == Family::ipv4; }
  [[nodiscard]] int socket() const noexcept { return opened_.made.socket.value(); }
  [[nodiscard]] bool is_ping_socket() const noexcept {
    return key_.protocol == Protocol::icmp && maker_.kind != TransportKind::raw;
  }

  bool refuse(std::string doing) {
    opened_.refusal.error = last_error();
    opened_.refusal.doing = std::move(doing);
    return false;
  }

  bool open() {
    const bool udp = key_.protocol == Protocol::udp;
    opened_.made.socket = open_socket(key_.family, udp ? SOCK_DGRAM : SOCK_RAW, protocol());
    if (opened_.made.socket) return true;
    refuse("cannot open a " + std::string{udp ? "UDP" : "raw"} + " socket for " + std::string{to_string(key_.family)});
    opened_.refusal.privilege = is_permission(opened_.refusal.error) && !udp;
    if (opened_.refusal.privilege) tell_remedies(TransportKind::raw);
    return false;
  }

  /// Opens a ping socket, or takes one from the broker.
  bool take_ping_socket() {
    const bool own = maker_.broker == nullptr;
    if (own) note_device(key_.device.empty() ? zone_name(key_.source) : key_.device);
    PingSocket got = own ? open_ping_socket(key_.family, key_.source, 0, key_.device)
                         : maker_.broker->ping_socket(key_.family, key_.source, maker_.receive_buffer);
    if (got.error) return refuse(std::move(got), own);
    opened_.made.socket = std::move(got.socket);
    opened_.made.id = got.id;
    // A broker that bound the socket to a link-local source also bound it to that interface, which no ordinary process
    // may change.
    return own || key_.source.scope_id() != 0 || use_device();
  }

  bool refuse(PingSocket none, bool own) {
    opened_.refusal.error = none.error;
    opened_.refusal.doing = std::move(none.doing);
    opened_.refusal.privilege = is_permission(none.error);
    opened_.refusal.may_pass = none.may_pass;
    if (opened_.refusal.privilege && own) tell_remedies(TransportKind::ping_socket);
    return false;
  }

  void tell_remedies(TransportKind kind) {
    if (!maker_.tells_remedies) return;
    opened_.refusal.doing = refusal(action_of(key_.protocol), std::span{&kind, 1}, opened_.refusal.doing);
  }

  [[nodiscard]] int protocol() const noexcept {
    switch (key_.protocol) {
      case Protocol::udp:
        return IPPROTO_UDP;
      case Protocol::tcp:
        return IPPROTO_TCP;
      case Protocol::sctp:
        return IPPROTO_SCTP;
      case Protocol::icmp:
        break;
    }
    return v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  }

  /// A socket that is bound to a device does not get this host's own ICMP errors about its IPv4 datagrams, such as one
  /// about a dead neighbour. So a socket is bound only in three cases: the binding decides which packets come in
  /// (ICMP), it lets other sockets have the same port (UDP with a given port), or nothing else makes the socket send
  /// through the device.
  bool use_device() {
    if (key_.device.empty()) return true;
    if (!is_ping_socket()) note_device(key_.device);
    const bool may_be_free =
        key_.protocol != Protocol::icmp && (key_.protocol != Protocol::udp || key_.source_port == 0);
    if (may_be_free && send_through(socket(), key_.family, key_.device)) return true;
    opened_.made.bound = true;
    if (bind_to_device(socket(), key_.device)) return true;
    const bool elsewhere = is_ping_socket() && maker_.broker != nullptr && maker_.broker->elsewhere();
    return refuse("cannot use ProbeOptions::device " + key_.device + (elsewhere ? " in the broker's network" : ""));
  }

  /// Keeps the name and the index of the device. It is called before the socket uses the device: a device that is
  /// deleted and created again in between is then noticed later.
  void note_device(const std::string& device) {
    opened_.made.device = device;
    opened_.made.device_index = device.empty() ? 0 : ::if_nametoindex(device.c_str());
  }

  bool take_id() {
    switch (key_.protocol) {
      case Protocol::icmp:
        return filter(random_id());
      case Protocol::udp:
        return take_udp_port();
      case Protocol::tcp:
        return hold_tcp_port() && find_sources() && filter(bound_port(opened_.made.port_holder.value()));
      case Protocol::sctp:
        return filter(key_.source_port);
    }
    return false;
  }

  bool filter(std::uint16_t id) {
    opened_.made.id = id;
    attach_packet_filter(socket(), {.family = key_.family, .protocol = key_.protocol, .id = id});
    return true;
  }

  bool refuse_port() {
    if (key_.source_port != 0)
      return refuse("cannot use ProbeOptions::source_port " + std::to_string(key_.source_port));
    if (flow_port_ == 0) return refuse("cannot bind to a port");
    return refuse("cannot keep to port " + std::to_string(flow_port_) + " of ProbeOptions::flow " +
                  std::to_string(*key_.flow));
  }

  /// Other sockets of this object may need the port of a flow: SO_REUSEPORT lets sockets of the same user share it.
  /// When the kernel chooses the port, the option is set after the bind: otherwise it could choose the port of another
  /// flow.
  bool take_port(int socket) {
    if (flow_port_ != 0) set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    const std::uint16_t port = flow_port_ != 0 ? flow_port_ : key_.source_port;
    if (!bind_to(socket, key_.family, {}, port)) return refuse_port();
    if (key_.flow) set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    return true;
  }

  bool take_udp_port() {
    // Without this option, sockets of the two families could not have the same port.
    if (!v4()) set_option(socket(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (!take_port(socket())) return false;
    opened_.made.id = bound_port(socket());
    return true;
  }

  bool hold_tcp_port() {
    FileDescriptor& holder = opened_.made.port_holder;
    holder = open_socket(key_.family, SOCK_STREAM, IPPROTO_TCP);
    if (!holder) return refuse("cannot open a TCP socket for " + std::string{to_string(key_.family)});
    if (!v4()) set_option(holder.value(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // Other sockets of this object may need the same port, if one was asked for.
    if (key_.source_port != 0) set_option(holder.value(), SOL_SOCKET, SO_REUSEADDR, 1);
    return take_port(holder.value());
  }

  bool find_sources() {
    return opened_.made.source_finder.open(key_.family, key_.device) ||
           refuse("cannot open a UDP socket for " + std::string{to_string(key_.family)});
  }

  bool configure() {
    if (!is_ping_socket()) report_all();
    if (key_.dont_fragment && !forbid_fragments(socket(), key_.family, maker_.remembered_mtu))
      return refuse("cannot use ProbeOptions::dont_fragment");
    if (key_.no_flow_label && !set_option(socket(), IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0))
      return refuse("cannot use ProbeOptions::flow_label 0");
    if (key_.protocol != Protocol::tcp || v4()) return true;
    return set_option(socket(), IPPROTO_IPV6, IPV6_CHECKSUM, tcp_checksum_offset) ||
           refuse("cannot have the kernel write the checksum of TCP segments over ipv6");
  }

  /// Asks the kernel for the same reports as open_ping_socket() does for ping sockets.
  void report_all() {
    report_errors(socket(), key_.family);
    report_arrival(socket());
    // A raw IPv4 socket delivers the IP header, which has the TTL and the TOS.
    if (!v4() || key_.protocol == Protocol::udp) report_ttl_and_tos(socket(), key_.family);
    if (key_.protocol == Protocol::udp) report_interface(socket(), key_.family);
  }

  const SocketMaker& maker_;
  const SocketKey& key_;
  std::uint16_t flow_port_;
  OpenedSocket opened_{};
};

}  // namespace

std::string zone_name(const Address& address) {
  std::array<char, IF_NAMESIZE> name{};
  return address.scope_id() != 0 && ::if_indextoname(address.scope_id(), name.data()) != nullptr ? name.data() : "";
}

SocketKey socket_key(TransportKind kind, Family family, const ProbeOptions& probe, unsigned turn) {
  const Protocol protocol = probe.protocol;
  const bool chooses_port = probe.source_port == 0 && (protocol == Protocol::udp || protocol == Protocol::tcp);
  const bool bound = family == Family::ipv6 && protocol == Protocol::icmp && kind != TransportKind::raw;
  return {.family = family,
          .protocol = protocol,
          .device = probe.device,
          .dont_fragment = probe.dont_fragment,
          .no_flow_label = family == Family::ipv6 && probe.flow_label == 0U,
          .source = bound ? probe.source_v6 : Address{},
          .source_port = static_cast<std::uint16_t>(probe.source_port),
          .turn = chooses_port && protocol == Protocol::udp ? turn : 0,
          .flow = chooses_port ? probe.flow : std::nullopt};
}

bool leaves_without_df(Family family, const ProbeOptions& probe) noexcept {
  return family == Family::ipv4 && traits(probe.protocol).has_payload && !probe.dont_fragment &&
         net::packet_size(family, probe.payload_size) > net::carried_by_ipv4;
}

bool use_device_anew(ProbeSocket& socket, const SocketKey& key) noexcept {
  const unsigned index = ::if_nametoindex(socket.device.c_str());
  const int descriptor = socket.socket.value();
  const bool bound = socket.bound || key.protocol == Protocol::icmp;
  if (index == 0) return false;
  if (bound ? !bind_to_device(descriptor, socket.device) : !send_through(descriptor, key.family, socket.device))
    return false;
  if (key.protocol == Protocol::tcp) static_cast<void>(socket.source_finder.open(key.family, socket.device));
  socket.device_index = index;
  return true;
}

OpenedSocket open_probe_socket(const SocketMaker& maker, const SocketKey& key, std::uint16_t flow_port) {
  return Opening{maker, key, flow_port}.run();
}

}  // namespace multiping::os

std::size_t std::hash<multiping::os::SocketKey>::operator()(const multiping::os::SocketKey& key) const noexcept {
  std::size_t sum = std::hash<std::string>{}(key.device) * 31 + std::hash<multiping::Address>{}(key.source);
  const auto flags = static_cast<unsigned>(key.dont_fragment) | static_cast<unsigned>(key.no_flow_label) << 1U |
                     static_cast<unsigned>(key.flow.has_value()) << 2U;
  for (const unsigned part : {static_cast<unsigned>(key.family), static_cast<unsigned>(key.protocol), flags,
                              unsigned{key.source_port}, key.turn, unsigned{key.flow.value_or(0)}})
    sum = sum * 65'599 + part;
  return sum;
}
