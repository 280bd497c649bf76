// Keeps connections in a table by descriptor; an epoll(7) event names descriptor and generation.
// See tcp_connector.hpp.
#include "os/tcp_connector.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <linux/tcp.h>  // rather than <netinet/tcp.h>, whose tcp_info may be older

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "os/clock.hpp"
#include "os/control_message.hpp"
#include "os/error_queue.hpp"
#include "os/kernel_constants.hpp"
#include "os/packet_ttl_tos_mark.hpp"
#include "os/probe_option_support.hpp"
#include "os/socket_basics.hpp"
#include "os/source_address_finder.hpp"
#include "values/flow_label.hpp"
#include "values/protocol_traits.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t outcomes_at_once = 64;
constexpr std::size_t largest_report = 1536;
constexpr int most_entries = 8;  ///< Entries of one error queue that are read to find an ICMP error.
/// Descriptors left to the rest of the process, for files to read and names to look up.
constexpr rlim_t spared_descriptors = 8;

/// Too few watches of epoll(7) (ENOSPC) count as too few descriptors (EMFILE): both pass when other connections end.
std::error_code as_shortage(std::error_code error) noexcept {
  return error == std::errc::no_space_on_device ? std::error_code{EMFILE, std::system_category()} : error;
}

/// The error of connect(2), except EADDRNOTAVAIL, which has several causes and becomes one of these. ENETUNREACH: this
/// host has no address to send from (IPv6 may be disabled), which does not pass. EAGAIN: no port is left, which passes.
/// EADDRINUSE: the port that was asked for is in use between these two addresses. When the cause cannot be found out
/// for lack of descriptors, memory or ports, the result is that error.
std::error_code told_apart(std::error_code error, const Address& to, const ProbeOptions& probe) noexcept {
  if (error != std::errc::address_not_available) return error;
  SourceAddressFinder finder;
  errno = 0;
  if (!finder.open(to.family(), probe.device) || !finder.find(to, probe)) {
    const std::error_code obstacle = last_error();
    const bool passes = concerns_all(obstacle) || obstacle == std::errc::resource_unavailable_try_again;
    return passes ? obstacle : std::error_code{ENETUNREACH, std::system_category()};
  }
  const bool chosen_by_kernel = probe.source_port == 0 && !probe.flow;
  return {chosen_by_kernel ? EAGAIN : EADDRINUSE, std::system_category()};
}

bool use_flow_label(int socket, std::uint32_t label, SocketAddress& to) noexcept {
  if (label == 0) return set_option(socket, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0);
  to.v6.sin6_flowinfo = htonl(label);
  return set_option(socket, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1);
}

/// Sets the options of the probe; false, with errno set, when one is refused.
bool configure(int socket, const ProbeOptions& probe, const net::Connecting& connecting, SocketAddress& to) noexcept {
  const Family family = connecting.to->family();
  const bool v4 = family == Family::ipv4;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  report_errors(socket, family);
  set_option(socket, level, v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1);
  if (!set_packet_numbers(socket, family, probe, connecting.ttl)) return false;
  if (probe.dont_fragment && !forbid_fragments(socket, family)) return false;
  if (!probe.device.empty() && !bind_to_device(socket, probe.device)) return false;
  const auto label = flow_label(family, probe);
  return !label || use_flow_label(socket, *label, to);
}

/// SO_REUSEADDR lets one port serve many targets.
bool bind_to_port(int socket, Family family, const Address& source, std::uint16_t port) noexcept {
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  return bind_to(socket, family, source, port);
}

/// A socket that keeps a free port: sockets of this file can bind to the port too, but the kernel gives it to no socket
/// that asks for any port. Empty, with errno set, when there is none.
FileDescriptor hold_port(Family family) noexcept {
  FileDescriptor holder = open_socket(family, SOCK_STREAM, IPPROTO_TCP);
  if (!holder || !bind_to(holder.value(), family, {}, 0)) return {};
  // After the bind: otherwise the kernel could choose a port that another flow has.
  set_option(holder.value(), SOL_SOCKET, SO_REUSEADDR, 1);
  return holder;
}

/// Makes close(2) reset the connection, so that nothing stays in TIME_WAIT.
void reset_at_close(int socket) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/// Whether a reset came in another state than SYN-SENT: after the connection was established, or after a bare SYN from
/// the other side, which anybody can forge.
bool was_reset(int error) noexcept { return error == ECONNRESET || error == EPIPE; }

std::optional<tcp_info> info_of(int socket) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  return info;
}

/// Whether the other side has acknowledged our SYN; for that it must know the sequence number.
bool is_acknowledged(int socket) noexcept {
  const auto info = info_of(socket);
  return info && info->tcpi_bytes_acked > 0;
}

/// Whether the socket is connected to itself: a SYN to a free port of this host that is sent from that port opens such
/// a connection (RFC 9293, simultaneous open).
bool is_own_peer(int socket, std::uint16_t port) noexcept {
  SocketAddress name{}, peer{};
  socklen_t length = sizeof name;
  if (::getsockname(socket, &name.any, &length) != 0 || port_of(name) != port) return false;
  length = sizeof peer;
  return ::getpeername(socket, &peer.any, &length) == 0 && from_socket_address(name) == from_socket_address(peer);
}

std::uint64_t event_key(int socket, std::uint32_t generation) noexcept {
  return std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(socket);
}
int socket_of(const epoll_event& event) noexcept { return static_cast<int>(event.data.u64 & 0xffffffffU); }
std::uint32_t generation_of(const epoll_event& event) noexcept {
  return static_cast<std::uint32_t>(event.data.u64 >> 32U);
}

}  // namespace

TcpConnector::~TcpConnector() {
  for (const Connection& connection : connections_)
    if (connection.live) give_up(static_cast<int>(&connection - connections_.data()));
}

bool TcpConnector::bind_to_source(int socket, Family family, const ProbeOptions& probe) {
  const Address& source = source_of(probe, family);
  if (probe.source_port != 0)
    return bind_to_port(socket, family, source, static_cast<std::uint16_t>(probe.source_port));
  if (probe.flow) return bind_to_flow(socket, family, probe);
  if (!source) return true;
  // connect(2) chooses the port, since it knows the target.
  set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind_to(socket, family, source, 0);
}

bool TcpConnector::bind_to_flow(int socket, Family family, const ProbeOptions& probe) {
  FileDescriptor& holder = flow_ports_[{family, *probe.flow}];
  if (!holder) holder = hold_port(family);
  return holder && bind_to_port(socket, family, source_of(probe, family), bound_port(holder.value()));
}

bool TcpConnector::is_spared(int socket) noexcept {
  if (static_cast<std::uint64_t>(socket) < spared_from_) return false;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  spared_from_ = limit.rlim_cur - std::min<rlim_t>(limit.rlim_cur, spared_descriptors);
  return static_cast<std::uint64_t>(socket) >= spared_from_;
}

std::error_code TcpConnector::connect(const net::Connecting& connecting, const ProbeOptions& probe) {
  const std::uint64_t token = connecting.token;
  const Address& to = *connecting.to;
  abandon(token);
  if (!watch_) watch_ = FileDescriptor{::epoll_create1(EPOLL_CLOEXEC)};
  if (!watch_) return last_error();
  FileDescriptor socket = open_socket(to.family(), SOCK_STREAM, IPPROTO_TCP);
  if (!socket) return last_error();
  if (under_way() > 0 && is_spared(socket.value())) return {EMFILE, std::system_category()};
  SocketAddress address{};
  const socklen_t length = to_socket_address(to, address);
  set_port(address, destination_port(probe));
  const bool ready =
      configure(socket.value(), probe, connecting, address) && bind_to_source(socket.value(), to.family(), probe);
  if (!ready) return last_error();
  const Instant started = monotonic_now();
  if (::connect(socket.value(), &address.any, length) != 0 && errno != EINPROGRESS) {
    const std::error_code error = last_error();
    socket = {};
    return told_apart(error, to, probe);
  }
  enter(std::move(socket), {.token = token, .started = started, .port = destination_port(probe)});
  const int entered = *tokens_.find(token);
  const std::error_code error = watch(entered);
  if (error) close(entered);
  return error;
}

void TcpConnector::enter(FileDescriptor socket, Connection begun) {
  const auto place = static_cast<std::size_t>(socket.value());
  if (connections_.size() <= place) connections_.resize(std::max(place + 1, connections_.size() * 2));
  tokens_.reserve_one();
  const int number = socket.release();
  Connection& connection = connections_[place];
  begun.generation = connection.generation + 1;
  begun.live = true;
  connection = begun;
  tokens_.insert(begun.token, number);
}

/// Each event comes once: a closed socket that stays in the epoll set, since another process holds it too, gives no
/// further event.
std::error_code TcpConnector::watch(int socket) const noexcept {
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLONESHOT;
  event.data.u64 = event_key(socket, connections_[static_cast<std::size_t>(socket)].generation);
  if (::epoll_ctl(watch_.value(), EPOLL_CTL_ADD, socket, &event) == 0) return {};
  return as_shortage(last_error());
}

void TcpConnector::rearm(const epoll_event& event) const noexcept {
  epoll_event again{};
  again.events = EPOLLOUT | EPOLLONESHOT;
  again.data.u64 = event.data.u64;
  ::epoll_ctl(watch_.value(), EPOLL_CTL_MOD, socket_of(event), &again);
}

void TcpConnector::close(int socket) noexcept {
  Connection& connection = connections_[static_cast<std::size_t>(socket)];
  connection.live = false;
  tokens_.erase(connection.token);
  ::close(socket);
}

void TcpConnector::abandon(std::uint64_t token) noexcept {
  const auto socket = tokens_.find(token);
  if (!socket) return;
  ::epoll_ctl(watch_.value(), EPOLL_CTL_DEL, *socket, nullptr);
  give_up(*socket);
}

void TcpConnector::give_up(int socket) noexcept {
  reset_at_close(socket);
  close(socket);
}

std::span<const net::Connected> TcpConnector::connections(bool& more) {
  more = false;
  if (const std::size_t again = std::exchange(given_back_, 0); again > 0) {
    more = true;
    return std::span<const net::Connected>{outcomes_}.last(again);
  }
  outcomes_.clear();
  if (under_way() == 0) return {};
  // Makes room before epoll_wait(2), since each event comes only once.
  outcomes_.reserve(outcomes_at_once);
  if (!reports_) reports_.emplace(outcomes_at_once, largest_report);
  std::array<epoll_event, outcomes_at_once> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const int ready = ::epoll_wait(watch_.value(), events.data(), static_cast<int>(events.size()), 0);
  more = ready == static_cast<int>(events.size());
  if (ready <= 0) return {};
  const Instant now = monotonic_now();
  reports_read_ = 0;
  for (const epoll_event& event : std::span{events}.first(static_cast<std::size_t>(ready))) take(event, now);
  return outcomes_;
}

void TcpConnector::take(const epoll_event& event, Instant now) {
  const int socket = socket_of(event);
  const Connection& connection = connections_[static_cast<std::size_t>(socket)];
  if (!connection.live || connection.generation != generation_of(event)) return;
  net::Connected outcome{.token = connection.token, .arrival = {.read = now}};
  const bool writable = (event.events & EPOLLOUT) != 0, closed = (event.events & EPOLLHUP) != 0;
  if (writable && !closed) return conclude_established(socket, outcome);
  int error = option(socket, SOL_SOCKET, SO_ERROR);
  if (closed && was_reset(error)) {
    if (is_acknowledged(socket)) return conclude(socket, Fate::connected, outcome);
    error = ECONNRESET;
  }
  // An ICMP error that comes during a call on the socket is only in the error queue, and the kernel goes on trying.
  outcome.report = read_report(socket, error);
  if (outcome.report) outcome.report->arrival = outcome.arrival;
  if (!closed && !outcome.report) return rearm(event);
  outcome.error = {error != 0 ? error : ECONNABORTED, std::system_category()};
  conclude(socket, Fate::failed, outcome);
}

/// A connection to itself counts as refused: no server listens on a port that a connecting socket could take.
void TcpConnector::conclude_established(int socket, net::Connected outcome) {
  if (!is_own_peer(socket, connections_[static_cast<std::size_t>(socket)].port))
    return conclude(socket, Fate::connected, outcome);
  outcome.error = {ECONNREFUSED, std::system_category()};
  reset_at_close(socket);
  conclude(socket, Fate::failed, outcome);
}

void TcpConnector::conclude(int socket, Fate fate, net::Connected outcome) {
  if (fate == Fate::connected) {
    outcome.rtt = round_trip(socket, outcome.arrival.read);
    reset_at_close(socket);
  }
  close(socket);
  outcomes_.push_back(outcome);
}

std::optional<net::QueuedError> TcpConnector::read_report(int socket, int& error) {
  for (int entries = 0; entries < most_entries; ++entries) {
    const auto room = reports_->fresh(true).subspan(reports_read_, 1);
    if (calls_.receive(socket, room, MSG_ERRQUEUE) != 1) return std::nullopt;
    reports_->filled(reports_read_ + 1);
    const ControlData control = read_control(reports_->header(reports_read_));
    auto report = queued_error(*reports_, reports_read_, control);
    if (!report) continue;
    if (error == 0) error = control.error->number;
    ++reports_read_;
    return report;
  }
  return std::nullopt;
}

std::optional<Duration> TcpConnector::round_trip(int socket, Instant now) const noexcept {
  const auto info = info_of(socket);
  if (!info) return std::nullopt;
  const Duration rtt = std::chrono::microseconds{info->tcpi_rtt};
  const Duration since = now - connections_[static_cast<std::size_t>(socket)].started;
  // When the SYN was sent again, the kernel measures the last one, or nothing.
  if (rtt <= Duration{} || rtt > since || info->tcpi_total_retrans != 0) return std::nullopt;
  return rtt;
}

}  // namespace multiping::os
