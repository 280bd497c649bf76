// The sockets of one object: opened when a probe first needs one, found by what tells them apart, and closed when
// nobody needs them any more and there are many. See lanes.hpp.
#include "linux/lanes.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "linux/clock.hpp"
#include "linux/socket.hpp"
#include "net/address_facts.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t many_lanes = 16;
constexpr std::size_t few_to_look_at = 8;    ///< The drops of which are all looked at.
constexpr std::size_t worth_two_calls = 16;  ///< Probes that each save the kernel some work.
constexpr std::size_t most_lanes = std::numeric_limits<net::Lane>::max();
constexpr std::size_t largest_wanted_buffer = 4U << 20U;
constexpr std::size_t small_answer_cost = 1024;  ///< What the kernel charges for a small answer, rounded up.
/// Packets that wait for their neighbours' addresses. The kernel's table has usually room for 1024 neighbours: what
/// does not fit there IPv4 refuses, and it passes; IPv6 says EINVAL, as for no route, or for ping sockets nothing at
/// all.
constexpr std::size_t most_held_v4 = 4096, most_held_v6 = 512;
constexpr std::size_t least_held = 128;  ///< By each of many transports: fewer would slow down what need not wait.

std::size_t receive_buffer_of(int socket) noexcept {
  return static_cast<std::size_t>(option(socket, SOL_SOCKET, SO_RCVBUF));
}

/// What a socket that asks for `bytes` is given here.
std::size_t attainable_buffer(Family family, std::size_t bytes) noexcept {
  const FileDescriptor socket = open_socket(family, SOCK_DGRAM, IPPROTO_UDP);
  raise_buffer(socket.value(), SO_RCVBUF, SO_RCVBUFFORCE, bytes);
  return receive_buffer_of(socket.value());
}

/// Late answers to these are common.
bool is_plain_icmp(const LaneKey& key) { return key == plain_lane(key.family); }

/// The kernel counts packets whose checksum is wrong as dropped by such sockets, before any filter.
bool counts_damage(const OpenLane& lane) noexcept {
  if (lane.key.carrier == net::Carrier::udp) return true;
  return lane.key.family == Family::ipv6 && !lane.channel.kernel_owns_id;
}

std::size_t index(Family family) noexcept { return family == Family::ipv4 ? 0 : 1; }

/// What it sends is small, and may be cut for all that.
bool may_be_cut(const OpenLane& lane) noexcept {
  const LaneKey& key = lane.key;
  return key.family == Family::ipv4 && key.carrier == net::Carrier::icmp && !key.dont_fragment && !lane.without_df;
}

bool gives_ip_header(TransportKind kind, const LaneKey& key) noexcept {
  if (key.family != Family::ipv4 || key.carrier == net::Carrier::udp) return false;
  return key.carrier != net::Carrier::icmp || kind == TransportKind::raw;
}

}  // namespace

Lanes::Lanes(TransportKind kind, const TransportOptions& options, const net::IoRequest& request, Sources sources)
    : kind_{kind},
      sources_{std::move(sources)},
      receive_buffer_{options.receive_buffer},
      send_buffer_{options.send_buffer},
      targets_{request.targets},
      transports_{request.transports},
      remembered_mtu_{request.measures_mtu ? RememberedMtu::ignored : RememberedMtu::believed} {}

Lanes::~Lanes() {
  if (!sources_.idle) return;
  for (const net::Lane number : open_) {
    OpenLane& lane = lanes_[number];
    if (is_plain_icmp(lane.key)) sources_.idle->give_back(lane.key.family, std::move(lane.held));
  }
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (auto& ready = ready_[index(family)]) sources_.idle->give_back(family, *std::move(ready));
}

/// What stands in the way is told when such a probe is to leave.
void Lanes::keep_ready(Family family) try {
  OpenedLane opened = open_socket(plain_lane(family));
  if (!opened.refusal.error) ready_[index(family)] = std::move(opened.lane);
} catch (const std::system_error&) {
}

std::optional<LaneSocket> Lanes::take_ready(const LaneKey& key) noexcept {
  if (!is_plain_icmp(key)) return std::nullopt;
  auto& ready = ready_[index(key.family)];
  if (ready) return std::exchange(ready, std::nullopt);
  return sources_.idle ? sources_.idle->take(key.family) : std::nullopt;
}

Lanes::Taken Lanes::take(const LaneKey& key, bool without_df) {
  Taken taken = find_or_open(key);
  if (!taken.refusal && without_df) leave_df_out(lanes_[taken.lane]);
  return taken;
}

void Lanes::leave_df_out(OpenLane& lane) noexcept {
  if (std::exchange(lane.without_df, true)) return;
  lane.held.usual_df = option(lane.socket(), IPPROTO_IP, IP_MTU_DISCOVER);
  allow_fragments(lane.socket());
}

Lanes::Taken Lanes::find_or_open(const LaneKey& key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    ++lanes_[known->second].users;
    return {.lane = known->second};
  }
  if (open_.size() >= many_lanes) close_unused();
  OpenedLane opened = open_socket(key);
  if (opened.refusal.error) return {.refusal = std::move(opened.refusal)};
  return {.lane = add(key, std::move(opened.lane)), .opened = true};
}

OpenedLane Lanes::open_socket(const LaneKey& key) {
  if (auto ready = take_ready(key)) return {.lane = *std::move(ready)};
  const FlowName flow{key.family, key.carrier, key.flow.value_or(std::uint16_t{0})};
  const auto kept = key.flow ? flow_ports_.find(flow) : flow_ports_.end();
  const std::uint16_t port = kept == flow_ports_.end() ? std::uint16_t{0} : kept->second;
  OpenedLane opened = open_lane_socket(maker(), key, port);
  const bool in_the_way = concerns_all(opened.refusal.error) || opened.refusal.error == std::errc::address_in_use;
  if (in_the_way) {
    // What nobody needs any more may hold the descriptors, or the port.
    close_unused();
    opened = open_lane_socket(maker(), key, port);
  }
  if (open_.size() >= most_lanes)
    throw std::system_error(EMFILE, std::system_category(), "cannot number one more socket");
  if (concerns_all(opened.refusal.error)) throw std::system_error(opened.refusal.error, opened.refusal.doing);
  if (key.flow && !opened.refusal.error) flow_ports_.emplace(flow, opened.lane.id);
  return opened;
}

SocketMaker Lanes::maker() const noexcept {
  return {.kind = kind_,
          .broker = sources_.broker.get(),
          .receive_buffer = wanted_buffer(),
          .remembered_mtu = remembered_mtu_};
}

Lanes::Renewed Lanes::renew_device(net::Lane number, net::Instant now, Duration patience) {
  OpenLane& lane = lanes_[number];
  if (lane.held.device.empty() || now - lane.device_seen_at < patience) return {};
  lane.device_seen_at = now;
  const unsigned index = ::if_nametoindex(lane.held.device.c_str());
  if (index == 0 || index == lane.held.device_index) return {};
  if (use_device_anew(lane.held, lane.key)) return {.device = true};
  const bool reopened = errno == EPERM && reopen(number);
  return {.device = reopened, .opened = reopened};
}

/// Only who has CAP_NET_RAW may bind a socket to another device than before.
bool Lanes::reopen(net::Lane number) {
  OpenLane& lane = lanes_[number];
  LaneKey key = lane.key;
  if (key.source.scope_id() != 0) key.source = net::in_zone(key.source, ::if_nametoindex(lane.held.device.c_str()));
  OpenedLane opened = open_lane_socket(maker(), key, key.flow ? lane.channel.id : std::uint16_t{0});
  if (opened.refusal.error) return false;
  OpenLane renewed = furnish(lane.key, std::move(opened.lane));
  if (key.carrier == net::Carrier::udp) udp_ports_.insert(udp_port(key.family, renewed.channel.id));
  renewed.users = lane.users;
  renewed.device_seen_at = lane.device_seen_at;
  const bool without_df = lane.without_df;
  leave(lane);
  stand_in(number, std::move(renewed));
  if (without_df) leave_df_out(lane);
  return true;
}

OpenLane Lanes::furnish(const LaneKey& key, LaneSocket held) const {
  const bool ping_socket = key.carrier == net::Carrier::icmp && kind_ != TransportKind::raw;
  OpenLane lane{.key = key};
  lane.channel = {
      .family = key.family, .carrier = key.carrier, .kernel_owns_id = ping_socket, .id = held.id, .bound = held.bound};
  lane.held = std::move(held);
  lane.ip_header = gives_ip_header(kind_, key);
  lane.users = 1;
  if (!lane.held.device.empty()) lane.device_seen_at = monotonic_now();
  if (targets_ >= worth_two_calls && may_be_cut(lane)) never_cut(lane.socket());
  if (send_buffer_ != 0)
    raise_buffer(lane.socket(), SO_SNDBUF, SO_SNDBUFFORCE, send_buffer_);
  else if (transports_ > 1 || key.family == Family::ipv6)  // several may fill the table of neighbours, and one of IPv6
    limit_send_buffer(lane.socket(), send_room(key.family));
  size_buffers(lane);
  lane.drops = lane.held.drops;
  return lane;
}

/// For one lane more in every list, so that nothing throws when lanes move between them.
void Lanes::make_room() {
  if (!free_.empty()) return;
  const std::size_t room = std::max(lanes_.size() + 1, lanes_.capacity());
  for (auto* list : {&open_, &free_, &unused_, &read_})
    if (list->capacity() < room) list->reserve(2 * room);
  lanes_.emplace_back();
  free_.push_back(static_cast<net::Lane>(lanes_.size() - 1));
}

net::Lane Lanes::add(const LaneKey& key, LaneSocket held) {
  OpenLane lane = furnish(key, std::move(held));
  make_room();
  const net::Lane number = free_.back();
  const auto named = by_key_.emplace(key, number).first;
  try {
    if (key.carrier == net::Carrier::udp) udp_ports_.insert(udp_port(key.family, lane.channel.id));
  } catch (...) {
    by_key_.erase(named);
    throw;
  }
  enter(number, std::move(lane));
  return number;
}

void Lanes::enter(net::Lane number, OpenLane lane) noexcept {
  free_.pop_back();
  lanes_[number].place = open_.size();
  open_.push_back(number);
  stand_in(number, std::move(lane));
}

/// What the lists say of the number stays true.
void Lanes::stand_in(net::Lane number, OpenLane lane) noexcept {
  ++version_;
  lane.place = lanes_[number].place;
  lane.in_unused = lanes_[number].in_unused;
  lane.in_read = lanes_[number].in_read;
  lanes_[number] = std::move(lane);
  if (lanes_[number].socket() >= 0) sources_.watch.extend(lanes_[number].socket(), number);
}

/// It is about to be closed.
void Lanes::leave(OpenLane& lane) noexcept {
  look_for_drops(lane);
  sources_.watch.remove(lane.socket());
  if (lane.key.carrier != net::Carrier::udp) return;
  if (const auto port = udp_ports_.find(udp_port(lane.key.family, lane.channel.id)); port != udp_ports_.end())
    udp_ports_.erase(port);
}

std::size_t Lanes::answer_cost() const noexcept { return small_answer_cost + largest_payload_ * 3 / 2; }

std::size_t Lanes::wanted_buffer() const noexcept {
  return receive_buffer_ != 0 ? receive_buffer_ : std::min(targets_ * answer_cost(), largest_wanted_buffer);
}

/// What a broker, or this process when it had the right, forced past the system's limit would fall back to the limit.
void Lanes::raise_receive_buffer(const OpenLane& lane, std::size_t bytes) const noexcept {
  const bool shared = (sources_.broker && lane.channel.kernel_owns_id) || (sources_.idle && is_plain_icmp(lane.key));
  if (shared && !force_buffer(lane.socket(), SO_RCVBUFFORCE, bytes) &&
      attainable_buffer(lane.key.family, bytes) <= receive_buffer_of(lane.socket()))
    return;
  raise_buffer(lane.socket(), SO_RCVBUF, SO_RCVBUFFORCE, bytes);
}

void Lanes::size_buffers(OpenLane& lane) const noexcept {
  const std::size_t wanted = wanted_buffer();
  std::size_t size = receive_buffer_of(lane.socket());
  if (receive_buffer_ != 0 || wanted > size) {
    raise_receive_buffer(lane, wanted);
    size = receive_buffer_of(lane.socket());
  }
  const auto room = size / answer_cost();
  lane.channel.receive_room = std::max<std::size_t>(room, 1);
}

/// The most that a lane's packets may take up while they wait for neighbours.
std::size_t Lanes::send_room(Family family) const noexcept {
  const std::size_t packets = family == Family::ipv4 ? most_held_v4 : std::max(most_held_v6 / transports_, least_held);
  return std::min(packets * answer_cost(), largest_wanted_buffer);
}

SendRoom::Look Lanes::refused(net::Lane lane, net::Instant now) noexcept {
  OpenLane& full = lanes_[lane];
  return full.send_room.refused(full.socket(), send_buffer_ == 0 ? send_room(full.key.family) : 0, now);
}

bool Lanes::cut_from_now_on(net::Lane lane) noexcept {
  return may_be_cut(lanes_[lane]) && cut_again(lanes_[lane].socket());
}

void Lanes::expect_payload(std::size_t size) noexcept {
  if (size <= largest_payload_) return;
  largest_payload_ = size;
  for (const net::Lane lane : open_) size_buffers(lanes_[lane]);
}

void Lanes::give_back(net::Lane number) noexcept {
  OpenLane& lane = lanes_[number];
  if (--lane.users == 0 && !is_plain_icmp(lane.key) && !std::exchange(lane.in_unused, true)) unused_.push_back(number);
}

void Lanes::close_unused() noexcept {
  for (const net::Lane number : unused_) {
    lanes_[number].in_unused = false;
    if (lanes_[number].socket() >= 0 && lanes_[number].users == 0) close(number);
  }
  unused_.clear();
}

void Lanes::close(net::Lane number) noexcept {
  leave(lanes_[number]);
  by_key_.erase(lanes_[number].key);
  const std::size_t place = lanes_[number].place;
  lanes_[open_.back()].place = place;
  open_[place] = open_.back();
  open_.pop_back();
  stand_in(number, {});
  free_.push_back(number);
}

void Lanes::taken(net::Lane lane, std::size_t count) noexcept {
  if (count == 0) return;
  OpenLane& from = lanes_[lane];
  if (!std::exchange(from.in_read, true)) read_.push_back(lane);
  from.taken += count;
  from.most_taken = std::max(from.most_taken, from.taken);
}

net::Drops Lanes::drops() noexcept {
  for (const net::Lane lane : open_.size() <= few_to_look_at ? open_ : read_)
    if (lanes_[lane].socket() >= 0) look_for_drops(lanes_[lane]);
  for (const net::Lane lane : read_) lanes_[lane].in_read = false;
  read_.clear();
  return drops_;
}

bool Lanes::can_rest() noexcept {
  return sources_.idle && std::ranges::all_of(open_, [this](net::Lane number) {
           return is_plain_icmp(lanes_[number].key) && sources_.idle->is_home_of(lanes_[number].held);
         });
}

void Lanes::renew(net::Lane number, bool may_have_dropped) noexcept {
  OpenLane& lane = lanes_[number];
  lane.taken = lane.most_taken = 0;
  if (may_have_dropped) lane.drops = memory_of(lane.socket()).drops;
  drops_ = {};
}

/// What a full buffer held was read since the last look, or waits still. Some devices take twice the room for a packet.
void Lanes::look_for_drops(OpenLane& lane) noexcept {
  const SocketMemory memory = memory_of(lane.socket());
  const std::uint64_t fresh = memory.drops - std::exchange(lane.drops, memory.drops);
  const std::size_t most_held = memory.received + 2 * std::exchange(lane.most_taken, lane.taken) * answer_cost();
  const bool for_room = !counts_damage(lane) || most_held >= memory.receive_buffer;
  (for_room ? drops_.no_room : drops_.damaged) += fresh;
}

}  // namespace multiping::os
