// Reads an error queue only after a call or poll(2) has announced an error.
// See socket_packet_io.hpp.
#include "os/socket_packet_io.hpp"

#include <net/if.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/reserve_more.hpp"
#include "net/messages_per_call.hpp"
#include "net/profile_table.hpp"
#include "os/clock.hpp"
#include "os/descriptor_wait.hpp"
#include "os/probe_option_support.hpp"
#include "os/socket_basics.hpp"
#include "values/address_kinds.hpp"
#include "values/probe_option_table.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t smallest_packet = 1536;  ///< Holds any ICMP error, whatever it quotes.
constexpr std::size_t room_for_headers = 128;  ///< In bytes: IP options, ICMP header, a reserve.
constexpr std::size_t largest_payload = 65'535;
constexpr int most_retries = 16;
/// With at most this many sockets, reading all of them costs no more than asking which of them are ready.
constexpr std::size_t few_sockets = 8;
constexpr unsigned usual_turns = 4;
constexpr std::uint32_t connector_tag = 0x1'0000;  ///< The connector in joined_; no socket has this number.
/// After this many foreign errors in a row, an error counts as one of the message itself. When ICMP errors come fast,
/// each try may meet another one.
constexpr int most_foreign_errors = 256;
constexpr Duration pause_after_failure = 1ms;
constexpr Duration clocks_apart = 100us;
/// The least time between two checks whether a socket's device was deleted and created again under the same name: in
/// general, and while the socket cannot send.
constexpr Duration device_patience = 1s, device_patience_after_failure = 10ms;

std::size_t packet_room(std::size_t payload) noexcept { return std::max(smallest_packet, payload + room_for_headers); }

/// True when the error may be an ICMP error about an earlier probe: the kernel reports such an error on the next call,
/// whichever it is. The errors that are excluded here are always about the message of the call itself.
bool may_be_foreign(int error) noexcept {
  return error != EINVAL && error != EPERM && error != ENOSYS && error != ENOBUFS && error != ENOMEM && error != EAGAIN;
}

/// True for raw ICMP sockets, which receive ICMP errors as packets too. Their error queue also has the errors of every
/// other process. So the entries of this queue are removed and not used.
bool hears_errors_as_packets(const PooledSocket& pooled) noexcept {
  return pooled.key.protocol == Protocol::icmp && !pooled.channel.kernel_owns_id;
}

/// Sockets that only add source ports may take up a quarter of this process's descriptors at most, since others need
/// descriptors too.
bool leaves_few_descriptors(std::size_t sockets) noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && sockets >= limit.rlim_cur / 4;
}

FileDescriptor checked(int fd, const char* action) {
  if (fd < 0) fail(action);
  return FileDescriptor{fd};
}

}  // namespace

SocketPacketIo::SocketPacketIo(TransportKind kind, const TransportOptions& options, const net::SocketsNeeded& request,
                               const SharedSockets& shared)
    : kind_{kind},
      broker_{shared.broker},
      own_addresses_of_echoes_{shared.broker.sockets},
      wake_{request.wakes ? checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot open an event descriptor")
                          : FileDescriptor{}},
      packets_at_once_{request.targets <= net::few_read_at_once ? net::few_read_at_once : net::most_read_at_once},
      sockets_{kind, options, request, {.broker = shared.broker.sockets, .idle = shared.idle, .watch = joined_}},
      batch_{packets_at_once_, packet_room(0)},
      error_batch_{0, 0} {
  for (std::size_t i = 0; i < request.profiles.size(); ++i)
    set_profile(static_cast<net::ProfileNumber>(i), request.profiles[i]);
  const bool own = kind == TransportKind::raw || kind == TransportKind::ping_socket;
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (request.lasts && own) sockets_.keep_ready(family);
  watch_all();
  read_clocks();
}

Instant SocketPacketIo::now() noexcept { return monotonic_now(); }
Duration SocketPacketIo::wall_offset() noexcept { return os::wall_offset(); }

void SocketPacketIo::set_profile(net::ProfileNumber profile, const ProbeOptions& options) {
  const std::uint16_t port = options.protocol == Protocol::udp ? destination_port(options) : std::uint16_t{0};
  std::array<MessageLayout, 2> messages{};
  for (const Family family : {Family::ipv4, Family::ipv6})
    messages[index(family)] = {.control = write_control(family, options), .port = port};
  Profile fresh{.options = options, .source_zone = zone_name(options.source_v6)};
  for (auto& profiles : message_profiles_)
    if (profiles.size() <= profile) profiles.resize(std::size_t{profile} + 1);
  if (profiles_.size() <= profile) profiles_.resize(std::size_t{profile} + 1);
  expect_payload(options.payload_size);
  // From here on nothing can fail.
  for (const FoundWay& way : profiles_[profile].ways)
    for (const auto& [turn, socket_id] : way.sockets) sockets_.give_back(socket_id);
  profiles_[profile] = std::move(fresh);
  for (const std::size_t family : {0U, 1U}) message_profiles_[family][profile] = std::move(messages[family]);
}

void SocketPacketIo::expect_payload(std::size_t size) noexcept {
  largest_payload_ = std::max(largest_payload_, size);
  sockets_.expect_payload(size);
}

/// Doubles the room at least, so that packets that grow one by one make a batch grow only a few times.
void SocketPacketIo::make_room(RecvmmsgArrays& batch) const {
  const std::size_t wanted = packet_room(largest_payload_), room = batch.room();
  if (wanted > room)
    batch = RecvmmsgArrays{packets_at_once_, std::max(wanted, std::min(2 * room, packet_room(largest_payload)))};
}

net::SendPath SocketPacketIo::way(Family family, net::ProfileNumber profile, unsigned turn) {
  Profile& asked = profiles_[profile];
  FoundWay& found = asked.ways[index(family)];
  if (!found.checked) {
    renew_source(profile);
    if (auto refusal = check_way(kind_, family, asked.options, broker_)) return *std::move(refusal);
    found.checked = true;
  }
  if (connects(asked.options)) return {.kind = net::SendPath::Kind::connection};
  const auto same_turn = [turn](const auto& entry) { return entry.first == turn; };
  const auto known = std::ranges::find_if(found.sockets, same_turn);
  if (known != found.sockets.end()) return {.kind = net::SendPath::Kind::socket_id, .socket_id = known->second};
  return open_path(family, profile, turn);
}

/// A process that has given its privileges up may open no socket to bind to a device. It sends through the device with
/// the socket of the probes without one: then each message names the device.
SocketPool::Taken SocketPacketIo::take_socket(Family family, net::ProfileNumber number, unsigned turn) {
  const ProbeOptions& options = profiles_[number].options;
  SocketKey key = socket_key(kind_, family, options, turn);
  const bool without_df = leaves_without_df(family, options);
  SocketPool::Taken taken = sockets_.take(key, without_df);
  const bool by_message =
      (key.protocol == Protocol::icmp && kind_ != TransportKind::broker) || key.protocol == Protocol::sctp;
  if (!taken.refusal || !taken.refusal->privilege || key.device.empty() || !by_message) return taken;
  key.device.clear();
  SocketPool::Taken plain = sockets_.take(key, without_df);
  if (plain.refusal) return taken;
  name_device(family, number);
  return plain;
}

void SocketPacketIo::name_device(Family family, net::ProfileNumber number) {
  Profile& profile = profiles_[number];
  const unsigned device = ::if_nametoindex(profile.options.device.c_str());
  message_profiles_[index(family)][number].control = write_control(family, profile.options, device);
  profile.named_device[index(family)] = device;
}

net::SendPath SocketPacketIo::open_path(Family family, net::ProfileNumber number, unsigned turn) {
  FoundWay& found = profiles_[number].ways[index(family)];
  const bool further = turn >= usual_turns && turn < net::udp_turns;
  if (further && leaves_few_descriptors(sockets_.open().size()))
    return {.error = {EMFILE, std::system_category()}, .doing = "cannot open one more UDP socket", .may_pass = true};
  found.sockets.reserve(found.sockets.size() + 1);
  if (queues_.size() <= sockets_.open().size()) queues_.resize(sockets_.open().size() + 1);
  SocketPool::Taken taken = take_socket(family, number, turn);
  if (taken.refusal) return *std::move(taken.refusal);
  if (taken.opened) begin(taken.socket_id);  // needs no memory, so that no socket is left half begun
  if (const std::error_code deaf = queues_[taken.socket_id].deaf) {
    sockets_.give_back(taken.socket_id);
    return {.error = deaf, .doing = "cannot receive messages"};
  }
  found.sockets.emplace_back(turn, taken.socket_id);
  return {.kind = net::SendPath::Kind::socket_id, .socket_id = taken.socket_id};
}

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

Address SocketPacketIo::source(net::SocketId socket_id, const Address& to, net::ProfileNumber profile) {
  return sockets_.source(socket_id, to, profiles_[profile].options);
}

net::SendReport SocketPacketIo::send(net::SocketId socket_id, std::span<const net::Outgoing> messages) {
  const PooledSocket& to = sockets_[socket_id];
  const std::span<mmsghdr> headers_left = send_batch_.fill(messages, message_profiles_[index(to.key.family)]);
  net::SendReport report{.accepted = 0, .refused = {}, .started = now(), .finished = {}};
  renew_device(socket_id, report.started, device_patience);
  int retries = 0;
  int foreign = 0;
  while (report.accepted < messages.size()) {
    const auto rest = headers_left.subspan(report.accepted);
    const int sent = calls_.send(to.socket(), rest);
    if (sent > 0) {
      report.accepted += static_cast<std::size_t>(sent);
      queues_[socket_id].to_come += sent;
      sockets_.accepted(socket_id);
      foreign = retries = 0;
      continue;
    }
    int error = errno;
    queues_[socket_id].may_hold_errors = true;
    if (error == EINTR && ++retries < most_retries) continue;
    if (error == EAGAIN || error == ENOBUFS) {
      const SendBufferGrowth::Look look = sockets_.refused(socket_id, now());
      if (look == SendBufferGrowth::Look::grown) continue;
      if (look == SendBufferGrowth::Look::full) error = EAGAIN;  // raw sockets say ENOBUFS, as full devices do
    }
    if (error == EMSGSIZE && sockets_.cut_from_now_on(socket_id)) continue;
    if (may_be_foreign(error) && is_foreign(socket_id, error, ++foreign)) continue;
    if (renew_device(socket_id, now(), device_patience_after_failure)) continue;
    // With a renewed source or device there is no refusal: the caller sends the rest again.
    const net::ProfileNumber profile = messages[report.accepted].profile;
    if (!renew_source(profile) && !renew_named_device(to.key.family, profile))
      report.refused = {error, std::system_category()};
    break;
  }
  report.finished = now();
  return report;
}

/// Gives the link-local source of a profile the new number of its interface. True when the interface was deleted and
/// created again under the same name.
bool SocketPacketIo::renew_source(net::ProfileNumber profile) {
  Profile& renewed = profiles_[profile];
  if (renewed.source_zone.empty()) return false;
  Address& source = renewed.options.source_v6;
  const unsigned number = ::if_nametoindex(renewed.source_zone.c_str());
  if (number == 0 || number == source.scope_id()) return false;
  source = in_zone(source, number);
  message_profiles_[index(Family::ipv6)][profile].control =
      write_control(Family::ipv6, renewed.options, renewed.named_device[index(Family::ipv6)]);
  return true;
}

/// The same for the device that the messages of a profile name.
bool SocketPacketIo::renew_named_device(Family family, net::ProfileNumber profile) {
  const unsigned before = profiles_[profile].named_device[index(family)];
  const unsigned device = before == 0 ? 0 : ::if_nametoindex(profiles_[profile].options.device.c_str());
  if (device == 0 || device == before) return false;
  name_device(family, profile);
  return true;
}

/// A VPN that connects again deletes its device and creates it again. True when the socket uses another device from now
/// on.
bool SocketPacketIo::renew_device(net::SocketId socket_id, Instant now, Duration patience) {
  const SocketPool::Renewed renewed = sockets_.renew_device(socket_id, now, patience);
  if (renewed.opened) begin(socket_id);
  return renewed.device;
}

/// True when an error is about an earlier message; `tries` counts failures in a row. The kernel reports such an error
/// on one call, and also puts it into the error queue. The queue also tells when a message is too large for this host.
bool SocketPacketIo::is_foreign(net::SocketId socket_id, int error, int tries) {
  const bool first = tries == 1;
  if (first && error != EMSGSIZE) return true;
  if (tries == most_foreign_errors) return false;
  const Reports reports = hold_errors(socket_id);
  if (error == EMSGSIZE && reports.own_size) return false;
  return first || reports.others > 0;
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

/// Lets this host fragment what the socket sends after a router, or this host, has reported a packet as too large.
void SocketPacketIo::heed_size(net::SocketId socket_id, const ControlData& control) noexcept {
  if (control.error && control.error->number == EMSGSIZE) sockets_.cut_from_now_on(socket_id);
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

bool SocketPacketIo::is_own(const Address& address, Protocol protocol) {
  return (leave_elsewhere(protocol) ? own_addresses_of_echoes_ : own_addresses_).has(address, now());
}

net::LocalNetwork* SocketPacketIo::local_network(Protocol protocol) {
  if (leave_elsewhere(protocol)) return nullptr;
  if (!kernel_) kernel_ = std::make_unique<KernelNetwork>();
  return kernel_.get();
}

std::error_code SocketPacketIo::connect(const net::Connecting& connecting) {
  const bool first = connector_.descriptor() < 0;
  if (first) watched_.reserve(sockets_.open().size() + 2);  // so that watch_all() below does not allocate
  const auto try_it = [&] { return connector_.connect(connecting, profiles_[connecting.profile].options); };
  auto error = try_it();
  if (error == std::errc::no_such_device && renew_source(connecting.profile)) error = try_it();
  if (first && connector_.descriptor() >= 0) {
    joined_.extend(connector_.descriptor(), connector_tag);
    watch_all();
  }
  return error;
}

/// Lists what wait() waits for: the joined descriptor when it is whole, otherwise each descriptor.
void SocketPacketIo::watch_all() {
  watched_.reserve(sockets_.open().size() + 2);
  watched_version_ = sockets_.version();
  watched_.assign(1, {.fd = wake_.value(), .events = POLLIN, .revents = 0});
  const auto watch = [this](int descriptor) { watched_.push_back({.fd = descriptor, .events = POLLIN, .revents = 0}); };
  if (joined_.is_whole()) return watch(joined_.value());
  for (const net::SocketId socket_id : sockets_.open()) watch(sockets_[socket_id].socket());
  if (connector_.descriptor() >= 0) watch(connector_.descriptor());
}

/// Joins the sockets that are open; later sockets join when they are opened.
void SocketPacketIo::join_all() noexcept {
  if (joined_.value() >= 0 || joined_.open() < 0) return;
  for (const net::SocketId socket_id : sockets_.open()) joined_.add(sockets_[socket_id].socket(), socket_id);
  if (connector_.descriptor() >= 0) joined_.add(connector_.descriptor(), connector_tag);
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

Instant SocketPacketIo::next_chore() const noexcept { return must_give() ? Instant::min() : Instant::max(); }

void SocketPacketIo::wait(Instant until) {
  if (must_give()) return;
  if (reading_failed_) until = std::min(until, now() + pause_after_failure);
  const bool same =
      joined_.is_whole() ? watched_[watched_.size() - 1].fd == joined_.value() : watched_version_ == sockets_.version();
  if (!same) watch_all();
  const std::size_t watched = std::exchange(reading_failed_, false) ? 1 : watched_.size();
  const bool forever = until == Instant::max();
  const auto time = forever ? std::nullopt : std::optional{std::max(until - now(), Duration{})};
  if (!wait_for(std::span{watched_}.first(watched), time)) return;
  if (watched > 1) look_for_errors();
  if (watched_[0].revents == 0) return;
  eventfd_t count = 0;
  ::eventfd_read(wake_.value(), &count);
}

int SocketPacketIo::native_handle() noexcept {
  join_all();
  return joined_.value();
}

void SocketPacketIo::wake() noexcept {
  if (wake_) ::eventfd_write(wake_.value(), 1);
}

/// True only for a small object that a new one would not differ from. It has few targets, no wake or joined descriptor,
/// no connector, and no profile with a mark or a source address.
bool SocketPacketIo::can_rest() noexcept {
  const auto asks_nothing = [](const Profile& profile) {
    bool lasts = true;
    each_option([&](const auto& option) { lasts = lasts && !(option.may_lapse && option.is_set(profile.options)); });
    return lasts;
  };
  return packets_at_once_ == net::few_read_at_once && !wake_ && !reading_failed_ && joined_.value() < 0 &&
         connector_.descriptor() < 0 && std::ranges::all_of(profiles_, asks_nothing) && sockets_.can_rest();
}

/// Where each message brought one packet and no error, nothing more is to come, and a socket is not asked once more
/// whether it is empty. What it has received all the same is refused by its tag, as any foreign packet is.
bool SocketPacketIo::expects_nothing(const Queues& queues) const noexcept {
  return queues.to_come == 0 && !queues.may_hold_errors && held_errors_.empty() && !stamps_.doubts(queues.packets);
}

bool SocketPacketIo::renew() noexcept {
  given_back_ = {};
  met_error_ = false;
  read_clocks();  // the wall clock may have been set since the last call
  for (const net::SocketId socket_id : sockets_.open()) {
    Queues& queues = queues_[socket_id];
    if (expects_nothing(queues)) {
      sockets_.renew(socket_id, false);
      continue;
    }
    queues.to_come = 0;
    const auto found = calls_.empty(sockets_[socket_id].socket(), std::exchange(queues.may_hold_errors, false));
    if (found == SendmmsgCalls::Emptied::failed) return false;
    found_empty(socket_id);
    held_errors_.forget(socket_id);
    sockets_.renew(socket_id, found == SendmmsgCalls::Emptied::thrown_away);
  }
  return true;
}

}  // namespace multiping::os
