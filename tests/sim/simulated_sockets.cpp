// Gives each socket its packets in the form that raw(7), udp(7), icmp(7) and ip(7) (IP_RECVERR) describe.
// See simulated_sockets.hpp.
#include "sim/simulated_sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "multiping/error.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

constexpr std::uint16_t id_step = 257;

bool is_echo(const Datagram& datagram, std::uint8_t v4_type, std::uint8_t v6_type) {
  return datagram.protocol() == Protocol::icmp && datagram.message.size() >= header_size(Protocol::icmp) &&
         datagram.message[0] == (datagram.family() == Family::ipv4 ? v4_type : v6_type);
}

// The quoted message, when it has the 8 bytes that the kernel requires.
std::optional<Datagram> quote_of(const Datagram& error, Protocol protocol) {
  auto quoted = quoted_datagram(error);
  if (!quoted || quoted->protocol() != protocol || quoted->message.size() < 8) return {};
  return quoted;
}

// The filter of raw ICMP sockets, and the lookup of ping sockets: answers and errors with the socket's identifier.
bool concerns_echo(const Datagram& datagram, const net::Channel& channel) {
  const std::uint16_t id = channel.id;
  if (is_echo(datagram, 0, 129)) return get16(datagram.message, 4) == id;
  if (!is_error(datagram) && !(channel.kernel_owns_id && is_notice(datagram))) return false;
  const auto quoted = quote_of(datagram, Protocol::icmp);
  return quoted && get16(quoted->message, 4) == id;
}

// The same for the other protocols: by port, if the socket has one.
bool concerns_port(const Datagram& datagram, std::uint16_t id) {
  return datagram.message.size() >= header_size(datagram.protocol()) && (id == 0 || get16(datagram.message, 2) == id);
}

template <class Handed, class Waiting>
void hand_over(Waiting& waiting, Handed& handed, std::size_t most) {
  handed.clear();
  while (!waiting.empty() && handed.size() < most) {
    handed.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
}

net::SendPath none(int error, std::string doing, bool privilege = false) {
  return {.kind = net::SendPath::Kind::none,
          .error = {error, std::system_category()},
          .doing = std::move(doing),
          .privilege = privilege};
}

bool needs_raw(const ProbeOptions& options) {
  return options.protocol == Protocol::sctp || (options.protocol == Protocol::tcp && options.half_open);
}

// Refuses a source address, device or mark that this host does not have.
std::optional<net::SendPath> missing(const SimulatedHost& host, Family family, const ProbeOptions& options) {
  const Address& source = family == Family::ipv4 ? options.source_v4 : options.source_v6;
  const std::string member = family == Family::ipv4 ? "source_v4 " : "source_v6 ";
  if (source && std::ranges::find(host.addresses, source) == host.addresses.end())
    return none(EADDRNOTAVAIL, "cannot send from ProbeOptions::" + member + source.to_string());
  if (!options.device.empty() && std::ranges::find(host.devices, options.device) == host.devices.end())
    return none(ENODEV, "cannot send through ProbeOptions::device " + options.device);
  if (options.mark && !host.may_mark)
    return none(EPERM, "cannot set ProbeOptions::mark " + std::to_string(*options.mark), true);
  return {};
}

net::SendPath lacking(const SimulatedHost& host, const std::string& option) {
  if (!host.may_open_raw) return none(EPERM, "cannot use ProbeOptions::" + option, true);
  return {.error = Errc::not_supported, .doing = "cannot use ProbeOptions::" + option};
}

// Refuses options that this kind of transport or the family does not support.
std::optional<net::SendPath> unsupported(const SimulatedHost& host, Family family, const ProbeOptions& options) {
  if (family == Family::ipv4 && options.flow_label)
    return net::SendPath{.error = Errc::not_supported, .doing = "cannot use ProbeOptions::flow_label"};
  if (options.protocol == Protocol::icmp && host.sockets == TransportKind::sockets)
    return lacking(host, "protocol icmp");
  if (needs_raw(options) && host.sockets != TransportKind::raw)
    return lacking(host, options.half_open ? "half_open" : "protocol sctp");
  return {};
}

}  // namespace

net::SendPath SimulatedSockets::way(const Wanted& wanted) {
  const ProbeOptions& options = wanted.options;
  if (!(wanted.family == Family::ipv4 ? host_.ipv4 : host_.ipv6))
    return none(EAFNOSUPPORT, "cannot open a socket for " + std::string{to_string(wanted.family)});
  if (const auto obstacle = unsupported(host_, wanted.family, options)) return *obstacle;
  if (const auto obstacle = missing(host_, wanted.family, options)) return *obstacle;
  if (options.protocol == Protocol::tcp && !options.half_open) return {.kind = net::SendPath::Kind::connection};
  Key key{wanted.family, options.protocol, options.device, options.dont_fragment, options.source_port};
  if (options.protocol == Protocol::udp && options.source_port == 0) key.turn = wanted.turn;
  if (options.protocol != Protocol::icmp && options.source_port == 0) key.flow = options.flow;
  const bool ping = key.protocol == Protocol::icmp && host_.sockets != TransportKind::raw;
  if (ping && wanted.family == Family::ipv6) key.source = options.source_v6;
  net::SendPath found = open_socket_id(key, wanted.connections);
  sockets_[found.socket_id]->profiles.insert(wanted.profile);
  return found;
}

net::SendPath SimulatedSockets::open_socket_id(const Key& key, std::size_t connections) {
  for (const net::SocketId socket_id : open_)
    if (sockets_[socket_id]->key == key) return {.kind = net::SendPath::Kind::socket_id, .socket_id = socket_id};
  if (open_.size() + connections >= host_.descriptors) close_unused();
  if (open_.size() + connections >= host_.descriptors)
    throw std::system_error(EMFILE, std::system_category(), "cannot open a socket");
  const auto free = std::find(sockets_.begin(), sockets_.end(), nullptr);
  const auto socket_id = static_cast<net::SocketId>(free - sockets_.begin());
  if (free == sockets_.end()) sockets_.emplace_back();
  sockets_[socket_id] = std::make_unique<Socket>(Socket{.key = key, .channel = channel_for(key)});
  open_.push_back(socket_id);
  return {.kind = net::SendPath::Kind::socket_id, .socket_id = socket_id};
}

net::Channel SimulatedSockets::channel_for(const Key& key) {
  net::Channel channel{.family = key.family, .protocol = key.protocol};
  channel.kernel_owns_id = key.protocol == Protocol::icmp && host_.sockets == TransportKind::ping_socket;
  channel.receive_room = std::max<std::size_t>(1, host_.buffer_packets);
  channel.id = id_for(key);
  return channel;
}

// The identifier or port of a new socket. A flow always gets the same port.
std::uint16_t SimulatedSockets::id_for(const Key& key) {
  if (key.source_port != 0 || key.protocol == Protocol::sctp) return static_cast<std::uint16_t>(key.source_port);
  const auto kept = flow_ports_.find({key.family, key.protocol, key.flow.value_or(std::uint16_t{0})});
  if (key.flow && kept != flow_ports_.end()) return kept->second;
  const std::uint16_t id = std::exchange(next_id_, next_id_ + id_step);
  if (key.flow) flow_ports_.emplace(std::tuple{key.family, key.protocol, *key.flow}, id);
  return id;
}

void SimulatedSockets::profile_replaced(net::ProfileNumber profile) {
  for (const net::SocketId socket_id : open_) sockets_[socket_id]->profiles.erase(profile);
}

// Closes the sockets whose profiles were all replaced, except sockets for plain ICMP, which every object needs.
void SimulatedSockets::close_unused() {
  std::erase_if(open_, [this](net::SocketId socket_id) {
    const Socket& socket = *sockets_[socket_id];
    if (!socket.profiles.empty() || socket.key == Key{.family = socket.key.family}) return false;
    sockets_[socket_id].reset();
    return true;
  });
}

bool SimulatedSockets::with_ip_header(const Socket& socket) noexcept {
  return socket.key.family == Family::ipv4 && socket.key.protocol != Protocol::udp && !socket.channel.kernel_owns_id;
}

void SimulatedSockets::arrive(const Datagram& datagram, ByteView packet, Instant at) {
  for (const net::SocketId socket_id : open_)
    if (sockets_[socket_id]->key.family == datagram.family()) arrive_at(*sockets_[socket_id], {datagram, packet, at});
}

bool SimulatedSockets::is_for(const Socket& socket, const Datagram& datagram) {
  return socket.key.protocol == Protocol::icmp ? concerns_echo(datagram, socket.channel)
                                               : concerns_port(datagram, socket.channel.id);
}

void SimulatedSockets::arrive_at(Socket& socket, const Arriving& packet) {
  const Datagram& datagram = packet.datagram;
  const bool right = sound(datagram);
  if (socket.key.protocol != Protocol::icmp && datagram.protocol() == Protocol::icmp) {
    if (right && is_error(datagram)) arrive_error(socket, packet);
    return;
  }
  if (socket.key.protocol != datagram.protocol() || !is_for(socket, datagram)) return;
  // The kernel does not check the checksum for IPv4 raw sockets, and it does not know SCTP.
  if (!right && !with_ip_header(socket) && socket.key.protocol != Protocol::sctp) {
    if (!socket.channel.kernel_owns_id) ++drops_.damaged;  // the kernel counts these among its drops
    return;
  }
  if (socket.channel.kernel_owns_id && !is_echo(datagram, 0, 129)) return take_report(socket, packet);
  take(socket, packet);
}

// The kernel finds UDP sockets by the port; raw sockets get every error about their protocol.
void SimulatedSockets::arrive_error(Socket& socket, const Arriving& packet) {
  const auto quoted = quote_of(packet.datagram, socket.key.protocol);
  if (!quoted) return;
  if (socket.key.protocol == Protocol::udp && get16(quoted->message, 0) != socket.channel.id) return;
  take_report(socket, packet);
}

bool SimulatedSockets::has_room(const Socket& socket) noexcept {
  if (socket.packets.size() + socket.errors.size() < host_.buffer_packets) return true;
  ++drops_.no_room;
  return false;
}

net::Arrival SimulatedSockets::arrival(Instant at) noexcept {
  net::Arrival arrival{.read = at};
  if (stamped_++ >= host_.unstamped) arrival.stamp = at + host_.stamp_error;
  return arrival;
}

void SimulatedSockets::take(Socket& socket, const Arriving& packet) {
  if (!has_room(socket)) return;
  const bool udp = socket.key.protocol == Protocol::udp;
  const ByteView message = packet.datagram.message;
  const ByteView visible = with_ip_header(socket) ? packet.bytes : udp ? message.subspan(8) : message;
  Queued queued{{visible.begin(), visible.end()}, packet.datagram.ip, 0, arrival(packet.at)};
  if (udp) queued.port = get16(message, 0);
  socket.packets.push_back(std::move(queued));
}

void SimulatedSockets::take_report(Socket& socket, const Arriving& packet) {
  auto report = queue_report(packet.datagram, {.read = packet.at});
  if (!report || !has_room(socket)) return;
  report->error.arrival = arrival(packet.at);
  socket.errors.push_back(std::move(*report));
}

net::Incoming SimulatedSockets::view_of(const Socket& socket, const Queued& packet) const {
  net::Incoming view{.bytes = packet.bytes, .from = packet.ip.source, .port = packet.port, .arrival = packet.arrival};
  view.ip_header = with_ip_header(socket);
  if (!view.ip_header) {
    view.ttl = packet.ip.ttl;
    view.tos = packet.ip.tos;
  }
  if (is_link_local(view.from)) {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(packet.ip.source.bytes(), octets.begin());
    view.from = Address::v6(octets, link_scope_);
  }
  return view;
}

std::span<const net::Incoming> SimulatedSockets::receive(net::SocketId socket_id, bool& more, Instant now) {
  Socket& from = *sockets_.at(socket_id);
  hand_over(from.packets, from.handed, host_.messages_per_call);
  more = from.handed.size() == host_.messages_per_call;
  from.views.clear();
  for (const Queued& packet : from.handed) {
    from.views.push_back(view_of(from, packet));
    from.views.back().arrival.read = now;
  }
  return from.views;
}

std::span<const net::QueuedError> SimulatedSockets::receive_errors(net::SocketId socket_id, bool& more, Instant now) {
  Socket& from = *sockets_.at(socket_id);
  hand_over(from.errors, from.handed_errors, host_.messages_per_call);
  more = from.handed_errors.size() == host_.messages_per_call;
  from.error_views.clear();
  for (const QueuedReport& report : from.handed_errors) {
    from.error_views.push_back(report.error);
    from.error_views.back().quoted = report.quoted;
    from.error_views.back().arrival.read = now;
  }
  return from.error_views;
}

bool SimulatedSockets::something() const noexcept {
  return std::ranges::any_of(open_, [this](net::SocketId socket_id) {
    return !sockets_[socket_id]->packets.empty() || !sockets_[socket_id]->errors.empty();
  });
}

}  // namespace multiping::test
