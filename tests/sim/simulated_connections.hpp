// connect() on the simulated host: SYNs through the simulated network, retransmitted as Linux does, and what ends them.
// Nothing here reads a clock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "net/packet_io.hpp"
#include "sim/kernel_errors.hpp"
#include "sim/simulated_host.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

class SimulatedConnections {
 public:
  /// Puts a finished packet onto the wire.
  using Transmit = std::function<void(const Bytes& packet)>;
  SimulatedConnections(const SimulatedHost& host, Transmit transmit) : host_{host}, transmit_{std::move(transmit)} {}

  /// A connection to be begun, with its addresses; `ip` is the header of its packets.
  struct Request {
    std::uint64_t token = 0;
    IpHeader ip{};
    std::uint16_t source_port = 0, port = 0;  ///< 0: an ephemeral one,
    std::optional<std::uint16_t> flow{};      ///< always the same for the connections of a flow.
  };
  /// EADDRNOTAVAIL where no port is left, EADDRINUSE where the port that was asked for is connected there already.
  std::error_code start(const Request& request, net::Instant now);
  void abandon(std::uint64_t token) noexcept;

  /// A packet for this host, which may be for a connection.
  void arrive(const Datagram& datagram, net::Instant at);
  /// When a SYN is to be sent again; the end of time where none is.
  [[nodiscard]] net::Instant next_timer() const noexcept;
  void run_timers(net::Instant now);

  std::span<const net::Connected> take(bool& more, net::Instant now);
  [[nodiscard]] bool something() const noexcept { return !decided_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return open_.size(); }

 private:
  /// Local port, remote address, remote port.
  struct Key {
    std::uint16_t source_port = 0;
    Address remote{};
    std::uint16_t port = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Connection {
    std::uint64_t token = 0;
    IpHeader ip{};
    std::uint32_t number = 0;
    net::Instant started{}, next_syn{};
    unsigned retransmissions = 0;
    std::optional<std::uint32_t> crossed{};  ///< A bare SYN has come: the number that is next on the other side.
  };
  struct Decided {
    net::Connected connected{};
    bool reported = false;
    QueuedReport report{};  ///< Where one was.
  };
  using Open = std::map<Key, Connection>;

  [[nodiscard]] std::uint16_t free_port();
  [[nodiscard]] std::uint16_t local_port(const Request& request);
  void send_syn(const Key& key, const Connection& connection) const;
  void arrive_segment(const Datagram& datagram, net::Instant at);
  void arrive_acknowledged(Open::iterator at, const Datagram& datagram, net::Instant time);
  void arrive_error(const Datagram& error, net::Instant at);
  void decide(Open::iterator at, int error, Decided decided);

  const SimulatedHost& host_;
  Transmit transmit_;
  Open open_;
  std::map<std::uint16_t, unsigned> ports_;  ///< Connections that hold each.
  std::map<std::pair<Family, std::uint16_t>, std::uint16_t> flow_ports_;
  std::deque<Decided> decided_;
  std::vector<Decided> handed_;  ///< Kept for as long as the caller may look at them.
  std::vector<net::Connected> views_;
  std::uint16_t next_port_ = 0;
  std::uint32_t next_number_ = 0x1000;
};

}  // namespace multiping::test
