// A socket keeps its number while it is open; lists of numbers say which sockets are open, free, unused or read.
// See socket_pool.hpp.
#include "os/socket_pool.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "os/clock.hpp"
#include "os/socket_basics.hpp"
#include "values/address_kinds.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t many_sockets = 16;
constexpr std::size_t few_to_look_at = 8;    ///< With at most this many open sockets, drops() reads all.
constexpr std::size_t worth_two_calls = 16;  ///< From this number of targets on, never_cut() saves time.
constexpr std::size_t most_sockets = std::numeric_limits<net::SocketId>::max();
constexpr std::size_t largest_wanted_buffer = 4U << 20U;
constexpr std::size_t smallest_buffer = 2048;    ///< Bytes that a receive buffer has at least, whatever its size.
constexpr std::size_t small_answer_cost = 1024;  ///< Bytes of the buffer that a small answer takes up, rounded up.
/// Packets in the send buffer that wait for the link-layer addresses of their neighbours. The kernel's neighbour table
/// usually has room for 1024 entries. When it is full, IPv4 refuses the packet with an error that passes; IPv6 gives
/// EINVAL, as for no route, and on ping sockets no error at all.
constexpr std::size_t most_held_v4 = 4096, most_held_v6 = 512;
/// The least for each of several transports. Fewer would slow down packets that need not wait for a neighbour.
constexpr std::size_t least_held = 128;

std::size_t receive_buffer_of(int socket) noexcept {
  return static_cast<std::size_t>(option(socket, SOL_SOCKET, SO_RCVBUF));
}

/// Returns the receive buffer, in bytes, that a new socket of this process gets when it asks for `bytes`.
std::size_t attainable_buffer(Family family, std::size_t bytes) noexcept {
  const FileDescriptor socket = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  raise_buffer(socket.value(), SO_RCVBUF, SO_RCVBUFFORCE, bytes);
  return receive_buffer_of(socket.value());
}

/// True for sockets that stay open without users, since late answers to plain ICMP probes are common.
bool is_plain_icmp(const SocketKey& key) { return key == plain_socket(key.family); }

/// True when the kernel counts packets with a wrong checksum as drops of this socket, before any filter.
bool counts_damage(const PooledSocket& pooled) noexcept {
  if (pooled.key.protocol == Protocol::udp) return true;
  return pooled.key.family == Family::ipv6 && !pooled.channel.kernel_owns_id;
}

std::size_t index(Family family) noexcept { return family == Family::ipv4 ? 0 : 1; }

/// True when this host may fragment the packets of the socket. None of them is larger than net::carried_by_ipv4.
bool may_be_cut(const PooledSocket& pooled) noexcept {
  const SocketKey& key = pooled.key;
  return key.family == Family::ipv4 && key.protocol == Protocol::icmp && !key.dont_fragment && !pooled.without_df;
}

bool gives_ip_header(TransportKind kind, const SocketKey& key) noexcept {
  if (key.family != Family::ipv4 || key.protocol == Protocol::udp) return false;
  return key.protocol != Protocol::icmp || kind == TransportKind::raw;
}

}  // namespace

SocketPool::SocketPool(TransportKind kind, const TransportOptions& options, const net::SocketsNeeded& request,
                       Sources sources)
    : kind_{kind},
      sources_{std::move(sources)},
      receive_buffer_{options.receive_buffer},
      send_buffer_{options.send_buffer},
      targets_{request.targets},
      transports_{request.transports},
      remembered_mtu_{request.measures_mtu ? RememberedMtu::ignored : RememberedMtu::believed} {}

SocketPool::~SocketPool() {
  if (!sources_.idle) return;
  for (const net::SocketId number : open_) {
    PooledSocket& pooled = sockets_[number];
    if (is_plain_icmp(pooled.key)) sources_.idle->give_back(pooled.key.family, std::move(pooled.held));
  }
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (auto& ready = ready_[index(family)]) sources_.idle->give_back(family, *std::move(ready));
}

/// A refusal is reported later, when such a probe is to be sent.
void SocketPool::keep_ready(Family family) try {
  OpenedSocket opened = open_socket(plain_socket(family));
  if (!opened.refusal.error) ready_[index(family)] = std::move(opened.made);
} catch (const std::system_error&) {
}

std::optional<ProbeSocket> SocketPool::take_ready(const SocketKey& key) noexcept {
  if (!is_plain_icmp(key)) return std::nullopt;
  auto& ready = ready_[index(key.family)];
  if (ready) return std::exchange(ready, std::nullopt);
  return sources_.idle ? sources_.idle->take(key.family) : std::nullopt;
}

SocketPool::Taken SocketPool::take(const SocketKey& key, bool without_df) {
  Taken taken = find_or_open(key);
  if (!taken.refusal && without_df) leave_df_out(sockets_[taken.socket_id]);
  return taken;
}

void SocketPool::leave_df_out(PooledSocket& pooled) noexcept {
  if (std::exchange(pooled.without_df, true)) return;
  pooled.held.usual_df = option(pooled.socket(), IPPROTO_IP, IP_MTU_DISCOVER);
  allow_fragments(pooled.socket());
}

SocketPool::Taken SocketPool::find_or_open(const SocketKey& key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    ++sockets_[known->second].users;
    return {.socket_id = known->second};
  }
  if (open_.size() >= many_sockets) close_unused();
  OpenedSocket opened = open_socket(key);
  if (opened.refusal.error) return {.refusal = std::move(opened.refusal)};
  return {.socket_id = add(key, std::move(opened.made)), .opened = true};
}

OpenedSocket SocketPool::open_socket(const SocketKey& key) {
  if (auto ready = take_ready(key)) return {.made = *std::move(ready)};
  const FlowName flow{key.family, key.protocol, key.flow.value_or(std::uint16_t{0})};
  const auto kept = key.flow ? flow_ports_.find(flow) : flow_ports_.end();
  const std::uint16_t port = kept == flow_ports_.end() ? std::uint16_t{0} : kept->second;
  OpenedSocket opened = open_probe_socket(maker(), key, port);
  const bool in_the_way = concerns_all(opened.refusal.error) || opened.refusal.error == std::errc::address_in_use;
  if (in_the_way) {
    // Sockets without users may hold the descriptors, or the port.
    close_unused();
    opened = open_probe_socket(maker(), key, port);
  }
  if (open_.size() >= most_sockets)
    throw std::system_error(EMFILE, std::system_category(), "cannot number one more socket");
  if (concerns_all(opened.refusal.error)) throw std::system_error(opened.refusal.error, opened.refusal.doing);
  if (key.flow && !opened.refusal.error) flow_ports_.emplace(flow, opened.made.id);
  return opened;
}

SocketMaker SocketPool::maker() const noexcept {
  return {.kind = kind_,
          .broker = sources_.broker.get(),
          .receive_buffer = wanted_buffer(),
          .remembered_mtu = remembered_mtu_};
}

SocketPool::Renewed SocketPool::renew_device(net::SocketId number, Instant now, Duration patience) {
  PooledSocket& pooled = sockets_[number];
  if (pooled.held.device.empty() || now - pooled.device_seen_at < patience) return {};
  pooled.device_seen_at = now;
  const unsigned index = ::if_nametoindex(pooled.held.device.c_str());
  if (index == 0 || index == pooled.held.device_index) return {};
  if (use_device_anew(pooled.held, pooled.key)) return {.device = true};
  const bool reopened = errno == EPERM && reopen(number);
  return {.device = reopened, .opened = reopened};
}

/// Replaces the socket by a new one. Only a process with CAP_NET_RAW may bind an open socket to another device.
bool SocketPool::reopen(net::SocketId number) {
  PooledSocket& pooled = sockets_[number];
  SocketKey key = pooled.key;
  if (key.source.scope_id() != 0) key.source = in_zone(key.source, ::if_nametoindex(pooled.held.device.c_str()));
  OpenedSocket opened = open_probe_socket(maker(), key, key.flow ? pooled.channel.id : std::uint16_t{0});
  if (opened.refusal.error) return false;
  PooledSocket renewed = furnish(pooled.key, std::move(opened.made));
  if (key.protocol == Protocol::udp) udp_ports_.insert(udp_port(key.family, renewed.channel.id));
  renewed.users = pooled.users;
  renewed.device_seen_at = pooled.device_seen_at;
  const bool without_df = pooled.without_df;
  leave(pooled);
  stand_in(number, std::move(renewed));
  if (without_df) leave_df_out(pooled);
  return true;
}

PooledSocket SocketPool::furnish(const SocketKey& key, ProbeSocket held) const {
  const bool ping_socket = key.protocol == Protocol::icmp && kind_ != TransportKind::raw;
  PooledSocket pooled{.key = key};
  pooled.channel = {.family = key.family,
                    .protocol = key.protocol,
                    .kernel_owns_id = ping_socket,
                    .id = held.id,
                    .bound = held.bound};
  pooled.held = std::move(held);
  pooled.ip_header = gives_ip_header(kind_, key);
  pooled.users = 1;
  if (!pooled.held.device.empty()) pooled.device_seen_at = monotonic_now();
  if (targets_ >= worth_two_calls && may_be_cut(pooled)) never_cut(pooled.socket());
  if (send_buffer_ != 0)
    raise_buffer(pooled.socket(), SO_SNDBUF, SO_SNDBUFFORCE, send_buffer_);
  else if (may_fill_neighbour_table(key.family))
    limit_send_buffer(pooled.socket(), send_room(key.family));
  size_buffers(pooled);
  pooled.drops = pooled.held.drops;
  return pooled;
}

/// Several transports may, or one of IPv6; a few targets never do. 0 targets: their number is not known.
bool SocketPool::may_fill_neighbour_table(Family family) const noexcept {
  const bool few = targets_ > 0 && targets_ <= least_held;
  return !few && (transports_ > 1 || family == Family::ipv6);
}

/// Makes room for one more socket in every list, so that nothing throws when sockets move between them.
void SocketPool::make_room() {
  if (!free_.empty()) return;
  const std::size_t room = std::max(sockets_.size() + 1, sockets_.capacity());
  for (auto* list : {&open_, &free_, &unused_, &read_})
    if (list->capacity() < room) list->reserve(2 * room);
  sockets_.emplace_back();
  free_.push_back(static_cast<net::SocketId>(sockets_.size() - 1));
}

net::SocketId SocketPool::add(const SocketKey& key, ProbeSocket held) {
  PooledSocket pooled = furnish(key, std::move(held));
  make_room();
  const net::SocketId number = free_.back();
  const auto named = by_key_.emplace(key, number).first;
  try {
    if (key.protocol == Protocol::udp) udp_ports_.insert(udp_port(key.family, pooled.channel.id));
  } catch (...) {
    by_key_.erase(named);
    throw;
  }
  enter(number, std::move(pooled));
  return number;
}

void SocketPool::enter(net::SocketId number, PooledSocket pooled) noexcept {
  free_.pop_back();
  sockets_[number].place = open_.size();
  open_.push_back(number);
  stand_in(number, std::move(pooled));
}

/// Replaces the socket that has this number. The number stays in the same lists.
void SocketPool::stand_in(net::SocketId number, PooledSocket pooled) noexcept {
  ++version_;
  pooled.place = sockets_[number].place;
  pooled.in_unused = sockets_[number].in_unused;
  pooled.in_read = sockets_[number].in_read;
  sockets_[number] = std::move(pooled);
  if (sockets_[number].socket() >= 0) sources_.watch.extend(sockets_[number].socket(), number);
}

/// To be called before the descriptor of the socket is closed.
void SocketPool::leave(PooledSocket& pooled) noexcept {
  look_for_drops(pooled);
  sources_.watch.remove(pooled.socket());
  if (pooled.key.protocol != Protocol::udp) return;
  if (const auto port = udp_ports_.find(udp_port(pooled.key.family, pooled.channel.id)); port != udp_ports_.end())
    udp_ports_.erase(port);
}

std::size_t SocketPool::answer_cost() const noexcept { return small_answer_cost + largest_payload_ * 3 / 2; }

std::size_t SocketPool::wanted_buffer() const noexcept {
  return receive_buffer_ != 0 ? receive_buffer_ : std::min(targets_ * answer_cost(), largest_wanted_buffer);
}

/// Sets the size of the receive buffer. Does not change a buffer that a broker, or this process when it had the
/// privilege, made larger than the system's limit: a new size would reduce it to the limit.
void SocketPool::raise_receive_buffer(const PooledSocket& pooled, std::size_t bytes) const noexcept {
  const bool shared =
      (sources_.broker && pooled.channel.kernel_owns_id) || (sources_.idle && is_plain_icmp(pooled.key));
  if (shared && !force_buffer(pooled.socket(), SO_RCVBUFFORCE, bytes) &&
      attainable_buffer(pooled.key.family, bytes) <= receive_buffer_of(pooled.socket()))
    return;
  raise_buffer(pooled.socket(), SO_RCVBUF, SO_RCVBUFFORCE, bytes);
}

void SocketPool::size_buffers(PooledSocket& pooled) const noexcept {
  const std::size_t wanted = wanted_buffer();
  // The answer to one small probe fits in any buffer, so that the kernel need not be asked.
  const bool fits_any = targets_ == 1 && receive_buffer_ == 0 && wanted <= smallest_buffer;
  std::size_t size = fits_any ? wanted : receive_buffer_of(pooled.socket());
  if (receive_buffer_ != 0 || wanted > size) {
    raise_receive_buffer(pooled, wanted);
    size = receive_buffer_of(pooled.socket());
  }
  const auto room = size / answer_cost();
  pooled.channel.receive_room = std::max<std::size_t>(room, 1);
}

/// Returns the most bytes that a socket's packets may take up while they wait for neighbours.
std::size_t SocketPool::send_room(Family family) const noexcept {
  const std::size_t packets = family == Family::ipv4 ? most_held_v4 : std::max(most_held_v6 / transports_, least_held);
  return std::min(packets * answer_cost(), largest_wanted_buffer);
}

SendBufferGrowth::Look SocketPool::refused(net::SocketId socket_id, Instant now) noexcept {
  PooledSocket& full = sockets_[socket_id];
  return full.send_room.refused(full.socket(), send_buffer_ == 0 ? send_room(full.key.family) : 0, now);
}

bool SocketPool::cut_from_now_on(net::SocketId socket_id) noexcept {
  return may_be_cut(sockets_[socket_id]) && cut_again(sockets_[socket_id].socket());
}

void SocketPool::expect_payload(std::size_t size) noexcept {
  if (size <= largest_payload_) return;
  largest_payload_ = size;
  for (const net::SocketId socket_id : open_) size_buffers(sockets_[socket_id]);
}

void SocketPool::give_back(net::SocketId number) noexcept {
  PooledSocket& pooled = sockets_[number];
  if (--pooled.users == 0 && !is_plain_icmp(pooled.key) && !std::exchange(pooled.in_unused, true))
    unused_.push_back(number);
}

void SocketPool::close_unused() noexcept {
  for (const net::SocketId number : unused_) {
    sockets_[number].in_unused = false;
    if (sockets_[number].socket() >= 0 && sockets_[number].users == 0) close(number);
  }
  unused_.clear();
}

void SocketPool::close(net::SocketId number) noexcept {
  leave(sockets_[number]);
  by_key_.erase(sockets_[number].key);
  const std::size_t place = sockets_[number].place;
  sockets_[open_.back()].place = place;
  open_[place] = open_.back();
  open_.pop_back();
  stand_in(number, {});
  free_.push_back(number);
}

void SocketPool::taken(net::SocketId socket_id, std::size_t count) noexcept {
  if (count == 0) return;
  PooledSocket& from = sockets_[socket_id];
  if (!std::exchange(from.in_read, true)) read_.push_back(socket_id);
  from.taken += count;
  from.most_taken = std::max(from.most_taken, from.taken);
}

net::Drops SocketPool::drops() noexcept {
  for (const net::SocketId socket_id : open_.size() <= few_to_look_at ? open_ : read_)
    if (sockets_[socket_id].socket() >= 0) look_for_drops(sockets_[socket_id]);
  for (const net::SocketId socket_id : read_) sockets_[socket_id].in_read = false;
  read_.clear();
  return drops_;
}

bool SocketPool::can_rest() noexcept {
  return sources_.idle && std::ranges::all_of(open_, [this](net::SocketId number) {
           return is_plain_icmp(sockets_[number].key) && sources_.idle->is_home_of(sockets_[number].held);
         });
}

bool SocketPool::can_close_all() const noexcept {
  return !sources_.broker &&
         std::ranges::all_of(open_, [this](net::SocketId number) { return is_plain_icmp(sockets_[number].key); });
}

/// Numbers of sockets go back to free_, which has room for all.
void SocketPool::close_all() noexcept {
  for (const net::SocketId number : open_) {
    sockets_[number].in_read = sockets_[number].in_unused = false;
    stand_in(number, {});
    free_.push_back(number);
  }
  open_.clear();
  by_key_.clear();
  unused_.clear();
  read_.clear();
  ready_ = {};
  sources_.idle.reset();
  drops_ = {};
}

void SocketPool::renew(net::SocketId socket_id, bool may_have_dropped) noexcept {
  PooledSocket& pooled = sockets_[socket_id];
  pooled.taken = pooled.most_taken = 0;
  if (may_have_dropped) pooled.drops = memory_of(pooled.socket()).drops;
  drops_ = {};
}

/// Counts the new drops. The packets of a buffer that was full were read since the last look, or are still in it: when
/// they are too few to fill it, the drops are damaged packets. The packets of some devices take up twice the room.
void SocketPool::look_for_drops(PooledSocket& pooled) noexcept {
  const SocketMemory memory = memory_of(pooled.socket());
  const std::uint64_t fresh = memory.drops - std::exchange(pooled.drops, memory.drops);
  const std::size_t most_held = memory.received + 2 * std::exchange(pooled.most_taken, pooled.taken) * answer_cost();
  const bool for_room = !counts_damage(pooled) || most_held >= memory.receive_buffer;
  (for_room ? drops_.no_room : drops_.damaged) += fresh;
}

}  // namespace multiping::os
