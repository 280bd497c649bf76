// The sockets of one object: opened when a probe first needs one, found by what tells them apart, and closed when
// nobody needs them any more and there are many. See lanes.hpp.
#include "linux/lanes.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "linux/socket.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t many_lanes = 16;
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

/// Every object needs these in the end, and late answers to them are common.
bool is_plain_icmp(const LaneKey& key) { return key == LaneKey{.family = key.family, .carrier = net::Carrier::icmp}; }

/// The kernel counts packets whose checksum is wrong as dropped by such sockets, before any filter.
bool counts_damage(const OpenLane& lane) noexcept {
  if (lane.key.carrier == net::Carrier::udp) return true;
  return lane.key.family == Family::ipv6 && !lane.channel.kernel_owns_id;
}

bool gives_ip_header(TransportKind kind, const LaneKey& key) noexcept {
  if (key.family != Family::ipv4 || key.carrier == net::Carrier::udp) return false;
  return key.carrier != net::Carrier::icmp || kind == TransportKind::raw;
}

}  // namespace

Lanes::Lanes(TransportKind kind, const TransportOptions& options, const net::IoRequest& request,
             std::shared_ptr<PingSocketSource> broker)
    : kind_{kind},
      broker_{std::move(broker)},
      receive_buffer_{options.receive_buffer},
      send_buffer_{options.send_buffer},
      targets_{request.targets},
      transports_{request.transports},
      remembered_mtu_{request.measures_mtu ? RememberedMtu::ignored : RememberedMtu::believed} {}

std::optional<net::Lane> Lanes::find(const LaneKey& key) const noexcept {
  const auto found = std::ranges::find_if(open_, [&](net::Lane lane) { return lanes_[lane].key == key; });
  return found == open_.end() ? std::nullopt : std::optional{*found};
}

Lanes::Taken Lanes::take(const LaneKey& key, bool without_df) {
  Taken taken = find_or_open(key);
  if (!taken.refusal && without_df && !std::exchange(lanes_[taken.lane].without_df, true))
    allow_fragments(lanes_[taken.lane].socket());
  return taken;
}

Lanes::Taken Lanes::find_or_open(const LaneKey& key) {
  if (const auto lane = find(key)) {
    ++lanes_[*lane].users;
    return {.lane = *lane};
  }
  if (open_.size() >= many_lanes) close_unused();
  OpenedLane opened = open_socket(key);
  if (opened.refusal.error) return {.refusal = std::move(opened.refusal)};
  return {.lane = add(key, std::move(opened.lane)), .opened = true};
}

OpenedLane Lanes::open_socket(const LaneKey& key) {
  const FlowName flow{key.family, key.carrier, key.flow.value_or(std::uint16_t{0})};
  const auto kept = key.flow ? flow_ports_.find(flow) : flow_ports_.end();
  const std::uint16_t port = kept == flow_ports_.end() ? std::uint16_t{0} : kept->second;
  const SocketMaker maker{
      .kind = kind_, .broker = broker_.get(), .receive_buffer = wanted_buffer(), .remembered_mtu = remembered_mtu_};
  OpenedLane opened = open_lane_socket(maker, key, port);
  const bool in_the_way = concerns_all(opened.refusal.error) || opened.refusal.error == std::errc::address_in_use;
  if (in_the_way) {
    // What nobody needs any more may hold the descriptors, or the port.
    close_unused();
    opened = open_lane_socket(maker, key, port);
  }
  if (open_.size() >= most_lanes)
    throw std::system_error(EMFILE, std::system_category(), "cannot number one more socket");
  if (concerns_all(opened.refusal.error)) throw std::system_error(opened.refusal.error, opened.refusal.doing);
  if (key.flow && !opened.refusal.error) flow_ports_.emplace(flow, opened.lane.id);
  return opened;
}

net::Lane Lanes::add(const LaneKey& key, LaneSocket held) {
  const auto free = std::ranges::find_if(lanes_, [](const OpenLane& lane) { return lane.socket() < 0; });
  const auto number = static_cast<net::Lane>(free - lanes_.begin());
  if (free == lanes_.end()) lanes_.emplace_back();
  OpenLane& lane = lanes_[number];
  const bool ping_socket = key.carrier == net::Carrier::icmp && kind_ != TransportKind::raw;
  lane.channel = {
      .family = key.family, .carrier = key.carrier, .kernel_owns_id = ping_socket, .id = held.id, .bound = held.bound};
  lane.key = key;
  lane.held = std::move(held);
  lane.ip_header = gives_ip_header(kind_, key);
  lane.users = 1;
  if (send_buffer_ != 0)
    raise_buffer(lane.socket(), SO_SNDBUF, SO_SNDBUFFORCE, send_buffer_);
  else if (transports_ > 1 || key.family == Family::ipv6)  // several may fill the table of neighbours, and one of IPv6
    limit_send_buffer(lane.socket(), send_room(key.family));
  size_buffers(lane);
  open_.push_back(number);
  ++version_;
  return number;
}

std::size_t Lanes::answer_cost() const noexcept { return small_answer_cost + largest_payload_ * 3 / 2; }

std::size_t Lanes::wanted_buffer() const noexcept {
  return receive_buffer_ != 0 ? receive_buffer_ : std::min(targets_ * answer_cost(), largest_wanted_buffer);
}

/// What a broker forced past the system's limit would fall back to the limit here.
void Lanes::raise_receive_buffer(const OpenLane& lane, std::size_t bytes) const noexcept {
  const bool brokered = broker_ && lane.channel.kernel_owns_id;
  if (brokered && attainable_buffer(lane.key.family, bytes) <= receive_buffer_of(lane.socket())) return;
  raise_buffer(lane.socket(), SO_RCVBUF, SO_RCVBUFFORCE, bytes);
}

void Lanes::size_buffers(OpenLane& lane) const noexcept {
  const std::size_t wanted = wanted_buffer();
  if (receive_buffer_ != 0 || wanted > receive_buffer_of(lane.socket())) raise_receive_buffer(lane, wanted);
  const auto room = receive_buffer_of(lane.socket()) / answer_cost();
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

void Lanes::expect_payload(std::size_t size) noexcept {
  if (size <= largest_payload_) return;
  largest_payload_ = size;
  for (const net::Lane lane : open_) size_buffers(lanes_[lane]);
}

void Lanes::close_unused() {
  ++version_;
  std::erase_if(open_, [this](net::Lane number) {
    OpenLane& lane = lanes_[number];
    if (lane.users != 0 || is_plain_icmp(lane.key)) return false;
    look_for_drops(lane);
    lane = {};
    return true;
  });
}

bool Lanes::has_udp_port(Family family, std::uint16_t port) const noexcept {
  return std::ranges::any_of(open_, [&](net::Lane number) {
    const net::Channel& channel = lanes_[number].channel;
    return channel.carrier == net::Carrier::udp && channel.family == family && channel.id == port;
  });
}

void Lanes::taken(net::Lane lane, std::size_t count) noexcept {
  OpenLane& from = lanes_[lane];
  from.taken += count;
  from.most_taken = std::max(from.most_taken, from.taken);
}

net::Drops Lanes::drops() noexcept {
  for (const net::Lane lane : open_) look_for_drops(lanes_[lane]);
  return drops_;
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
