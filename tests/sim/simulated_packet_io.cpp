// Does, in virtual time, the work of Linux between a socket call and the wire, as far as a pinger can see it.
// Time passes only by sending and by waiting; nothing here reads a clock. See simulated_packet_io.hpp.
#include "sim/simulated_packet_io.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "sim/message_edits.hpp"
#include "sim/wire_checksum.hpp"
#include "values/flow_label.hpp"

namespace multiping::test {
namespace {

constexpr unsigned most_idle_waits = 100'000;
constexpr std::uint8_t default_ttl = 64;

std::uint16_t port_asked(const ProbeOptions& profile) {
  const int usual = profile.protocol == Protocol::udp ? 33'434 : 80;
  return static_cast<std::uint16_t>(profile.port != 0 ? profile.port : usual);
}

}  // namespace

SimulatedPacketIo::SimulatedPacketIo(const net::SocketsNeeded& request, const Scenario& scenario, SimulatedHost host,
                                     std::uint16_t id, HostLog* log)
    : profiles_{request.profiles},
      network_{scenario},
      host_{std::move(host)},
      sockets_{host_, id},
      connections_{host_, [this](const Bytes& packet) { transmit(packet, false); }},
      now_{host_.start},
      log_{log == nullptr ? unwatched_ : *log} {
  log_.traffic = network_.traffic();
  if (!host_.gateways.empty()) neighbours_.emplace(host_, now_, log_);
  for (std::size_t i = 0; i < host_.refusals.size(); ++i) refusals_.add(host_.refusals[i].block, i);
}

void SimulatedPacketIo::set_profile(net::ProfileNumber profile, const ProbeOptions& options) {
  if (profile >= profiles_.size()) profiles_.resize(profile + std::size_t{1});
  profiles_[profile] = options;
  sockets_.profile_replaced(profile);
}

net::SendPath SimulatedPacketIo::way(Family family, net::ProfileNumber profile, unsigned turn) {
  net::SendPath way = sockets_.way({family, profile, profiles_.at(profile), turn, connections_.size()});
  log_.most_sockets = std::max(log_.most_sockets, sockets_.open().size());
  return way;
}

Address SimulatedPacketIo::source(net::SocketId, const Address& to, net::ProfileNumber profile) {
  const auto refused = refusals_.find(to);
  if (refused && host_.refusals[*refused].error != EPERM) return {};
  return header_to(to, profiles_.at(profile), 0).source;
}

std::error_code SimulatedPacketIo::refusal(const Address& to) {
  int error = 0;
  if (const auto failing = host_.failing_sends.find(messages_); failing != host_.failing_sends.end()) {
    error = failing->second;
    host_.failing_sends.erase(failing);
  } else if (host_.no_buffers_until && now_ < host_.start + *host_.no_buffers_until) {
    error = ENOBUFS;
  } else if (const auto index = refusals_.find(to)) {
    error = host_.refusals[*index].error;
  }
  return error == 0 ? std::error_code{} : std::error_code{error, std::system_category()};
}

IpHeader SimulatedPacketIo::header_to(const Address& to, const ProbeOptions& profile, std::uint8_t own_ttl) const {
  const Address& asked = to.family() == Family::ipv4 ? profile.source_v4 : profile.source_v6;
  const auto usual = std::ranges::find(host_.addresses, to.family(), &Address::family);
  const Address source = asked || usual == host_.addresses.end() ? asked : *usual;
  const auto ttl = own_ttl != 0 ? own_ttl : static_cast<std::uint8_t>(profile.ttl.value_or(default_ttl));
  IpHeader ip{source, to, ttl, static_cast<std::uint8_t>(profile.tos), 0, profile.protocol};
  ip.flow_label = flow_label(to.family(), profile).value_or(0);
  ip.dont_fragment = profile.dont_fragment && to.family() == Family::ipv4;
  return ip;
}

// The kernel writes the UDP header, the identifier of a ping socket's message, and the checksums that it knows.
Bytes SimulatedPacketIo::packet_of(net::SocketId socket_id, const net::Outgoing& message) const {
  const net::Channel& channel = sockets_.channel(socket_id);
  const ProbeOptions& profile = profiles_.at(message.profile);
  const IpHeader ip = header_to(*message.to, profile, message.ttl);
  Bytes bytes;
  if (channel.protocol == Protocol::udp) {
    bytes.resize(header_size(Protocol::udp));
    put16(bytes, 0, channel.id);
    put16(bytes, 2, port_asked(profile));
  }
  append(bytes, message.bytes);
  if (channel.kernel_owns_id) put16(bytes, 4, channel.id);
  const bool written_here = channel.kernel_owns_id || channel.protocol == Protocol::udp ||
                            (channel.family == Family::ipv6 && channel.protocol != Protocol::sctp);
  return written_here ? finish(ip, std::move(bytes), false) : make_datagram(ip, bytes);
}

void SimulatedPacketIo::transmit(const Bytes& packet, bool dont_fragment) {
  const auto sent = parse_datagram(packet);
  if (!sent) throw std::logic_error{"what was sent is no datagram"};
  if (host_.record) {
    const bool ports = sent->protocol() != Protocol::icmp && sent->message.size() >= 4;
    const int port = ports ? get16(sent->message, 2) : 0, source_port = ports ? get16(sent->message, 0) : 0;
    log_.sent.push_back({now_, sent->ip.destination, sent->ip.source, sent->protocol(), port, source_port, sent->ip.ttl,
                         sent->ip.tos, sent->ip.flow_label, dont_fragment, sent->message.size()});
  }
  const auto passed = neighbours_ ? neighbours_->leave(sent->ip.destination) : std::optional{Duration{}};
  if (!passed) return;
  for (Delivery& delivery : network_.answer(now_, packet, largest_piece(*sent, dont_fragment)))
    flying_.push({now_ + *passed + delivery.delay, ++order_, std::move(delivery.bytes)});
  log_.requests = network_.requests();
  log_.unsound = network_.unsound();
}

// The kernel fragments IPv6 packets by the path MTU that it has learned; routers fragment IPv4 packets.
std::size_t SimulatedPacketIo::largest_piece(const Datagram& sent, bool dont_fragment) const {
  const auto known = path_mtus_.find(sent.ip.destination);
  return dont_fragment || sent.family() == Family::ipv4 || known == path_mtus_.end() ? all_of_it : known->second;
}

void SimulatedPacketIo::learn_mtu(const Datagram& report) {
  constexpr std::size_t smallest = 1280;  // RFC 8200 section 5
  const auto quoted = quoted_datagram(report);
  if (report.family() != Family::ipv6 || !quoted) return;
  path_mtus_[quoted->ip.destination] = std::max<std::size_t>(get32(report.message, 4), smallest);
}

std::error_code SimulatedPacketIo::send_one(net::SocketId socket_id, const net::Outgoing& message) {
  ++messages_;
  std::error_code refused = refusal(*message.to);
  advance_to(now_ + host_.send_cost);
  if (!refused) {
    const Bytes packet = packet_of(socket_id, message);
    const bool dont_fragment = sockets_.dont_fragment(socket_id);
    const bool fits = !dont_fragment || packet.size() <= host_.mtu;
    if (fits && packet.size() <= host_.peer_mtu) {
      if (is_link_local(*message.to)) sockets_.set_link_scope(message.to->scope_id());
      transmit(packet, dont_fragment);
      return {};
    }
    refused = {fits ? ENOBUFS : EMSGSIZE, std::system_category()};
  }
  ++log_.refused_sends;
  return refused;
}

net::SendReport SimulatedPacketIo::send(net::SocketId socket_id, std::span<const net::Outgoing> messages) {
  net::SendReport report{.started = now_};
  ++log_.send_calls;
  for (const net::Outgoing& message : messages) {
    report.refused = send_one(socket_id, message);
    if (report.refused) break;
    ++report.accepted;
  }
  report.finished = now_;
  return report;
}

std::error_code SimulatedPacketIo::connect(const net::Connecting& connecting) {
  const ProbeOptions& profile = profiles_.at(connecting.profile);
  if (sockets_.open().size() + connections_.size() >= host_.descriptors) return {EMFILE, std::system_category()};
  ++messages_;
  std::error_code refused = refusal(*connecting.to);
  advance_to(now_ + host_.send_cost);
  const auto source_port = static_cast<std::uint16_t>(profile.source_port);
  if (!refused)
    refused = connections_.start({connecting.token, header_to(*connecting.to, profile, connecting.ttl), source_port,
                                  port_asked(profile), profile.flow},
                                 now_);
  log_.refused_sends += refused ? 1U : 0U;
  log_.most_connections = std::max(log_.most_connections, connections_.size());
  return refused;
}

void SimulatedPacketIo::advance_to(Instant time) {
  if (host_.stall && time >= host_.start + host_.stall->at) {
    time = std::max(time, host_.start + host_.stall->at + host_.stall->length);
    host_.stall.reset();
  }
  for (Instant next = next_event(); next <= time && next != Instant::max(); next = next_event()) {
    now_ = std::max(now_, next);
    connections_.run_timers(now_);
    if (flying_.empty() || flying_.top().at > now_) continue;
    const InFlight packet = flying_.top();
    flying_.pop();
    arrive(packet);
  }
  now_ = std::max(now_, time);
  while (next_happening_ < host_.happenings.size() && host_.start + host_.happenings[next_happening_].at <= now_)
    host_.happenings[next_happening_++].action();
}

// The time of the next packet of the network or the next timer of this kernel.
Instant SimulatedPacketIo::next_event() const noexcept {
  const Instant packet = flying_.empty() ? Instant::max() : flying_.top().at;
  return std::min(packet, connections_.next_timer());
}

void SimulatedPacketIo::arrive(const InFlight& packet) {
  const auto datagram = parse_datagram(packet.bytes);
  if (!datagram || datagram->message.empty()) return;
  if (sound(*datagram) && is_error(*datagram) && reports_mtu(*datagram)) learn_mtu(*datagram);
  sockets_.arrive(*datagram, packet.bytes, packet.at);
  connections_.arrive(*datagram, packet.at);
}

std::span<const net::Incoming> SimulatedPacketIo::receive(net::SocketId socket_id, bool& more) {
  return sockets_.receive(socket_id, more, now_);
}

std::span<const net::QueuedError> SimulatedPacketIo::receive_errors(net::SocketId socket_id, bool& more) {
  return sockets_.receive_errors(socket_id, more, now_);
}

std::span<const net::Connected> SimulatedPacketIo::connections(bool& more) { return connections_.take(more, now_); }

bool SimulatedPacketIo::is_own(const Address& address, Protocol) {
  return std::ranges::find(host_.addresses, address) != host_.addresses.end();
}

net::LocalNetwork* SimulatedPacketIo::local_network(Protocol) { return neighbours_ ? &*neighbours_ : nullptr; }

void SimulatedPacketIo::wait(Instant until) {
  ++log_.waits;
  const Instant before = now_;
  while (!something() && now_ < until && !woken_.exchange(false)) {
    Instant next = std::min(until, next_event());
    if (next_happening_ < host_.happenings.size())
      next = std::min(next, host_.start + host_.happenings[next_happening_].at);
    advance_to(next);
  }
  log_.last_waited = now_;
  idle_waits_ = now_ == before && !something() ? idle_waits_ + 1 : 0;
  if (idle_waits_ > most_idle_waits) throw std::logic_error{"busy loop: waits without end, and no time passes"};
}

}  // namespace multiping::test
