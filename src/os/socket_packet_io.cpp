// Opens the sockets of profiles, sends, connects and waits. socket_packet_io_receive.cpp reads.
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
constexpr unsigned usual_turns = 4;
/// After this many foreign errors in a row, an error counts as one of the message itself. When ICMP errors come fast,
/// each try may meet another one.
constexpr int most_foreign_errors = 256;
constexpr Duration pause_after_failure = 1ms;
/// The least time between two checks whether a socket's device was deleted and created again under the same name: in
/// general, and while the socket cannot send.
constexpr Duration device_patience = 1s, device_patience_after_failure = 10ms;

std::size_t packet_room(std::size_t payload) noexcept { return std::max(smallest_packet, payload + room_for_headers); }

/// True when the error may be an ICMP error about an earlier probe: the kernel reports such an error on the next call,
/// whichever it is. The errors that are excluded here are always about the message of the call itself.
bool may_be_foreign(int error) noexcept {
  return error != EINVAL && error != EPERM && error != ENOSYS && error != ENOBUFS && error != ENOMEM && error != EAGAIN;
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
      few_targets_{request.targets <= net::few_read_at_once},
      packets_at_once_{net::read_at_once(request.targets)},
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

/// Lets this host fragment what the socket sends after a router, or this host, has reported a packet as too large.
void SocketPacketIo::heed_size(net::SocketId socket_id, const ControlData& control) noexcept {
  if (control.error && control.error->number == EMSGSIZE) sockets_.cut_from_now_on(socket_id);
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
bool SocketPacketIo::is_simple() const noexcept {
  const auto asks_nothing = [](const Profile& profile) {
    bool lasts = true;
    each_option([&](const auto& option) { lasts = lasts && !(option.may_lapse && option.is_set(profile.options)); });
    return lasts;
  };
  return few_targets_ && !wake_ && !reading_failed_ && joined_.value() < 0 && connector_.descriptor() < 0 &&
         std::ranges::all_of(profiles_, asks_nothing);
}

bool SocketPacketIo::can_rest() noexcept { return is_simple() && sockets_.can_rest(); }

bool SocketPacketIo::close_sockets() noexcept {
  if (!is_simple() || !held_errors_.empty() || !sockets_.can_close_all()) return false;
  sockets_.close_all();
  std::ranges::fill(queues_, Queues{});
  for (Profile& profile : profiles_)
    for (FoundWay& way : profile.ways) {
      way.checked = false;
      way.sockets.clear();
    }
  given_back_ = {};
  met_error_ = false;
  own_addresses_.forget();
  kernel_.reset();
  return true;
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

bool SocketPacketIo::reopen() noexcept {
  if (process_id() != owner_) return false;
  read_clocks();  // the wall clock may have been set since the last call
  return true;
}

}  // namespace multiping::os
