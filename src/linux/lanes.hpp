// The sockets of one object: opened when a probe first needs one, found by what tells them apart, and closed when
// nobody needs them any more and there are many.
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
  bool ip_header = false;   ///< Its packets begin with the IPv4 header.
  bool without_df = false;  ///< Routers may fragment what it sends.
  std::size_t users = 0;
  std::size_t place = 0;                    ///< Among the open lanes.
  bool in_unused = false, in_read = false;  ///< Stands in the list of that name.
  net::Instant device_seen_at{};            ///< When its name was looked up last.
  SendRoom send_room{};
  std::size_t taken = 0;       ///< Packets and errors, since both queues were found empty.
  std::size_t most_taken = 0;  ///< Since its drops were looked at.
  std::uint64_t drops = 0;     ///< At the last look.

  [[nodiscard]] int socket() const noexcept { return held.socket.value(); }
};

class Lanes {
 public:
  /// `request` is for the size of the buffers. Plain ICMP sockets come from `idle`, if there is one, and go back to it;
  /// ping sockets from `broker`.
  struct Sources {
    std::shared_ptr<PingSocketSource> broker{};
    std::shared_ptr<IdleSockets> idle{};
    JoinedDescriptor& watch;  ///< Lanes stand in it, by their numbers, while they are open. Outlives this object.
  };
  Lanes(TransportKind kind, const TransportOptions& options, const net::IoRequest& request, Sources sources);
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes();

  /// Opens the socket of plain ICMP probes before any needs it, as far as this process may. It costs nothing until
  /// then, since nobody listens to it.
  void keep_ready(Family family);

  /// A lane with that key, which has one user more from now on; or why there is none.
  /// Throws std::system_error when this process is out of descriptors or memory.
  struct Taken {
    net::Lane lane = 0;
    bool opened = false;                ///< Just now.
    std::optional<net::Way> refusal{};  ///< Then there is no lane.
  };
  /// `without_df`: as leaves_without_df() says; all that the lane sends does so from then on.
  [[nodiscard]] Taken take(const LaneKey& key, bool without_df = false);
  void give_back(net::Lane number) noexcept;

  /// The kernel has taken messages.
  void accepted(net::Lane lane) noexcept { lanes_[lane].send_room.accepted(); }
  /// It had no room for the next.
  [[nodiscard]] SendRoom::Look refused(net::Lane lane, net::Instant now) noexcept;

  /// Where the device of a lane was made anew under its name, the lane uses that one from now on. A system call, or
  /// three, but none within `patience` of the last look. True when it was; `opened` when it is another socket now.
  struct Renewed {
    bool device = false, opened = false;
  };
  [[nodiscard]] Renewed renew_device(net::Lane number, net::Instant now, Duration patience);
  /// A message was larger than its path, and what the lane sends may be cut: from now on it is. False where that was so
  /// before, or may not be.
  bool cut_from_now_on(net::Lane lane) noexcept;

  /// So many packets or errors were read, or both its queues were found empty.
  void taken(net::Lane lane, std::size_t count) noexcept;
  void found_empty(net::Lane lane) noexcept { lanes_[lane].taken = 0; }
  /// As net::PacketIo::drops(), of all lanes, or of many those from which something was taken since the last look.
  /// Where anybody can make the kernel count a drop, it counts for want of room only when the buffer may have been
  /// full.
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
  /// A UDP socket of these has this port.
  [[nodiscard]] bool has_udp_port(Family family, std::uint16_t port) const noexcept {
    return udp_ports_.contains(udp_port(family, port));
  }
  /// As net::PacketIo::source().
  [[nodiscard]] Address source(net::Lane lane, const Address& to, const ProbeOptions& probe) noexcept {
    return lanes_[lane].held.source_finder.find(to, probe);
  }
  /// Another one whenever a lane was opened or closed.
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

  /// What has one source port, whatever else of its lanes differs, and keeps it when they are closed and opened again.
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
  std::vector<net::Lane> unused_;  ///< Lost their last user; some have another since.
  std::vector<net::Lane> read_;    ///< Something was taken from them since drops were looked for.
  std::unordered_multiset<std::uint32_t> udp_ports_;
  std::map<FlowName, std::uint16_t> flow_ports_;
  net::Drops drops_{};
  std::uint64_t version_ = 0;
};

}  // namespace multiping::os
