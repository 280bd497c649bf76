// Follows RFC 9293 in states SYN-SENT and SYN-RECEIVED, the timers of tcp(7), and tcp_v4_err() and tcp_v6_err().
// See simulated_connections.hpp.
#include "sim/simulated_connections.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "sim/message_edits.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t first_ephemeral = 32'768;
constexpr Duration first_timeout = 1s;
constexpr unsigned most_retransmissions = 6;  // tcp_syn_retries
constexpr std::size_t results_per_call = 64;

// The address as packets have it: without the zone of a link-local address.
Address on_the_wire(const Address& address) {
  if (address.family() == Family::ipv4) return address;
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  return Address::v6(octets);
}

// A SYN with the options that Linux sends: a maximum segment size, and SACK permitted.
Bytes syn_segment(std::uint16_t source_port, std::uint16_t port, std::uint32_t number) {
  Bytes segment(20);
  put16(segment, 0, source_port);
  put16(segment, 2, port);
  put32(segment, 4, number);
  segment[12] = 0x70;
  segment[13] = flag_syn;
  put16(segment, 14, 64'240);
  append(segment, Bytes{2, 4, 0x05, 0xB4, 1, 1, 4, 2});
  return segment;
}

}  // namespace

std::uint16_t SimulatedConnections::free_port() {
  for (std::size_t tries = 0; tries < host_.ephemeral_ports; ++tries) {
    const auto port = static_cast<std::uint16_t>(first_ephemeral + next_port_);
    next_port_ = static_cast<std::uint16_t>((next_port_ + 1U) % host_.ephemeral_ports);
    const auto is_port = [port](const auto& flow) { return flow.second == port; };
    if (!ports_.contains(port) && std::none_of(flow_ports_.begin(), flow_ports_.end(), is_port)) return port;
  }
  return 0;
}

std::uint16_t SimulatedConnections::local_port(const Request& request) {
  if (request.source_port != 0) return request.source_port;
  if (!request.flow) return free_port();
  std::uint16_t& port = flow_ports_[{request.ip.destination.family(), *request.flow}];
  if (port == 0) port = free_port();
  return port;
}

std::error_code SimulatedConnections::start(const Request& request, Instant now) {
  const Key key{local_port(request), on_the_wire(request.ip.destination), request.port};
  if (key.source_port == 0) return {EADDRNOTAVAIL, std::system_category()};
  if (open_.contains(key)) return {EADDRINUSE, std::system_category()};
  next_number_ = static_cast<std::uint32_t>(mix(next_number_));
  const Connection connection{request.token, request.ip, next_number_, now, now + first_timeout};
  ++ports_[key.source_port];
  open_.emplace(key, connection);
  send_syn(key, connection);
  return {};
}

void SimulatedConnections::send_syn(const Key& key, const Connection& connection) const {
  transmit_(finish(connection.ip, syn_segment(key.source_port, key.port, connection.number), false));
}

void SimulatedConnections::abandon(std::uint64_t token) noexcept {
  const auto at =
      std::find_if(open_.begin(), open_.end(), [&](const auto& each) { return each.second.token == token; });
  if (at == open_.end()) return;
  if (--ports_[at->first.source_port] == 0) ports_.erase(at->first.source_port);
  open_.erase(at);
}

void SimulatedConnections::decide(Open::iterator at, int error, Decided decided) {
  decided.connected.token = at->second.token;
  if (error != 0) decided.connected.error = {error, std::system_category()};
  decided_.push_back(std::move(decided));
  abandon(at->second.token);
}

void SimulatedConnections::arrive(const Datagram& datagram, Instant at) {
  if (!sound(datagram)) return;
  if (datagram.protocol() == Protocol::tcp) return arrive_segment(datagram, at);
  if (is_error(datagram)) arrive_error(datagram, at);
}

void SimulatedConnections::arrive_segment(const Datagram& datagram, Instant at) {
  const ByteView segment = datagram.message;
  if (segment.size() < header_size(Protocol::tcp)) return;
  const auto found = open_.find({get16(segment, 2), datagram.ip.source, get16(segment, 0)});
  if (found == open_.end()) return;
  Connection& connection = found->second;
  const unsigned flags = segment[13];
  const std::uint32_t number = get32(segment, 4);
  const bool acknowledges = (flags & flag_ack) != 0 && get32(segment, 8) == connection.number + 1;
  if (acknowledges && !connection.crossed) return arrive_acknowledged(found, datagram, at);
  // Simultaneous open. A reset counts when its sequence number is the next one; it does not prove that the SYN arrived.
  if (!connection.crossed && flags == flag_syn)
    connection.crossed = number + 1;
  else if (connection.crossed && (flags & flag_rst) != 0 && number == *connection.crossed)
    return decide(found, ECONNRESET, {});
  else if (connection.crossed && acknowledges && number + 1 == *connection.crossed)
    return arrive_acknowledged(found, datagram, at);
}

void SimulatedConnections::arrive_acknowledged(Open::iterator at, const Datagram& datagram, Instant time) {
  const Connection& connection = at->second;
  const unsigned flags = datagram.message[13];
  if ((flags & flag_rst) != 0) return decide(at, ECONNREFUSED, {});
  if ((flags & flag_syn) == 0) return;
  Decided decided;
  // After a retransmission there is no round-trip time: the answer may be to any of the SYNs (Karn's algorithm).
  if (connection.retransmissions == 0) decided.connected.rtt = time - connection.started;
  decide(at, 0, std::move(decided));
}

// The kernel finds the connection by all quoted addresses and ports, and then checks the quoted sequence number.
void SimulatedConnections::arrive_error(const Datagram& error, Instant at) {
  const auto quoted = quoted_datagram(error);
  if (!quoted || quoted->protocol() != Protocol::tcp || quoted->message.size() < 8 || reports_mtu(error)) return;
  const auto found = open_.find({get16(quoted->message, 0), quoted->ip.destination, get16(quoted->message, 2)});
  if (found == open_.end() || quoted->ip.source != found->second.ip.source) return;
  if (get32(quoted->message, 4) - found->second.number > 1) return;
  auto report = queue_report(error, {.read = at});
  if (report) decide(found, errno_of(error), {.connected = {}, .reported = true, .report = std::move(*report)});
}

Instant SimulatedConnections::next_timer() const noexcept {
  Instant next = Instant::max();
  for (const auto& [key, connection] : open_) next = std::min(next, connection.next_syn);
  return next;
}

void SimulatedConnections::run_timers(Instant now) {
  for (auto at = open_.begin(); at != open_.end();) {
    const auto current = at++;
    Connection& connection = current->second;
    if (connection.next_syn > now) continue;
    if (connection.retransmissions == most_retransmissions) {
      decide(current, ETIMEDOUT, {});
      continue;
    }
    ++connection.retransmissions;
    connection.next_syn += first_timeout * (1 << connection.retransmissions);
    send_syn(current->first, connection);
  }
}

std::span<const net::Connected> SimulatedConnections::take(bool& more, Instant now) {
  handed_.clear();
  views_.clear();
  while (!decided_.empty() && handed_.size() < results_per_call) {
    handed_.push_back(std::move(decided_.front()));
    decided_.pop_front();
  }
  more = handed_.size() == results_per_call;
  for (const Decided& each : handed_) {
    net::Connected& view = views_.emplace_back(each.connected);
    view.arrival.read = now;
    if (!each.reported) continue;
    view.report = each.report.error;
    view.report->quoted = each.report.quoted;
    view.report->arrival.read = now;
  }
  return views_;
}

}  // namespace multiping::test
