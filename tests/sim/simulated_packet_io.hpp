// A net::PacketIo like that of Linux, in virtual time over a simulated network: sockets of every kind, receive buffers
// that fill up, connections, refused sends, clock steps, and a process that is stopped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "net/packet_io.hpp"
#include "sim/network.hpp"
#include "sim/simulated_connections.hpp"
#include "sim/simulated_host.hpp"
#include "sim/simulated_neighbours.hpp"
#include "sim/simulated_sockets.hpp"

namespace multiping::test {

class SimulatedPacketIo final : public net::PacketIo {
 public:
  /// `log` may be null; otherwise it must outlive this object.
  SimulatedPacketIo(const net::SocketsNeeded& request, const Scenario& scenario, SimulatedHost host, std::uint16_t id,
                    HostLog* log);

  [[nodiscard]] Instant now() noexcept override { return now_; }
  [[nodiscard]] Duration wall_offset() noexcept override { return host_.wall_offset; }
  void set_profile(net::ProfileNumber profile, const ProbeOptions& options) override;
  net::SendPath way(Family family, net::ProfileNumber profile, unsigned turn) override;
  [[nodiscard]] std::span<const net::SocketId> sockets() const noexcept override { return sockets_.open(); }
  [[nodiscard]] const net::Channel& channel(net::SocketId socket_id) const noexcept override {
    return sockets_.channel(socket_id);
  }
  [[nodiscard]] Address source(net::SocketId socket_id, const Address& to, net::ProfileNumber profile) override;
  net::SendReport send(net::SocketId socket_id, std::span<const net::Outgoing> messages) override;
  std::span<const net::Incoming> receive(net::SocketId socket_id, bool& more) override;
  std::span<const net::QueuedError> receive_errors(net::SocketId socket_id, bool& more) override;
  std::error_code connect(const net::Connecting& connecting) override;
  std::span<const net::Connected> connections(bool& more) override;
  void abandon(std::uint64_t token) noexcept override { connections_.abandon(token); }
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override;
  [[nodiscard]] net::LocalNetwork* local_network(Protocol protocol) override;
  void wait(Instant until) override;
  void wake() noexcept override { woken_.store(true); }
  [[nodiscard]] net::Drops drops() noexcept override { return sockets_.drops(); }
  [[nodiscard]] int native_handle() noexcept override { return -1; }

 private:
  struct InFlight {
    Instant at{};
    std::uint64_t order = 0;
    Bytes bytes{};
    bool operator>(const InFlight& other) const noexcept {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  [[nodiscard]] std::error_code refusal(const Address& to);
  [[nodiscard]] IpHeader header_to(const Address& to, const ProbeOptions& profile, std::uint8_t own_ttl) const;
  [[nodiscard]] Bytes packet_of(net::SocketId socket_id, const net::Outgoing& message) const;
  [[nodiscard]] std::error_code send_one(net::SocketId socket_id, const net::Outgoing& message);
  void transmit(const Bytes& packet, bool dont_fragment);
  [[nodiscard]] std::size_t largest_piece(const Datagram& sent, bool dont_fragment) const;
  void learn_mtu(const Datagram& report);
  void advance_to(Instant time);
  void arrive(const InFlight& packet);
  [[nodiscard]] Instant next_event() const noexcept;
  [[nodiscard]] bool something() const noexcept { return sockets_.something() || connections_.something(); }

  std::vector<ProbeOptions> profiles_;
  SimNetwork network_;
  SimulatedHost host_;
  PrefixTable refusals_;
  std::map<Address, std::size_t> path_mtus_;  ///< The MTUs that routers have reported, by destination.
  SimulatedSockets sockets_;
  SimulatedConnections connections_;
  Instant now_;
  std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> flying_;
  std::uint64_t order_ = 0, messages_ = 0;
  std::size_t next_happening_ = 0;
  unsigned idle_waits_ = 0;
  std::atomic<bool> woken_{false};
  HostLog unwatched_{};
  HostLog& log_;
  std::optional<SimulatedNeighbours> neighbours_{};  ///< With SimulatedHost::gateways.
};

}  // namespace multiping::test
