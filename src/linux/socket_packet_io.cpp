// Reads an error queue only after a call or poll(2) has announced an error.
// See socket_packet_io.hpp.
#include "linux/socket_packet_io.hpp"

#include <net/if.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "linux/clock.hpp"
#include "linux/socket.hpp"
#include "linux/waiting.hpp"
#include "linux/way_check.hpp"
#include "net/address_facts.hpp"
#include "net/destination_port.hpp"
#include "net/make_room.hpp"
#include "net/shape_table.hpp"

namespace multiping::os {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_ahead = 64;         ///< Packets taken in one call.
constexpr std::size_t few_packets = 8;         ///< The same for a handful of targets.
constexpr std::size_t smallest_packet = 1536;  ///< Holds any ICMP error, whatever it quotes.
constexpr std::size_t room_for_headers = 128;  ///< IP options, ICMP header and some more.
constexpr std::size_t largest_payload = 65'535;
constexpr int most_retries = 16;
constexpr std::size_t few_lanes = 8;  ///< Up to so many, reading all costs no more than asking which have something.
constexpr unsigned usual_turns = 4;
constexpr std::uint32_t connector_tag = 0x1'0000;  ///< In the joined descriptor; no lane has this number.
/// After so many in a row, the error counts as the message's own. When errors come fast, each try may meet one more.
constexpr int most_foreign_errors = 256;
constexpr Duration pause_after_failure = 1ms;
constexpr Duration clocks_apart = 100us;
/// How often a lane checks whether its device was made anew under the same name; and how often when it cannot send.
constexpr Duration device_patience = 1s, device_patience_after_failure = 10ms;

std::size_t packet_room(std::size_t payload) noexcept { return std::max(smallest_packet, payload + room_for_headers); }

/// Whether the error may be an ICMP error about an earlier probe: the kernel reports that on the next call, whichever
/// it is. The errors that are excluded here are always about the message of the call itself.
bool may_be_foreign(int error) noexcept {
  return error != EINVAL && error != EPERM && error != ENOSYS && error != ENOBUFS && error != ENOMEM && error != EAGAIN;
}

/// A raw ICMP socket gets the same errors as packets, and its error queue also has those of every other process. So the
/// entries of this queue are only removed.
bool hears_errors_as_packets(const OpenLane& lane) noexcept {
  return lane.key.carrier == net::Carrier::icmp && !lane.channel.kernel_owns_id;
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

SocketPacketIo::SocketPacketIo(TransportKind kind, const TransportOptions& options, const net::IoRequest& request,
                               const SharedSockets& shared)
    : kind_{kind},
      broker_{shared.broker},
      own_addresses_of_echoes_{shared.broker.sockets},
      wake_{request.wakes ? checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot open an event descriptor")
                          : FileDescriptor{}},
      packets_at_once_{request.targets <= few_packets ? few_packets : read_ahead},
      lanes_{kind, options, request, {.broker = shared.broker.sockets, .idle = shared.idle, .watch = joined_}},
      batch_{packets_at_once_, packet_room(0)},
      error_batch_{packets_at_once_, packet_room(0)} {
  for (std::size_t i = 0; i < request.shapes.size(); ++i)
    set_shape(static_cast<net::ShapeNumber>(i), request.shapes[i]);
  const bool own = kind == TransportKind::raw || kind == TransportKind::ping_socket;
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (request.lasts && own) lanes_.keep_ready(family);
  watch_all();
  read_clocks();
}

net::Instant SocketPacketIo::now() noexcept { return monotonic_now(); }

void SocketPacketIo::set_shape(net::ShapeNumber shape, const ProbeOptions& options) {
  const std::uint16_t port = options.protocol == Protocol::udp ? net::destination_port(options) : std::uint16_t{0};
  std::array<MessageShape, 2> messages{};
  for (const Family family : {Family::ipv4, Family::ipv6})
    messages[index(family)] = {.control = write_control(family, options), .port = port};
  Shape fresh{.options = options, .source_zone = zone_name(options.source_v6)};
  for (auto& shapes : message_shapes_)
    if (shapes.size() <= shape) shapes.resize(std::size_t{shape} + 1);
  if (shapes_.size() <= shape) shapes_.resize(std::size_t{shape} + 1);
  expect_payload(options.payload_size);
  // From here on nothing can fail.
  for (const FoundWay& way : shapes_[shape].ways)
    for (const auto& [turn, lane] : way.lanes) lanes_.give_back(lane);
  shapes_[shape] = std::move(fresh);
  for (const std::size_t family : {0U, 1U}) message_shapes_[family][shape] = std::move(messages[family]);
}

void SocketPacketIo::expect_payload(std::size_t size) noexcept {
  largest_payload_ = std::max(largest_payload_, size);
  lanes_.expect_payload(size);
}

/// Doubles the room at least, so that packets that grow one by one make a batch grow only a few times.
void SocketPacketIo::make_room(ReceiveBatch& batch) const {
  const std::size_t wanted = packet_room(largest_payload_), room = batch.room();
  if (wanted > room)
    batch = ReceiveBatch{packets_at_once_, std::max(wanted, std::min(2 * room, packet_room(largest_payload)))};
}

net::Way SocketPacketIo::way(Family family, net::ShapeNumber shape, unsigned turn) {
  Shape& asked = shapes_[shape];
  FoundWay& found = asked.ways[index(family)];
  if (!found.checked) {
    renew_source(shape);
    if (auto refusal = check_way(kind_, family, asked.options, broker_)) return *std::move(refusal);
    found.checked = true;
  }
  if (is_connection(asked.options)) return {.kind = net::Way::Kind::connection};
  const auto same_turn = [turn](const auto& lane) { return lane.first == turn; };
  const auto known = std::ranges::find_if(found.lanes, same_turn);
  if (known != found.lanes.end()) return {.kind = net::Way::Kind::lane, .lane = known->second};
  return open_lane(family, asked, turn);
}

net::Way SocketPacketIo::open_lane(Family family, Shape& shape, unsigned turn) {
  FoundWay& found = shape.ways[index(family)];
  const bool further = turn >= usual_turns && turn < net::udp_turns;
  if (further && leaves_few_descriptors(lanes_.open().size()))
    return {.error = {EMFILE, std::system_category()}, .doing = "cannot open one more UDP socket", .may_pass = true};
  found.lanes.reserve(found.lanes.size() + 1);
  if (queues_.size() <= lanes_.open().size()) queues_.resize(lanes_.open().size() + 1);
  Lanes::Taken taken =
      lanes_.take(lane_key(kind_, family, shape.options, turn), leaves_without_df(family, shape.options));
  if (taken.refusal) return *std::move(taken.refusal);
  if (taken.opened) begin(taken.lane);  // needs no memory, so that no lane is left half begun
  if (const std::error_code deaf = queues_[taken.lane].deaf) {
    lanes_.give_back(taken.lane);
    return {.error = deaf, .doing = "cannot receive messages"};
  }
  found.lanes.emplace_back(turn, taken.lane);
  return {.kind = net::Way::Kind::lane, .lane = taken.lane};
}

void SocketPacketIo::begin(net::Lane lane) {
  if (lanes_.open().size() > few_lanes) join_all();
  found_empty(lane);
  queues_[lane].ready_at = looks_ - 1;
  queues_[lane].deaf = calls_.try_receiving(lanes_[lane].socket());
  queues_[lane].may_hold_errors = false;
  held_errors_.forget(lane);
  for (auto* given : {&given_back_.packets, &given_back_.errors})
    if (given->lane == lane) *given = {};
}

void SocketPacketIo::found_empty(net::Lane lane) noexcept {
  stamps_.found_empty(queues_[lane].packets);
  stamps_.found_empty(queues_[lane].errors);
}

std::span<const net::Lane> SocketPacketIo::heard() {
  const auto lanes = lanes_.open();
  if (given_back_.any()) return given_back_first();
  if (lanes.size() <= few_lanes || !held_errors_.empty()) return lanes;
  return joined_.is_whole() ? ready_lanes() : polled_lanes();
}

/// A lane that a look does not find ready is empty at that time. The next look that finds it ready marks its queues as
/// found empty at the look before.
std::span<const net::Lane> SocketPacketIo::ready_lanes() {
  heard_.clear();
  for (const std::uint32_t tag : joined_.ready(lanes_.open().size() + 1)) {
    if (tag == connector_tag) continue;
    const auto lane = static_cast<net::Lane>(tag);
    Queues& queues = queues_[lane];
    if (queues.ready_at + 1 < looks_) queues.packets = queues.errors = empty_at_last_look_;
    queues.ready_at = looks_;
    queues.may_hold_errors = true;
    heard_.push_back(lane);
  }
  ++looks_;
  stamps_.found_empty(empty_at_last_look_);
  return heard_;
}

std::span<const net::Lane> SocketPacketIo::polled_lanes() {
  const auto lanes = lanes_.open();
  if (watched_version_ != lanes_.version()) watch_all();
  const auto sockets = std::span{watched_}.subspan(1, lanes.size());
  if (::poll(sockets.data(), sockets.size(), 0) < 0) return lanes;
  heard_.clear();
  net::make_room(heard_, lanes.size());
  look_for_errors();
  for (std::size_t i = 0; i < lanes.size(); ++i)
    sockets[i].revents != 0 ? heard_.push_back(lanes[i]) : found_empty(lanes[i]);
  return heard_;
}

/// Puts lanes with something given back first, before another lane is read: that would overwrite the memory.
std::span<const net::Lane> SocketPacketIo::given_back_first() {
  heard_.assign(lanes_.open().begin(), lanes_.open().end());
  for (GivenBack* given : {&given_back_.errors, &given_back_.packets}) {
    if (given->count == 0) continue;
    const auto at = std::ranges::find(heard_, given->lane);
    at != heard_.end() ? std::iter_swap(heard_.begin(), at) : void(*given = {});
  }
  return heard_;
}

void SocketPacketIo::give_back(Taken what, net::Lane lane, std::size_t count) noexcept {
  switch (what) {
    case Taken::packets:
      given_back_.packets = {.lane = lane, .count = count};
      break;
    case Taken::errors:
      given_back_.errors = {.lane = lane, .count = count};
      break;
    case Taken::connections:
      connector_.give_back(count);
      break;
  }
}

Address SocketPacketIo::source(net::Lane lane, const Address& to, net::ShapeNumber shape) {
  return lanes_.source(lane, to, shapes_[shape].options);
}

net::SendReport SocketPacketIo::send(net::Lane lane, std::span<const net::Outgoing> messages) {
  const OpenLane& to = lanes_[lane];
  const std::span<mmsghdr> headers_left = send_batch_.fill(messages, message_shapes_[index(to.key.family)]);
  net::SendReport report{.accepted = 0, .refused = {}, .started = now(), .finished = {}};
  renew_device(lane, report.started, device_patience);
  int retries = 0;
  int foreign = 0;
  while (report.accepted < messages.size()) {
    const auto rest = headers_left.subspan(report.accepted);
    const int sent = calls_.send(to.socket(), rest);
    if (sent > 0) {
      report.accepted += static_cast<std::size_t>(sent);
      lanes_.accepted(lane);
      foreign = retries = 0;
      continue;
    }
    int error = errno;
    queues_[lane].may_hold_errors = true;
    if (error == EINTR && ++retries < most_retries) continue;
    if (error == EAGAIN || error == ENOBUFS) {
      const SendRoom::Look look = lanes_.refused(lane, now());
      if (look == SendRoom::Look::grown) continue;
      if (look == SendRoom::Look::full) error = EAGAIN;  // raw sockets say ENOBUFS, as full devices do
    }
    if (error == EMSGSIZE && lanes_.cut_from_now_on(lane)) continue;
    if (may_be_foreign(error) && is_foreign(lane, error, ++foreign)) continue;
    if (renew_device(lane, now(), device_patience_after_failure)) continue;
    // With a renewed source there is no refusal: the caller sends the rest again.
    if (!renew_source(messages[report.accepted].shape)) report.refused = {error, std::system_category()};
    break;
  }
  report.finished = now();
  return report;
}

/// Gives the link-local source of a shape the new number of its interface. True when that was made anew under its name.
bool SocketPacketIo::renew_source(net::ShapeNumber shape) {
  Shape& renewed = shapes_[shape];
  if (renewed.source_zone.empty()) return false;
  Address& source = renewed.options.source_v6;
  const unsigned number = ::if_nametoindex(renewed.source_zone.c_str());
  if (number == 0 || number == source.scope_id()) return false;
  source = net::in_zone(source, number);
  message_shapes_[index(Family::ipv6)][shape].control = write_control(Family::ipv6, renewed.options);
  return true;
}

/// A VPN that connects again makes its device anew. True when the lane uses another device from now on.
bool SocketPacketIo::renew_device(net::Lane lane, net::Instant now, Duration patience) {
  const Lanes::Renewed renewed = lanes_.renew_device(lane, now, patience);
  if (renewed.opened) begin(lane);
  return renewed.device;
}

/// Whether an error is about an earlier message; `tries` counts failures in a row. The kernel reports such an error on
/// one call, and also puts it into the error queue. The queue also tells when a message is too large for this host.
bool SocketPacketIo::is_foreign(net::Lane lane, int error, int tries) {
  const bool first = tries == 1;
  if (first && error != EMSGSIZE) return true;
  if (tries == most_foreign_errors) return false;
  const Reports reports = hold_errors(lane);
  if (error == EMSGSIZE && reports.own_size) return false;
  return first || reports.others > 0;
}

/// Returns how many packets were read; 0 also after an error. The error is about another probe, and is then in the
/// error queue too, or it is a lack of memory of this host.
int SocketPacketIo::read_socket(const OpenLane& lane, ReceiveBatch& batch, int flags, StampClock::Queue& queue) {
  make_room(batch);
  const bool addresses = !lane.ip_header || flags != 0;
  const std::span<mmsghdr> room = batch.fresh(addresses);
  batch.filled(0);
  for (int retries = 0; retries < most_retries; ++retries) {
    const int got = calls_.receive(lane.socket(), room, flags);
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
    read_at_ = net::Instant{behind};
    if (behind - before > clocks_apart && tries < 2) continue;
    return stamps_.read(net::Instant{before + (behind - before) / 2}, wall);
  }
}

net::Arrival SocketPacketIo::arrival(const ControlData& control, const StampClock::Queue& queue) const noexcept {
  return {.read = read_at_, .stamp = control.stamp ? stamps_.monotonic(queue, *control.stamp) : std::nullopt};
}

std::span<const net::Incoming> SocketPacketIo::receive(net::Lane lane, bool& more) {
  const OpenLane& from = lanes_[lane];
  if (const std::size_t again = given_back_.packets.take(lane); again > 0) {
    more = true;
    return std::span<const net::Incoming>{incoming_}.last(again);
  }
  StampClock::Queue& queue = queues_[lane].packets;
  incoming_.clear();
  net::make_room(incoming_, batch_.capacity());
  const int got = read_socket(from, batch_, 0, queue);
  lanes_.taken(lane, static_cast<std::size_t>(got));
  more = static_cast<std::size_t>(got) == batch_.capacity();
  if (std::exchange(met_error_, false)) queues_[lane].may_hold_errors = true;
  if (got == 0) return {};
  read_clocks();
  more = more || stamps_.doubts(queue);  // until it is found empty
  const bool has_ports = from.key.carrier == net::Carrier::udp;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
    const ControlData control = read_control(batch_.header(i));
    const std::uint16_t port = has_ports ? batch_.port(i) : std::uint16_t{0};
    const bool own = has_ports && control.came_by_loopback && lanes_.has_udp_port(from.key.family, port);
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

/// With IP_RECVERR the kernel announces each entry of the error queue by a call that fails, or by poll(2). Otherwise
/// the queue is empty and is not read, since that takes as long as a packet does.
std::span<const net::QueuedError> SocketPacketIo::receive_errors(net::Lane lane, bool& more) {
  more = true;
  if (const std::size_t again = given_back_.errors.take(lane); again > 0)
    return std::span<const net::QueuedError>{errors_}.last(again);
  errors_.clear();
  held_errors_.take(lane, errors_);
  if (!errors_.empty()) return errors_;
  make_room_for_errors(lane);
  StampClock::Queue& queue = queues_[lane].errors;
  if (!queues_[lane].may_hold_errors) {
    stamps_.found_empty(queue);
    lanes_.found_empty(lane);
    more = false;
    return {};
  }
  const int got = read_socket(lanes_[lane], error_batch_, MSG_ERRQUEUE, queue);
  got == 0 ? lanes_.found_empty(lane) : lanes_.taken(lane, static_cast<std::size_t>(got));
  more = static_cast<std::size_t>(got) == error_batch_.capacity();
  queues_[lane].may_hold_errors = more;
  heed_sizes(lane, static_cast<std::size_t>(got));
  if (got == 0 || hears_errors_as_packets(lanes_[lane])) return {};
  take_errors(lane, static_cast<std::size_t>(got));
  more = more || stamps_.doubts(queue);
  return errors_;
}

/// Makes room for as many errors as one call reads.
void SocketPacketIo::make_room_for_errors(net::Lane lane) {
  if (!hears_errors_as_packets(lanes_[lane])) net::make_room(errors_, error_batch_.capacity());
}

/// Fills errors_ from the batch; make_room_for_errors() was called before.
void SocketPacketIo::take_errors(net::Lane lane, std::size_t count) noexcept {
  read_clocks();
  errors_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const ControlData control = read_control(error_batch_.header(i));
    auto error = queued_error(error_batch_, i, control);
    if (!error) continue;
    error->arrival = arrival(control, queues_[lane].errors);
    errors_.push_back(*error);
  }
}

/// Lets this host fragment what the lane sends after a router, or this host, has reported a packet as too large.
void SocketPacketIo::heed_sizes(net::Lane lane, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = read_control(error_batch_.header(i)).error;
    if (error && error->number == EMSGSIZE && !lanes_.cut_from_now_on(lane)) return;
  }
}

SocketPacketIo::Reports SocketPacketIo::hold_errors(net::Lane lane) {
  if (given_back_.errors.count > 0) return {};  // they take up the room
  errors_.clear();
  make_room_for_errors(lane);
  if (!hears_errors_as_packets(lanes_[lane])) {
    make_room(error_batch_);
    held_errors_.make_room(error_batch_.capacity(), error_batch_.room());
  }
  const int got = read_socket(lanes_[lane], error_batch_, MSG_ERRQUEUE, queues_[lane].errors);
  const auto count = static_cast<std::size_t>(got);
  lanes_.taken(lane, count);
  heed_sizes(lane, count);
  Reports reports;
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = read_control(error_batch_.header(i)).error;
    if (error && error->refuses_size()) reports.own_size = true;
    if (error && error->is_icmp()) ++reports.others;
  }
  if (reports.others == 0 || hears_errors_as_packets(lanes_[lane])) return reports;
  take_errors(lane, count);
  for (const net::QueuedError& error : errors_) held_errors_.hold(lane, error);
  return reports;
}

bool SocketPacketIo::is_own(const Address& address, Protocol protocol) {
  const bool elsewhere = protocol == Protocol::icmp && broker_.sockets && broker_.sockets->elsewhere();
  return (elsewhere ? own_addresses_of_echoes_ : own_addresses_).has(address, now());
}

std::error_code SocketPacketIo::connect(const net::Connecting& connecting) {
  const bool first = connector_.descriptor() < 0;
  if (first) watched_.reserve(lanes_.open().size() + 2);  // for watch_all(), when the connection is under way already
  auto error = connector_.connect(connecting.token, *connecting.to, shapes_[connecting.shape].options);
  if (error == std::errc::no_such_device && renew_source(connecting.shape))
    error = connector_.connect(connecting.token, *connecting.to, shapes_[connecting.shape].options);
  if (first && connector_.descriptor() >= 0) {
    joined_.extend(connector_.descriptor(), connector_tag);
    watch_all();
  }
  return error;
}

/// Lists what wait() waits for: the joined descriptor when it is whole, otherwise each descriptor.
void SocketPacketIo::watch_all() {
  watched_.reserve(lanes_.open().size() + 2);
  watched_version_ = lanes_.version();
  watched_.assign(1, {.fd = wake_.value(), .events = POLLIN, .revents = 0});
  const auto watch = [this](int descriptor) { watched_.push_back({.fd = descriptor, .events = POLLIN, .revents = 0}); };
  if (joined_.is_whole()) return watch(joined_.value());
  for (const net::Lane lane : lanes_.open()) watch(lanes_[lane].socket());
  if (connector_.descriptor() >= 0) watch(connector_.descriptor());
}

/// Joins the lanes that are open; later lanes join when they are opened.
void SocketPacketIo::join_all() noexcept {
  if (joined_.value() >= 0 || joined_.open() < 0) return;
  for (const net::Lane lane : lanes_.open()) joined_.add(lanes_[lane].socket(), lane);
  if (connector_.descriptor() >= 0) joined_.add(connector_.descriptor(), connector_tag);
}

/// Notes which lanes may hold errors, as the last poll(2) says. The joined descriptor does not say it: then all of a
/// few lanes may hold errors, and for many lanes heard() asks.
void SocketPacketIo::look_for_errors() noexcept {
  const auto lanes = lanes_.open();
  if (joined_.is_whole()) {
    if (lanes.size() > few_lanes) return;
    for (const net::Lane lane : lanes) queues_[lane].may_hold_errors = true;
    return;
  }
  for (std::size_t i = 0; i < lanes.size(); ++i)
    if ((watched_[1 + i].revents & POLLERR) != 0) queues_[lanes[i]].may_hold_errors = true;
}

net::Instant SocketPacketIo::next_chore() const noexcept {
  return must_give() ? net::Instant::min() : net::Instant::max();
}

void SocketPacketIo::wait(net::Instant until) {
  if (must_give()) return;
  if (reading_failed_) until = std::min(until, now() + pause_after_failure);
  const bool same =
      joined_.is_whole() ? watched_[watched_.size() - 1].fd == joined_.value() : watched_version_ == lanes_.version();
  if (!same) watch_all();
  const std::size_t watched = std::exchange(reading_failed_, false) ? 1 : watched_.size();
  const bool forever = until == net::Instant::max();
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

/// Only what is small, and would be no other way if it were made when it is wanted again.
bool SocketPacketIo::can_rest() noexcept {
  const auto asks_nothing = [](const Shape& shape) {
    const ProbeOptions& probe = shape.options;
    return !probe.mark && !probe.source_v4 && !probe.source_v6;
  };
  return packets_at_once_ == few_packets && !wake_ && !reading_failed_ && joined_.value() < 0 &&
         connector_.descriptor() < 0 && std::ranges::all_of(shapes_, asks_nothing) && lanes_.can_rest();
}

bool SocketPacketIo::renew() noexcept {
  given_back_ = {};
  met_error_ = false;
  read_clocks();  // the wall clock may have been set since the last call
  for (const net::Lane lane : lanes_.open()) {
    const auto found = calls_.empty(lanes_[lane].socket(), std::exchange(queues_[lane].may_hold_errors, false));
    if (found == SocketCalls::Emptied::failed) return false;
    found_empty(lane);
    held_errors_.forget(lane);
    lanes_.renew(lane, found == SocketCalls::Emptied::thrown_away);
  }
  return true;
}

}  // namespace multiping::os
