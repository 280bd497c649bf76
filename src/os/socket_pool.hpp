// The sockets of one object: opened when a probe first needs one, and found again by their SocketKey.
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

#include "net/packet_io.hpp"
#include "os/epoll_descriptor.hpp"
#include "os/probe_socket.hpp"
#include "os/send_buffer_growth.hpp"
#include "os/spare_icmp_sockets.hpp"

namespace multiping::os {

/// An open socket.
struct PooledSocket {
  SocketKey key{};
  ProbeSocket held{};
  net::Channel channel{};
  bool ip_header = false;   ///< Received packets begin with the IPv4 header.
  bool without_df = false;  ///< Packets leave without DF, so that routers may fragment them.
  std::size_t users = 0;
  std::size_t place = 0;                    ///< The index in the list of open sockets.
  bool in_unused = false, in_read = false;  ///< The socket is in unused_, in read_.
  Instant device_seen_at{};                 ///< When the name of the device was last looked up.
  SendBufferGrowth send_room{};
  std::size_t taken = 0;       ///< Packets and errors read since both queues were last found empty.
  std::size_t most_taken = 0;  ///< The greatest `taken` since the last look for drops.
  std::uint64_t drops = 0;     ///< The kernel's count at the last look for drops.

  [[nodiscard]] int socket() const noexcept { return held.socket.value(); }
};

class SocketPool {
 public:
  /// Plain ICMP sockets come from `idle`, if there is one, and go back to it. Ping sockets come from `broker`, if there
  /// is one.
  struct Sources {
    std::shared_ptr<PingSocketSource> broker{};
    std::shared_ptr<SpareIcmpSockets> idle{};
    EpollDescriptor& watch;  ///< Watches the open sockets, tagged by their numbers. Outlives this object.
  };
  /// `request` sets the sizes of the buffers, and says whether a remembered MTU counts.
  SocketPool(TransportKind kind, const TransportOptions& options, const net::SocketsNeeded& request, Sources sources);
  SocketPool(const SocketPool&) = delete;
  SocketPool& operator=(const SocketPool&) = delete;
  ~SocketPool();

  /// Opens the socket of plain ICMP probes before a probe needs it, if this process may. The socket is not watched
  /// until then, so it costs no time.
  void keep_ready(Family family);

  /// A socket, or the reason why there is none.
  struct Taken {
    net::SocketId socket_id = 0;
    bool opened = false;                     ///< take() has opened the socket.
    std::optional<net::SendPath> refusal{};  ///< Set when there is no socket.
  };
  /// Returns the socket with that key, which has one more user from now on. `without_df`: as leaves_without_df() says;
  /// then all packets of the socket leave without DF from now on. Throws std::system_error when this process is out of
  /// descriptors or memory.
  [[nodiscard]] Taken take(const SocketKey& key, bool without_df = false);
  /// The socket has one user less from now on.
  void give_back(net::SocketId number) noexcept;

  /// To be called when the kernel has accepted messages of the socket.
  void accepted(net::SocketId socket_id) noexcept { sockets_[socket_id].send_room.accepted(); }
  /// To be called when the kernel had no room for the next message of the socket.
  [[nodiscard]] SendBufferGrowth::Look refused(net::SocketId socket_id, Instant now) noexcept;

  /// `device`: the socket uses another device now. `opened`: the socket was replaced by a new one with the same number.
  struct Renewed {
    bool device = false, opened = false;
  };
  /// When the device of the socket was deleted and created again under the same name, makes the socket use the new one.
  /// Makes one system call or more, but none until `patience` has passed since the last check.
  [[nodiscard]] Renewed renew_device(net::SocketId number, Instant now, Duration patience);
  /// To be called when a message was larger than the MTU of its path: from now on this host fragments what the socket
  /// sends. False when it did so before, or when the socket's packets must not be fragmented.
  bool cut_from_now_on(net::SocketId socket_id) noexcept;

  /// To be called when `count` packets or errors were read from the socket.
  void taken(net::SocketId socket_id, std::size_t count) noexcept;
  /// To be called when both queues of the socket were found empty.
  void found_empty(net::SocketId socket_id) noexcept { sockets_[socket_id].taken = 0; }
  /// As net::PacketIo::drops(). Looks at all sockets when they are few, otherwise only at sockets from which something
  /// was read since the last look. Where a packet with a wrong checksum counts as a drop too, the drop counts for lack
  /// of room only when the buffer may have been full.
  [[nodiscard]] net::Drops drops() noexcept;

  /// True when another object can use all open sockets after this one. Then each of them is a plain ICMP socket, which
  /// every object needs sooner or later, and belongs to the network namespace of the idle sockets. Always false without
  /// Sources::idle.
  [[nodiscard]] bool can_rest() noexcept;
  /// True when all sockets are plain ICMP sockets of this process, and none is watched.
  [[nodiscard]] bool can_close_all() const noexcept;
  /// Closes all sockets, and the idle ones too. Later ones are opened anew. To be called when can_close_all().
  void close_all() noexcept;
  /// To be called when another object begins to use the socket, whose queues are empty. All counts begin again at 0.
  /// `may_have_dropped`: the kernel may have counted drops since the last look, and these must not count.
  void renew(net::SocketId socket_id, bool may_have_dropped) noexcept;

  /// Expects answers with payloads of up to `size` bytes from now on: receive buffers may grow, and
  /// Channel::receive_room is computed again.
  void expect_payload(std::size_t size) noexcept;

  [[nodiscard]] std::span<const net::SocketId> open() const noexcept { return open_; }
  [[nodiscard]] const PooledSocket& operator[](net::SocketId socket_id) const noexcept { return sockets_[socket_id]; }
  /// True when one of these UDP sockets has this port.
  [[nodiscard]] bool has_udp_port(Family family, std::uint16_t port) const noexcept {
    return udp_ports_.contains(udp_port(family, port));
  }
  /// As net::PacketIo::source().
  [[nodiscard]] Address source(net::SocketId socket_id, const Address& to, const ProbeOptions& probe) noexcept {
    return sockets_[socket_id].held.source_finder.find(to, probe);
  }
  /// A number that changes whenever a socket is opened or closed.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

 private:
  [[nodiscard]] Taken find_or_open(const SocketKey& key);
  void leave_df_out(PooledSocket& pooled) noexcept;
  [[nodiscard]] OpenedSocket open_socket(const SocketKey& key);
  [[nodiscard]] std::optional<ProbeSocket> take_ready(const SocketKey& key) noexcept;
  [[nodiscard]] net::SocketId add(const SocketKey& key, ProbeSocket held);
  void make_room();
  void enter(net::SocketId number, PooledSocket pooled) noexcept;
  void stand_in(net::SocketId number, PooledSocket pooled) noexcept;
  void leave(PooledSocket& pooled) noexcept;
  [[nodiscard]] PooledSocket furnish(const SocketKey& key, ProbeSocket held) const;
  [[nodiscard]] SocketMaker maker() const noexcept;
  [[nodiscard]] bool reopen(net::SocketId number);
  void close_unused() noexcept;
  void close(net::SocketId number) noexcept;
  [[nodiscard]] static std::uint32_t udp_port(Family family, std::uint16_t port) noexcept {
    return (family == Family::ipv4 ? 0U : 0x1'0000U) | port;
  }
  void look_for_drops(PooledSocket& pooled) noexcept;
  [[nodiscard]] std::size_t answer_cost() const noexcept;
  [[nodiscard]] std::size_t wanted_buffer() const noexcept;
  [[nodiscard]] bool may_fill_neighbour_table(Family family) const noexcept;
  [[nodiscard]] std::size_t send_room(Family family) const noexcept;
  void size_buffers(PooledSocket& pooled) const noexcept;
  void raise_receive_buffer(const PooledSocket& pooled, std::size_t bytes) const noexcept;

  /// All sockets of one flow name have the same source port, and keep it when they are closed and opened again.
  struct FlowName {
    Family family = Family::any;
    Protocol protocol = Protocol::udp;
    std::uint16_t flow = 0;
    friend auto operator<=>(const FlowName&, const FlowName&) = default;
  };

  TransportKind kind_;
  Sources sources_;
  std::size_t receive_buffer_, send_buffer_, targets_, transports_;
  RememberedMtu remembered_mtu_;
  std::size_t largest_payload_ = 0;
  std::array<std::optional<ProbeSocket>, 2> ready_{};  ///< By family.
  std::vector<PooledSocket> sockets_;                  ///< By number; an entry without a descriptor is free.
  std::vector<net::SocketId> open_, free_;
  std::unordered_map<SocketKey, net::SocketId> by_key_;
  std::vector<net::SocketId> unused_;  ///< Sockets that lost their last user; some have a new one since.
  std::vector<net::SocketId> read_;    ///< Sockets from which something was read since the last look for drops.
  std::unordered_multiset<std::uint32_t> udp_ports_;
  std::map<FlowName, std::uint16_t> flow_ports_;
  net::Drops drops_{};
  std::uint64_t version_ = 0;
};

}  // namespace multiping::os
