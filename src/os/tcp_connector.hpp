// Attempts TCP connections: non-blocking connect(2), one socket for each, watched by epoll(7).
// Closes each connection by reset as soon as its outcome is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "multiping/options.hpp"
#include "net/packet_io.hpp"
#include "os/descriptor_by_token.hpp"
#include "os/file_descriptor.hpp"
#include "os/sendmmsg_arrays.hpp"
#include "os/sendmmsg_calls.hpp"

struct epoll_event;

namespace multiping::os {

class TcpConnector {
 public:
  TcpConnector() = default;
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;
  ~TcpConnector();

  /// As net::PacketIo::connect(). Gives up the connection that has this token already, if there is one. EMFILE comes
  /// early while others are under way: the last few descriptors are left to the rest of the process.
  /// All connections of one flow have the same local port. The kernel chooses it for the first one, and it is kept for
  /// the life of this object. EADDRINUSE: another socket of this host has the port that was asked for.
  std::error_code connect(const net::Connecting& connecting, const ProbeOptions& probe);
  /// As net::PacketIo::connections().
  std::span<const net::Connected> connections(bool& more);
  /// The next connections() gives the last `count` outcomes of the previous call again.
  void give_back(std::size_t count) noexcept { given_back_ = count; }
  [[nodiscard]] bool has_given_back() const noexcept { return given_back_ > 0; }
  void abandon(std::uint64_t token) noexcept;

  /// Readable when connections() has something; -1 before the first connection.
  [[nodiscard]] int descriptor() const noexcept { return watch_.value(); }
  [[nodiscard]] std::size_t under_way() const noexcept { return tokens_.size(); }

 private:
  /// The entry of one descriptor. The generation shows when an event is about an earlier socket with the same number,
  /// which another process still holds.
  struct Connection {
    std::uint64_t token = 0;
    Instant started{};
    std::uint32_t generation = 0;
    std::uint16_t port = 0;  ///< The destination port.
    bool live = false;
  };

  enum class Fate : std::uint8_t { connected, failed };

  /// A family and a flow.
  using FlowName = std::pair<Family, std::uint16_t>;

  [[nodiscard]] bool bind_to_source(int socket, Family family, const ProbeOptions& probe);
  [[nodiscard]] bool bind_to_flow(int socket, Family family, const ProbeOptions& probe);
  [[nodiscard]] bool is_spared(int socket) noexcept;
  [[nodiscard]] std::error_code watch(int socket) const noexcept;
  void enter(FileDescriptor socket, Connection begun);
  void give_up(int socket) noexcept;
  void close(int socket) noexcept;
  void take(const epoll_event& event, Instant now);
  void conclude_established(int socket, net::Connected outcome);
  void conclude(int socket, Fate fate, net::Connected outcome);
  void rearm(const epoll_event& event) const noexcept;
  [[nodiscard]] std::optional<net::QueuedError> read_report(int socket, int& error);
  [[nodiscard]] std::optional<Duration> round_trip(int socket, Instant now) const noexcept;

  FileDescriptor watch_;
  std::vector<Connection> connections_;
  ConnectionDescriptors tokens_;
  std::map<FlowName, FileDescriptor> flow_ports_;  ///< Sockets that hold the ports.
  std::vector<net::Connected> outcomes_;
  std::size_t given_back_ = 0;
  SendmmsgCalls calls_;
  std::optional<RecvmmsgArrays> reports_;  ///< ICMP errors of the last connections(); made when first needed.
  std::size_t reports_read_ = 0;
  std::uint64_t spared_from_ = 0;  ///< The first of the descriptors that are left to others.
};

}  // namespace multiping::os
