// The message sockets of the simulated host: raw, ping and UDP sockets.
// Each has a receive buffer and an error queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "net/packet_io.hpp"
#include "sim/kernel_errors.hpp"
#include "sim/simulated_host.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

class SimulatedSockets {
 public:
  /// `host` must outlive this object. `id` is the first identifier or port.
  SimulatedSockets(const SimulatedHost& host, std::uint16_t id) : host_{host}, next_id_{id} {}

  /// The arguments of net::PacketIo::way(). `connections` is the number of descriptors that connections use.
  struct Wanted {
    Family family = Family::any;
    net::ProfileNumber profile = 0;
    const ProbeOptions& options;
    unsigned turn = 0;
    std::size_t connections = 0;
  };
  net::SendPath way(const Wanted& wanted);
  void profile_replaced(net::ProfileNumber profile);
  [[nodiscard]] std::span<const net::SocketId> open() const noexcept { return open_; }
  [[nodiscard]] const net::Channel& channel(net::SocketId socket_id) const { return sockets_.at(socket_id)->channel; }
  [[nodiscard]] bool dont_fragment(net::SocketId socket_id) const { return sockets_.at(socket_id)->key.dont_fragment; }

  /// Puts a packet for this host into the buffer of each socket that receives it.
  void arrive(const Datagram& datagram, ByteView packet, Instant at);

  std::span<const net::Incoming> receive(net::SocketId socket_id, bool& more, Instant now);
  std::span<const net::QueuedError> receive_errors(net::SocketId socket_id, bool& more, Instant now);
  [[nodiscard]] bool something() const noexcept;
  [[nodiscard]] net::Drops drops() const noexcept { return drops_; }
  /// Sets the zone that link-local source addresses get.
  void set_link_scope(std::uint32_t scope) noexcept { link_scope_ = scope; }

 private:
  struct Arriving {
    const Datagram& datagram;
    ByteView bytes{};
    Instant at{};
  };
  struct Key {
    Family family = Family::any;
    Protocol protocol = Protocol::icmp;
    std::string device{};
    bool dont_fragment = false;
    int source_port = 0;
    unsigned turn = 0;
    Address source{};                     ///< For IPv6 ping sockets, which take no source from a message.
    std::optional<std::uint16_t> flow{};  ///< For UDP and TCP sockets without a given port.
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Queued {
    Bytes bytes{};  ///< As the socket returns them.
    IpHeader ip{};
    std::uint16_t port = 0;
    net::Arrival arrival{};
  };
  struct Socket {
    Key key{};
    net::Channel channel{};
    std::set<net::ProfileNumber> profiles{};  ///< The profiles that use it.
    std::deque<Queued> packets{};
    std::deque<QueuedReport> errors{};
    std::vector<Queued> handed{};  ///< The packets of the last receive(), to which the caller has views.
    std::vector<net::Incoming> views{};
    std::vector<QueuedReport> handed_errors{};
    std::vector<net::QueuedError> error_views{};
  };

  [[nodiscard]] net::SendPath open_socket_id(const Key& key, std::size_t connections);
  void close_unused();
  [[nodiscard]] net::Channel channel_for(const Key& key);
  [[nodiscard]] std::uint16_t id_for(const Key& key);
  void arrive_at(Socket& socket, const Arriving& packet);
  [[nodiscard]] static bool is_for(const Socket& socket, const Datagram& datagram);
  void arrive_error(Socket& socket, const Arriving& packet);
  void take(Socket& socket, const Arriving& packet);
  void take_report(Socket& socket, const Arriving& packet);
  [[nodiscard]] bool has_room(const Socket& socket) noexcept;
  [[nodiscard]] net::Arrival arrival(Instant at) noexcept;
  [[nodiscard]] static bool with_ip_header(const Socket& socket) noexcept;
  [[nodiscard]] net::Incoming view_of(const Socket& socket, const Queued& packet) const;

  const SimulatedHost& host_;
  std::vector<std::unique_ptr<Socket>> sockets_;  ///< By socket number; null: closed.
  std::vector<net::SocketId> open_;
  std::uint16_t next_id_;
  std::map<std::tuple<Family, Protocol, std::uint16_t>, std::uint16_t> flow_ports_;
  net::Drops drops_{};
  std::size_t stamped_ = 0;
  std::uint32_t link_scope_ = 0;
};

}  // namespace multiping::test
