// connect() on the simulated host: SYNs through the simulated network, retransmissions as in Linux, and the results.
// Time is an argument; nothing here reads a clock.
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
  /// Sends a finished packet.
  using Transmit = std::function<void(const Bytes& packet)>;
  SimulatedConnections(const SimulatedHost& host, Transmit transmit) : host_{host}, transmit_{std::move(transmit)} {}

  /// A connection to start. `ip` is the header of its packets, with the addresses.
  struct Request {
    std::uint64_t token = 0;
    IpHeader ip{};
    std::uint16_t source_port = 0, port = 0;  ///< Source port 0: an ephemeral port.
    std::optional<std::uint16_t> flow{};      ///< All connections of a flow get the same ephemeral port.
  };
  /// Fails with EADDRNOTAVAIL when no port is left, and with EADDRINUSE when the given source port already has a
  /// connection to the same destination.
  std::error_code start(const Request& request, Instant now);
  void abandon(std::uint64_t token) noexcept;

  /// Takes a packet for this host, which may belong to a connection.
  void arrive(const Datagram& datagram, Instant at);
  /// When the next SYN is sent again; Instant::max() when none is.
  [[nodiscard]] Instant next_timer() const noexcept;
  void run_timers(Instant now);

  std::span<const net::Connected> take(bool& more, Instant now);
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
    Instant started{}, next_syn{};
    unsigned retransmissions = 0;
    std::optional<std::uint32_t> crossed{};  ///< After a bare SYN: the next sequence number of the other side.
  };
  struct Decided {
    net::Connected connected{};
    bool reported = false;
    QueuedReport report{};  ///< Set when `reported`.
  };
  using Open = std::map<Key, Connection>;

  [[nodiscard]] std::uint16_t free_port();
  [[nodiscard]] std::uint16_t local_port(const Request& request);
  void send_syn(const Key& key, const Connection& connection) const;
  void arrive_segment(const Datagram& datagram, Instant at);
  void arrive_acknowledged(Open::iterator at, const Datagram& datagram, Instant time);
  void arrive_error(const Datagram& error, Instant at);
  void decide(Open::iterator at, int error, Decided decided);

  const SimulatedHost& host_;
  Transmit transmit_;
  Open open_;
  std::map<std::uint16_t, unsigned> ports_;  ///< By local port: how many connections use it.
  std::map<std::pair<Family, std::uint16_t>, std::uint16_t> flow_ports_;
  std::deque<Decided> decided_;
  std::vector<Decided> handed_;  ///< The results of the last take(), to which the caller has views.
  std::vector<net::Connected> views_;
  std::uint16_t next_port_ = 0;
  std::uint32_t next_number_ = 0x1000;
};

}  // namespace multiping::test
