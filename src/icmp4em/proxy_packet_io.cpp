// Sockets of its own echo requests go through a ProxyTranslator; calls for all other sockets go to the PacketIo
// below. See proxy_packet_io.hpp.
#include "icmp4em/proxy_packet_io.hpp"

#include <algorithm>
#include <utility>

#include "multiping/error.hpp"
#include "values/address_kinds.hpp"
#include "values/probe_option_table.hpp"

namespace multiping::icmp4em {
namespace {

/// In the PacketIo below the datagrams to the proxy have this profile, and each profile of the caller a number one
/// higher.
constexpr net::ProfileNumber proxy_profile = 0;
/// The caller's UDP probes have turns below this one.
constexpr unsigned first_turn = 1'000;
/// Both families share one bucket of the pacing.
constexpr std::uint8_t only_client = 0;

net::ProfileNumber below(net::ProfileNumber profile) noexcept { return profile + 1; }

std::uint16_t nonzero_id(std::uint64_t random) noexcept {
  const auto id = static_cast<std::uint16_t>(random >> 48U);
  return id == 0 ? std::uint16_t{1} : id;
}

/// The first option in use that the protocol has no field for, with its value; empty when there is none.
std::string lacking_option(Family family, const ProbeOptions& probe) {
  std::string lacking;
  each_option([&](const auto& option) {
    if (!lacking.empty() || option.over_proxy || !option.concerns(family) || !option.is_set(probe)) return;
    const std::string value = value_text(probe.*option.member);
    lacking = std::string{option.name} + (value.empty() ? "" : " " + value);
  });
  return lacking;
}

}  // namespace

ProxyPacketIo::ProxyPacketIo(std::unique_ptr<net::PacketIo> io, const ProxyAddress& proxy,
                             const net::SocketsNeeded& request, std::uint64_t random)
    : io_{std::move(io)},
      proxy_{proxy},
      // The two families start their numbers 2^31 apart: the original proxy keeps the numbers of both in one table.
      paths_{Path{.echoes = {Family::ipv4, nonzero_id(random), static_cast<std::uint32_t>(random)}, .turn = first_turn},
             Path{.echoes = {Family::ipv6, nonzero_id(random), static_cast<std::uint32_t>(random) ^ 0x8000'0000U},
                  .turn = first_turn + 1}} {
  io_->set_profile(proxy_profile, {.protocol = Protocol::udp, .port = proxy.port});
  for (std::size_t i = 0; i < request.profiles.size(); ++i)
    set_profile(static_cast<net::ProfileNumber>(i), request.profiles[i]);
}

void ProxyPacketIo::set_profile(net::ProfileNumber profile, const ProbeOptions& options) {
  if (profiles_.size() <= profile) profiles_.resize(std::size_t{profile} + 1);
  profiles_[profile] = options;
  io_->set_profile(below(profile), options);
}

net::SendPath ProxyPacketIo::way(Family family, net::ProfileNumber profile, unsigned turn) {
  const ProbeOptions& options = profiles_[profile];
  if (options.protocol != Protocol::icmp) return io_->way(family, below(profile), turn);
  const std::string option = lacking_option(family, options);
  if (!option.empty())
    return {.error = Errc::not_supported,
            .doing = "cannot use ProbeOptions::" + option + " over a transport of kind proxy"};
  return open(path(family));
}

net::SendPath ProxyPacketIo::open(Path& path) {
  net::SendPath way = io_->way(proxy_.address.family(), proxy_profile, path.turn);
  if (way.kind != net::SendPath::Kind::socket_id) return way;
  path.socket_id = way.socket_id;
  path.echoes.set_receive_room(std::min(io_->channel(way.socket_id).receive_room, most_fresh));
  return way;
}

const ProxyPacketIo::Path* ProxyPacketIo::path_of(net::SocketId socket_id) const noexcept {
  const auto found = std::ranges::find(paths_, std::optional{socket_id}, &Path::socket_id);
  return found == paths_.end() ? nullptr : &*found;
}

ProxyPacketIo::Path* ProxyPacketIo::path_of(net::SocketId socket_id) noexcept {
  return const_cast<Path*>(std::as_const(*this).path_of(socket_id));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

const net::Channel& ProxyPacketIo::channel(net::SocketId socket_id) const noexcept {
  const Path* path = path_of(socket_id);
  return path == nullptr ? io_->channel(socket_id) : path->echoes.channel();
}

Address ProxyPacketIo::source(net::SocketId socket_id, const Address& to, net::ProfileNumber profile) {
  return path_of(socket_id) == nullptr ? io_->source(socket_id, to, below(profile)) : Address{};
}

std::error_code ProxyPacketIo::connect(const net::Connecting& connecting) {
  net::Connecting passed = connecting;
  passed.profile = below(connecting.profile);
  return io_->connect(passed);
}

std::size_t ProxyPacketIo::room() const noexcept {
  const std::size_t fresh = paths_[0].echoes.table().fresh() + paths_[1].echoes.table().fresh();
  return most_fresh - std::min(most_fresh, fresh);
}

Instant ProxyPacketIo::room_at() const noexcept {
  if (room() > 0) return std::min(io_->room_at(), paused_until_);
  const Instant stale = std::min(paths_[0].echoes.table().fresh_until(), paths_[1].echoes.table().fresh_until());
  return std::min(io_->room_at(), std::max(stale, paused_until_));
}

net::SendReport ProxyPacketIo::send(net::SocketId socket_id, std::span<const net::Outgoing> messages) {
  if (Path* path = path_of(socket_id)) return send_requests(*path, messages);
  outgoing_.assign(messages.begin(), messages.end());
  for (net::Outgoing& message : outgoing_) message.profile = below(message.profile);
  return io_->send(socket_id, outgoing_);
}

net::SendReport ProxyPacketIo::send_requests(Path& path, std::span<const net::Outgoing> messages) {
  keep_alive(path);
  const Instant now = io_->now();
  for (Path& each : paths_) each.echoes.table().set_time(now);
  ProxyRequests& table = path.echoes.table();
  if (table.awaited() == 0) path.keep_alive_at = after(now, keep_alive_period);

  const std::size_t most = now < paused_until_ ? 0 : std::min(room(), messages.size());
  frames_.clear();
  outgoing_.clear();
  std::error_code objection;
  for (std::size_t i = 0; i < most; ++i) {
    objection = proxy_objection(messages[i]);
    if (objection || !may_send(now)) break;
    frames_.push_back(path.echoes.request(messages[i], now));
  }
  for (const auto& frame : frames_)
    outgoing_.push_back({.to = &proxy_.address, .bytes = frame, .profile = proxy_profile});

  net::SendReport report = io_->send(*path.socket_id, outgoing_);
  for (std::size_t unsent = frames_.size(); unsent > report.accepted; --unsent) {
    table.take_back();
    pacing_.give_back(only_client);
  }
  if (report.accepted < frames_.size()) return report;
  report.refused = objection;
  report.full = !objection && frames_.size() < messages.size();
  return report;
}

/// Takes a token of the pacing. When there is none, requests pause until there is one.
bool ProxyPacketIo::may_send(Instant now) {
  const Duration wait = pacing_.take(only_client, now);
  if (wait > Duration{}) paused_until_ = std::max(paused_until_, after(now, wait));
  return wait <= Duration{};
}

void ProxyPacketIo::keep_alive(Path& path) {
  const Instant now = io_->now();
  path.echoes.table().set_time(now);
  if (path.echoes.table().awaited() == 0 || now < path.keep_alive_at) return;
  path.keep_alive_at = after(now, keep_alive_period);
  static_cast<void>(send_keep_alive(path));  // after a failure the next period tries again
}

std::error_code ProxyPacketIo::send_keep_alive(Path& path) {
  const net::Outgoing frame{.to = &proxy_.address, .bytes = path.echoes.keep_alive(), .profile = proxy_profile};
  return io_->send(*path.socket_id, std::span{&frame, 1}).refused;
}

/// Compares addresses without their zones: a kernel may leave the zone out.
bool ProxyPacketIo::is_proxy(const Address& address, std::uint16_t port) const noexcept {
  return port == proxy_.port && same_octets(address, proxy_.address);
}

std::span<const net::Incoming> ProxyPacketIo::receive(net::SocketId socket_id, bool& more) {
  Path* path = path_of(socket_id);
  if (path == nullptr) return io_->receive(socket_id, more);
  if (const std::size_t again = std::exchange(path->given_back, 0); again > 0) {
    more = true;
    return path->echoes.heard().last(again);
  }
  path->echoes.clear_heard();
  for (const net::Incoming& datagram : io_->receive(socket_id, more))
    path->echoes.take(datagram, is_proxy(datagram.from, datagram.port));
  if (path->echoes.was_quenched()) paused_until_ = after(io_->now(), pause);
  keep_alive(*path);
  return path->echoes.heard();
}

/// Errors from the proxy cannot be given back: they are lost.
void ProxyPacketIo::give_back(Taken what, net::SocketId socket_id, std::size_t count) noexcept {
  Path* path = path_of(socket_id);
  if (what == Taken::connections || path == nullptr) return io_->give_back(what, socket_id, count);
  if (what == Taken::packets) path->given_back = count;
}

std::span<const net::QueuedError> ProxyPacketIo::receive_errors(net::SocketId socket_id, bool& more) {
  Path* path = path_of(socket_id);
  if (path == nullptr) return io_->receive_errors(socket_id, more);
  for (const net::QueuedError& error : io_->receive_errors(socket_id, more)) {
    if (!is_proxy(error.destination, error.port)) continue;
    last_error_ = delivery_error(error, proxy_.address.family());
    path->echoes.undelivered(error.quoted, last_error_, error.arrival);
  }
  return path->echoes.told(more);
}

Instant ProxyPacketIo::next_chore() const noexcept {
  Instant next = io_->next_chore();
  for (const Path& path : paths_) {
    if (path.given_back > 0) return Instant::min();
    if (path.echoes.table().awaited() > 0) next = std::min(next, path.keep_alive_at);
  }
  return next;
}

void ProxyPacketIo::wait(Instant until) {
  for (Path& path : paths_) {
    keep_alive(path);
    if (path.echoes.has_told()) return;
  }
  io_->wait(std::min(until, next_chore()));
}

std::error_code ProxyPacketIo::look_for_proxy(Duration time) {
  Path& path = this->path(Family::ipv4);
  if (const net::SendPath way = open(path); way.kind != net::SendPath::Kind::socket_id) return way.error;
  if (const auto refused = send_keep_alive(path)) return refused;
  const Instant until = after(io_->now(), time);
  bool more = true;
  do {
    static_cast<void>(receive_errors(*path.socket_id, more));
    if (last_error_) return last_error_;
    io_->wait(until);
    static_cast<void>(receive(*path.socket_id, more));
  } while (io_->now() < until);
  return {};
}

}  // namespace multiping::icmp4em
