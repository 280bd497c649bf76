// Finds the sockets that have something, and reads packets and error queues. Reads an error queue only after a call or
// poll(2) has announced an error. See socket_packet_io.hpp.
#include "os/socket_packet_io.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/reserve_more.hpp"
#include "os/clock.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

/// With at most this many sockets, reading all of them costs no more than asking which of them are ready.
constexpr std::size_t few_sockets = 8;
constexpr Duration clocks_apart = 100us;

/// True for raw ICMP sockets, which receive ICMP errors as packets too. Their error queue also has the errors of every
/// other process. So the entries of this queue are removed and not used.
bool hears_errors_as_packets(const PooledSocket& pooled) noexcept {
  return pooled.key.protocol == Protocol::icmp && !pooled.channel.kernel_owns_id;
}

}  // namespace

void SocketPacketIo::begin(net::SocketId socket_id) {
  if (sockets_.open().size() > few_sockets) join_all();
  found_empty(socket_id);
  queues_[socket_id].ready_at = looks_ - 1;
  queues_[socket_id].deaf = calls_.try_receiving(sockets_[socket_id].socket());
  queues_[socket_id].may_hold_errors = false;
  queues_[socket_id].to_come = 0;
  held_errors_.forget(socket_id);
  for (auto* given : {&given_back_.packets, &given_back_.errors})
    if (given->socket_id == socket_id) *given = {};
}

void SocketPacketIo::found_empty(net::SocketId socket_id) noexcept {
  stamps_.found_empty(queues_[socket_id].packets);
  stamps_.found_empty(queues_[socket_id].errors);
}

std::span<const net::SocketId> SocketPacketIo::heard() {
  const auto sockets = sockets_.open();
  if (given_back_.any()) return given_back_first();
  if (sockets.size() <= few_sockets || !held_errors_.empty()) return sockets;
  return joined_.is_whole() ? ready_sockets() : polled_sockets();
}

/// A socket that is not ready at one look is empty at that time. When the next look finds it ready, its queues are
/// marked as found empty at the look before.
std::span<const net::SocketId> SocketPacketIo::ready_sockets() {
  heard_.clear();
  for (const std::uint32_t tag : joined_.ready(sockets_.open().size() + 1)) {
    if (tag == connector_tag) continue;
    const auto socket_id = static_cast<net::SocketId>(tag);
    Queues& queues = queues_[socket_id];
    if (queues.ready_at + 1 < looks_) queues.packets = queues.errors = empty_at_last_look_;
    queues.ready_at = looks_;
    queues.may_hold_errors = true;
    heard_.push_back(socket_id);
  }
  ++looks_;
  stamps_.found_empty(empty_at_last_look_);
  return heard_;
}

std::span<const net::SocketId> SocketPacketIo::polled_sockets() {
  const auto sockets = sockets_.open();
  if (watched_version_ != sockets_.version()) watch_all();
  const auto watched = std::span{watched_}.subspan(1, sockets.size());
  if (::poll(watched.data(), watched.size(), 0) < 0) return sockets;
  heard_.clear();
  reserve_more(heard_, sockets.size());
  look_for_errors();
  for (std::size_t i = 0; i < sockets.size(); ++i)
    watched[i].revents != 0 ? heard_.push_back(sockets[i]) : found_empty(sockets[i]);
  return heard_;
}

/// Puts the sockets whose items were given back at the front of the list: reading another socket before them would
/// overwrite these items.
std::span<const net::SocketId> SocketPacketIo::given_back_first() {
  heard_.assign(sockets_.open().begin(), sockets_.open().end());
  for (GivenBack* given : {&given_back_.errors, &given_back_.packets}) {
    if (given->count == 0) continue;
    const auto at = std::ranges::find(heard_, given->socket_id);
    at != heard_.end() ? std::iter_swap(heard_.begin(), at) : void(*given = {});
  }
  return heard_;
}

void SocketPacketIo::give_back(Taken what, net::SocketId socket_id, std::size_t count) noexcept {
  switch (what) {
    case Taken::packets:
      given_back_.packets = {.socket_id = socket_id, .count = count};
      break;
    case Taken::errors:
      given_back_.errors = {.socket_id = socket_id, .count = count};
      break;
    case Taken::connections:
      connector_.give_back(count);
      break;
  }
}

/// Returns how many packets were read; 0 also after an error. The error is about another probe, and is then in the
/// error queue too, or it is a lack of memory of this host.
int SocketPacketIo::read_socket(const PooledSocket& pooled, RecvmmsgArrays& batch, int flags,
                                ReceiveStampClock::Queue& queue) {
  make_room(batch);
  const bool addresses = !pooled.ip_header || flags != 0;
  const std::span<mmsghdr> room = batch.fresh(addresses);
  batch.filled(0);
  for (int retries = 0; retries < most_retries; ++retries) {
    const int got = calls_.receive(pooled.socket(), room, flags);
    if (got >= 0) batch.filled(static_cast<std::size_t>(got));
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      stamps_.found_empty(queue);
      return 0;
    }
    met_error_ = true;
  }
  reading_failed_ = true;
  return 0;
}

void SocketPacketIo::read_clocks() noexcept {
  // An interruption between the readings of the two clocks would look like a step of one of them.
  for (int tries = 0; tries < 3; ++tries) {
    const Duration before = read_clock(CLOCK_MONOTONIC);
    const Duration wall = read_clock(CLOCK_REALTIME);
    const Duration behind = read_clock(CLOCK_MONOTONIC);
    read_at_ = Instant{behind};
    if (behind - before > clocks_apart && tries < 2) continue;
    return stamps_.read(Instant{before + (behind - before) / 2}, wall);
  }
}

net::Arrival SocketPacketIo::arrival(const ControlData& control, const ReceiveStampClock::Queue& queue) const noexcept {
  return {.read = read_at_, .stamp = control.stamp ? stamps_.monotonic(queue, *control.stamp) : std::nullopt};
}

std::span<const net::Incoming> SocketPacketIo::receive(net::SocketId socket_id, bool& more) {
  const PooledSocket& from = sockets_[socket_id];
  if (const std::size_t again = given_back_.packets.take(socket_id); again > 0) {
    more = true;
    return std::span<const net::Incoming>{incoming_}.last(again);
  }
  ReceiveStampClock::Queue& queue = queues_[socket_id].packets;
  incoming_.clear();
  reserve_more(incoming_, batch_.capacity());
  const int got = read_socket(from, batch_, 0, queue);
  queues_[socket_id].to_come -= got;
  sockets_.taken(socket_id, static_cast<std::size_t>(got));
  more = static_cast<std::size_t>(got) == batch_.capacity();
  if (std::exchange(met_error_, false)) queues_[socket_id].may_hold_errors = true;
  if (got == 0) return {};
  read_clocks();
  more = more || stamps_.doubts(queue);  // until it is found empty
  const bool has_ports = from.key.protocol == Protocol::udp;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
    const ControlData control = read_control(batch_.header(i));
    const std::uint16_t port = has_ports ? batch_.port(i) : std::uint16_t{0};
    const bool own = has_ports && control.came_by_loopback && sockets_.has_udp_port(from.key.family, port);
    incoming_.push_back({.bytes = batch_.bytes(i),
                         .ip_header = from.ip_header,
                         .truncated = (batch_.header(i).msg_flags & MSG_TRUNC) != 0,
                         .from = batch_.from(i),
                         .port = port,
                         .own = own,
                         .ttl = control.ttl,
                         .tos = control.tos,
                         .arrival = arrival(control, queue)});
  }
  return incoming_;
}

/// With IP_RECVERR the kernel announces each entry of the error queue: a call fails, or poll(2) says so. Without such a
/// sign the queue is empty. It is not read then, since a read takes as long as that of a packet.
std::span<const net::QueuedError> SocketPacketIo::receive_errors(net::SocketId socket_id, bool& more) {
  more = true;
  if (const std::size_t again = given_back_.errors.take(socket_id); again > 0)
    return std::span<const net::QueuedError>{errors_}.last(again);
  errors_.clear();
  held_errors_.take(socket_id, errors_);
  if (!errors_.empty()) return errors_;
  ReceiveStampClock::Queue& queue = queues_[socket_id].errors;
  if (!queues_[socket_id].may_hold_errors) {
    stamps_.found_empty(queue);
    sockets_.found_empty(socket_id);
    more = false;
    return {};
  }
  make_room_for_errors(socket_id);
  const int got = read_socket(sockets_[socket_id], error_batch_, MSG_ERRQUEUE, queue);
  got == 0 ? sockets_.found_empty(socket_id) : sockets_.taken(socket_id, static_cast<std::size_t>(got));
  more = static_cast<std::size_t>(got) == error_batch_.capacity();
  queues_[socket_id].may_hold_errors = more;
  if (hears_errors_as_packets(sockets_[socket_id])) {
    heed_sizes(socket_id, static_cast<std::size_t>(got));
    return {};
  }
  if (got == 0) return {};
  take_errors(socket_id, static_cast<std::size_t>(got));
  more = more || stamps_.doubts(queue);
  return errors_;
}

/// Makes room for as many errors as one call reads.
void SocketPacketIo::make_room_for_errors(net::SocketId socket_id) {
  make_room(error_batch_);
  if (!hears_errors_as_packets(sockets_[socket_id])) reserve_more(errors_, error_batch_.capacity());
}

/// Fills errors_ from the batch; make_room_for_errors() was called before.
void SocketPacketIo::take_errors(net::SocketId socket_id, std::size_t count) noexcept {
  read_clocks();
  errors_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const ControlData control = read_control(error_batch_.header(i));
    heed_size(socket_id, control);
    auto error = queued_error(error_batch_, i, control);
    if (!error) continue;
    error->arrival = arrival(control, queues_[socket_id].errors);
    errors_.push_back(*error);
  }
}

/// The same for errors of the batch that are not taken.
void SocketPacketIo::heed_sizes(net::SocketId socket_id, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) heed_size(socket_id, read_control(error_batch_.header(i)));
}

SocketPacketIo::Reports SocketPacketIo::hold_errors(net::SocketId socket_id) {
  if (given_back_.errors.count > 0) return {};  // they are still in errors_
  errors_.clear();
  make_room_for_errors(socket_id);
  if (!hears_errors_as_packets(sockets_[socket_id]))
    held_errors_.make_room(error_batch_.capacity(), error_batch_.room());
  const int got = read_socket(sockets_[socket_id], error_batch_, MSG_ERRQUEUE, queues_[socket_id].errors);
  const auto count = static_cast<std::size_t>(got);
  sockets_.taken(socket_id, count);
  heed_sizes(socket_id, count);
  Reports reports;
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = read_control(error_batch_.header(i)).error;
    if (error && error->refuses_size()) reports.own_size = true;
    if (error && error->is_icmp()) ++reports.others;
  }
  if (reports.others == 0 || hears_errors_as_packets(sockets_[socket_id])) return reports;
  take_errors(socket_id, count);
  for (const net::QueuedError& error : errors_) held_errors_.hold(socket_id, error);
  return reports;
}

/// Notes which sockets may hold errors, by the result of the last poll(2). The joined descriptor does not tell: then
/// each of a few sockets may hold errors, and for many sockets heard() asks the kernel.
void SocketPacketIo::look_for_errors() noexcept {
  const auto sockets = sockets_.open();
  if (joined_.is_whole()) {
    if (sockets.size() > few_sockets) return;
    for (const net::SocketId socket_id : sockets) queues_[socket_id].may_hold_errors = true;
    return;
  }
  for (std::size_t i = 0; i < sockets.size(); ++i)
    if ((watched_[1 + i].revents & POLLERR) != 0) queues_[sockets[i]].may_hold_errors = true;
}

}  // namespace multiping::os
