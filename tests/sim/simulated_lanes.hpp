// The sockets of the simulated host that carry messages: raw, ping and UDP sockets, each with its receive buffer and
// its error queue.
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

class SimulatedLanes {
 public:
  /// `host` outlives this object. `id` is where identifiers and ports begin.
  SimulatedLanes(const SimulatedHost& host, std::uint16_t id) : host_{host}, next_id_{id} {}

  /// What net::PacketIo::way() is asked for; `connections` is the number of descriptors that these hold.
  struct Wanted {
    Family family = Family::any;
    net::ShapeNumber shape = 0;
    const ProbeOptions& options;
    unsigned turn = 0;
    std::size_t connections = 0;
  };
  net::Way way(const Wanted& wanted);
  void shape_replaced(net::ShapeNumber shape);
  [[nodiscard]] std::span<const net::Lane> open() const noexcept { return open_; }
  [[nodiscard]] const net::Channel& channel(net::Lane lane) const { return lanes_.at(lane)->channel; }
  [[nodiscard]] bool dont_fragment(net::Lane lane) const { return lanes_.at(lane)->key.dont_fragment; }

  /// A packet for this host: it goes into every buffer that it is for.
  void arrive(const Datagram& datagram, ByteView packet, net::Instant at);

  std::span<const net::Incoming> receive(net::Lane lane, bool& more, net::Instant now);
  std::span<const net::QueuedError> receive_errors(net::Lane lane, bool& more, net::Instant now);
  [[nodiscard]] bool something() const noexcept;
  [[nodiscard]] net::Drops drops() const noexcept { return drops_; }
  /// Sources on the link carry this zone.
  void set_link_scope(std::uint32_t scope) noexcept { link_scope_ = scope; }

 private:
  struct Arriving {
    const Datagram& datagram;
    ByteView bytes{};
    net::Instant at{};
  };
  struct Key {
    Family family = Family::any;
    net::Carrier carrier = net::Carrier::icmp;
    std::string device{};
    bool dont_fragment = false;
    int source_port = 0;
    unsigned turn = 0;
    Address source{};                     ///< Of IPv6 ping sockets, which take none from a message.
    std::optional<std::uint16_t> flow{};  ///< Of UDP and TCP sockets whose port is free.
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Queued {
    Bytes bytes{};  ///< As the socket gives it.
    IpHeader ip{};
    std::uint16_t port = 0;
    net::Arrival arrival{};
  };
  struct Socket {
    Key key{};
    net::Channel channel{};
    std::set<net::ShapeNumber> shapes{};  ///< That use it.
    std::deque<Queued> packets{};
    std::deque<QueuedReport> errors{};
    std::vector<Queued> handed{};  ///< Kept for as long as the caller may look at them.
    std::vector<net::Incoming> views{};
    std::vector<QueuedReport> handed_errors{};
    std::vector<net::QueuedError> error_views{};
  };

  [[nodiscard]] net::Way open_lane(const Key& key, std::size_t connections);
  void close_unused();
  [[nodiscard]] net::Channel channel_for(const Key& key);
  [[nodiscard]] std::uint16_t id_for(const Key& key);
  void arrive_at(Socket& socket, const Arriving& packet);
  [[nodiscard]] static bool is_for(const Socket& socket, const Datagram& datagram);
  void arrive_error(Socket& socket, const Arriving& packet);
  void take(Socket& socket, const Arriving& packet);
  void take_report(Socket& socket, const Arriving& packet);
  [[nodiscard]] bool has_room(const Socket& socket) noexcept;
  [[nodiscard]] net::Arrival arrival(net::Instant at) noexcept;
  [[nodiscard]] static bool with_ip_header(const Socket& socket) noexcept;
  [[nodiscard]] net::Incoming view_of(const Socket& socket, const Queued& packet) const;

  const SimulatedHost& host_;
  std::vector<std::unique_ptr<Socket>> lanes_;  ///< By number; null where one was closed.
  std::vector<net::Lane> open_;
  std::uint16_t next_id_;
  std::map<std::tuple<Family, net::Carrier, std::uint16_t>, std::uint16_t> flow_ports_;
  net::Drops drops_{};
  std::size_t stamped_ = 0;
  std::uint32_t link_scope_ = 0;
};

}  // namespace multiping::test
