// A net::PacketIo like that of Linux, in virtual time over a simulated network: sockets of every kind, receive buffers
// that fill up, connections, refused sends, clock steps, and a process that is stopped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <vector>

#include "net/packet_io.hpp"
#include "sim/network.hpp"
#include "sim/simulated_connections.hpp"
#include "sim/simulated_host.hpp"
#include "sim/simulated_lanes.hpp"

namespace multiping::test {

class SimulatedPacketIo final : public net::PacketIo {
 public:
  /// `log` may be null; otherwise it must outlive this object.
  SimulatedPacketIo(const net::IoRequest& request, const Scenario& scenario, SimulatedHost host, std::uint16_t id,
                    HostLog* log);

  [[nodiscard]] net::Instant now() noexcept override { return now_; }
  void set_shape(net::ShapeNumber shape, const ProbeOptions& options) override;
  net::Way way(Family family, net::ShapeNumber shape, unsigned turn) override;
  [[nodiscard]] std::span<const net::Lane> lanes() const noexcept override { return lanes_.open(); }
  [[nodiscard]] const net::Channel& channel(net::Lane lane) const noexcept override { return lanes_.channel(lane); }
  [[nodiscard]] Address source(net::Lane lane, const Address& to, net::ShapeNumber shape) override;
  net::SendReport send(net::Lane lane, std::span<const net::Outgoing> messages) override;
  std::span<const net::Incoming> receive(net::Lane lane, bool& more) override;
  std::span<const net::QueuedError> receive_errors(net::Lane lane, bool& more) override;
  std::error_code connect(const net::Connecting& connecting) override;
  std::span<const net::Connected> connections(bool& more) override;
  void abandon(std::uint64_t token) noexcept override { connections_.abandon(token); }
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override;
  void wait(net::Instant until) override;
  void wake() noexcept override { woken_.store(true); }
  [[nodiscard]] net::Drops drops() noexcept override { return lanes_.drops(); }
  [[nodiscard]] int native_handle() noexcept override { return -1; }

 private:
  struct InFlight {
    net::Instant at{};
    std::uint64_t order = 0;
    Bytes bytes{};
    bool operator>(const InFlight& other) const noexcept {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  [[nodiscard]] std::error_code refusal(const Address& to);
  [[nodiscard]] IpHeader header_to(const Address& to, const ProbeOptions& shape) const;
  [[nodiscard]] Bytes packet_of(net::Lane lane, const net::Outgoing& message) const;
  [[nodiscard]] std::error_code send_one(net::Lane lane, const net::Outgoing& message);
  void transmit(const Bytes& packet, bool dont_fragment);
  [[nodiscard]] std::size_t largest_piece(const Datagram& sent, bool dont_fragment) const;
  void learn_mtu(const Datagram& report);
  void advance_to(net::Instant time);
  void arrive(const InFlight& packet);
  [[nodiscard]] net::Instant next_event() const noexcept;
  [[nodiscard]] bool something() const noexcept { return lanes_.something() || connections_.something(); }

  std::vector<ProbeOptions> shapes_;
  SimNetwork network_;
  SimulatedHost host_;
  PrefixTable refusals_;
  std::map<Address, std::size_t> path_mtus_;  ///< The MTUs that routers have reported, by destination.
  SimulatedLanes lanes_;
  SimulatedConnections connections_;
  net::Instant now_;
  std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> flying_;
  std::uint64_t order_ = 0, messages_ = 0;
  std::size_t next_happening_ = 0;
  unsigned idle_waits_ = 0;
  std::atomic<bool> woken_{false};
  HostLog unwatched_{};
  HostLog& log_;
};

}  // namespace multiping::test
