// The sockets of one object: opened when a probe first needs one, and found again by their LaneKey.
// Sockets without users are closed when many are open, or when they are in the way of another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "linux/idle_sockets.hpp"
#include "linux/joined_descriptor.hpp"
#include "linux/lane_socket.hpp"
#include "linux/send_room.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// An open socket.
struct OpenLane {
  LaneKey key{};
  LaneSocket held{};
  net::Channel channel{};
  bool ip_header = false;   ///< Received packets begin with the IPv4 header.
  bool without_df = false;  ///< Packets leave without DF, so that routers may fragment them.
  std::size_t users = 0;
  std::size_t place = 0;                    ///< In the list of open lanes.
  bool in_unused = false, in_read = false;  ///< The lane is in the list of that name.
  net::Instant device_seen_at{};            ///< When the name of the device was last looked up.
  SendRoom send_room{};
  std::size_t taken = 0;       ///< Packets and errors read since both queues were last found empty.
  std::size_t most_taken = 0;  ///< The greatest `taken` since the last look for drops.
  std::uint64_t drops = 0;     ///< The kernel's count at the last look for drops.

  [[nodiscard]] int socket() const noexcept { return held.socket.value(); }
};

class Lanes {
 public:
  /// Plain ICMP sockets come from `idle`, if there is one, and go back to it. Ping sockets come from `broker`, if there
  /// is one.
  struct Sources {
    std::shared_ptr<PingSocketSource> broker{};
    std::shared_ptr<IdleSockets> idle{};
    JoinedDescriptor& watch;  ///< Watches the open lanes, tagged by their numbers. Outlives this object.
  };
  /// `request` is for the sizes of the buffers, and says whether a remembered MTU counts.
  Lanes(TransportKind kind, const TransportOptions& options, const net::IoRequest& request, Sources sources);
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes();

  /// Opens the socket of plain ICMP probes before one needs it, if this process may. The socket costs nothing until
  /// then, since it is not watched.
  void keep_ready(Family family);

  /// A lane, or the reason why there is none.
  struct Taken {
    net::Lane lane = 0;
    bool opened = false;                ///< take() has opened the lane.
    std::optional<net::Way> refusal{};  ///< Set when there is no lane.
  };
  /// The lane with that key, which has one more user from now on. `without_df`: as leaves_without_df() says; then all
  /// packets of the lane leave without DF from now on.
  /// Throws std::system_error when this process is out of descriptors or memory.
  [[nodiscard]] Taken take(const LaneKey& key, bool without_df = false);
  /// The lane has one user less from now on.
  void give_back(net::Lane number) noexcept;

  /// To be called when the kernel has accepted messages of the lane.
  void accepted(net::Lane lane) noexcept { lanes_[lane].send_room.accepted(); }
  /// To be called when the kernel had no room for the next message of the lane.
  [[nodiscard]] SendRoom::Look refused(net::Lane lane, net::Instant now) noexcept;

  /// `device`: the lane uses another device now. `opened`: the lane has another socket now.
  struct Renewed {
    bool device = false, opened = false;
  };
  /// Makes the lane use its device anew, if that was made anew under its name. Makes a system call or three, but none
  /// within `patience` of the last look.
  [[nodiscard]] Renewed renew_device(net::Lane number, net::Instant now, Duration patience);
  /// To be called when a message was larger than the MTU of its path: from now on this host fragments what the lane
  /// sends. False when it did so before, or when the lane's packets must not be fragmented.
  bool cut_from_now_on(net::Lane lane) noexcept;

  /// To be called when `count` packets or errors were read from the lane.
  void taken(net::Lane lane, std::size_t count) noexcept;
  /// To be called when both queues of the lane were found empty.
  void found_empty(net::Lane lane) noexcept { lanes_[lane].taken = 0; }
  /// As net::PacketIo::drops(). Looks at all lanes when they are few, otherwise at those that something was read from
  /// since the last look. Where a packet with a wrong checksum counts as a drop too, the drop counts for lack of room
  /// only when the buffer may have been full.
  [[nodiscard]] net::Drops drops() noexcept;

  /// All of them are what every object needs in the end, and of the network namespace of the other idle sockets.
  [[nodiscard]] bool can_rest() noexcept;
  /// Another object's from now on: nothing of the lane has been read, and its drops are counted from now on where some
  /// may have come about.
  void renew(net::Lane lane, bool may_have_dropped) noexcept;

  /// Answers may be as long from now on: buffers grow, and hold fewer of them.
  void expect_payload(std::size_t size) noexcept;

  [[nodiscard]] std::span<const net::Lane> open() const noexcept { return open_; }
  [[nodiscard]] const OpenLane& operator[](net::Lane lane) const noexcept { return lanes_[lane]; }
  /// Whether one of these UDP sockets has this port.
  [[nodiscard]] bool has_udp_port(Family family, std::uint16_t port) const noexcept {
    return udp_ports_.contains(udp_port(family, port));
  }
  /// As net::PacketIo::source().
  [[nodiscard]] Address source(net::Lane lane, const Address& to, const ProbeOptions& probe) noexcept {
    return lanes_[lane].held.source_finder.find(to, probe);
  }
  /// A number that changes whenever a lane is opened or closed.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

 private:
  [[nodiscard]] Taken find_or_open(const LaneKey& key);
  void leave_df_out(OpenLane& lane) noexcept;
  [[nodiscard]] OpenedLane open_socket(const LaneKey& key);
  [[nodiscard]] std::optional<LaneSocket> take_ready(const LaneKey& key) noexcept;
  [[nodiscard]] net::Lane add(const LaneKey& key, LaneSocket held);
  void make_room();
  void enter(net::Lane number, OpenLane lane) noexcept;
  void stand_in(net::Lane number, OpenLane lane) noexcept;
  void leave(OpenLane& lane) noexcept;
  [[nodiscard]] OpenLane furnish(const LaneKey& key, LaneSocket held) const;
  [[nodiscard]] SocketMaker maker() const noexcept;
  [[nodiscard]] bool reopen(net::Lane number);
  void close_unused() noexcept;
  void close(net::Lane number) noexcept;
  [[nodiscard]] static std::uint32_t udp_port(Family family, std::uint16_t port) noexcept {
    return (family == Family::ipv4 ? 0U : 0x1'0000U) | port;
  }
  void look_for_drops(OpenLane& lane) noexcept;
  [[nodiscard]] std::size_t answer_cost() const noexcept;
  [[nodiscard]] std::size_t wanted_buffer() const noexcept;
  [[nodiscard]] std::size_t send_room(Family family) const noexcept;
  void size_buffers(OpenLane& lane) const noexcept;
  void raise_receive_buffer(const OpenLane& lane, std::size_t bytes) const noexcept;

  /// All lanes of one flow name have the same source port, and keep it when they are closed and opened again.
  struct FlowName {
    Family family = Family::any;
    net::Carrier carrier = net::Carrier::udp;
    std::uint16_t flow = 0;
    friend auto operator<=>(const FlowName&, const FlowName&) = default;
  };

  TransportKind kind_;
  Sources sources_;
  std::size_t receive_buffer_, send_buffer_, targets_, transports_;
  RememberedMtu remembered_mtu_;
  std::size_t largest_payload_ = 0;
  std::array<std::optional<LaneSocket>, 2> ready_{};  ///< By family.
  std::vector<OpenLane> lanes_;                       ///< By number; those without a socket are free.
  std::vector<net::Lane> open_, free_;
  std::unordered_map<LaneKey, net::Lane> by_key_;
  std::vector<net::Lane> unused_;  ///< Lanes that lost their last user; some have another since.
  std::vector<net::Lane> read_;    ///< Lanes that something was read from since the last look for drops.
  std::unordered_multiset<std::uint32_t> udp_ports_;
  std::map<FlowName, std::uint16_t> flow_ports_;
  net::Drops drops_{};
  std::uint64_t version_ = 0;
};

}  // namespace multiping::os
