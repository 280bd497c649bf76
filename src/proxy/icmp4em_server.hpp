// The icmp4em proxy protocol, served: takes echo requests by UDP, sends them through its own ping sockets, and gives
// each client the answers to its own. See icmp4em_frames.hpp for the bytes, icmp4em_relay.hpp for what is whose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "linux/ping_socket.hpp"
#include "proxy/client_network.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/icmp4em_mutes.hpp"
#include "proxy/icmp4em_relay.hpp"
#include "proxy/log.hpp"

namespace multiping::proxy {

struct Icmp4emPolicy {
  std::vector<ClientNetwork> clients{};  ///< Who may ask, and nobody else. None: loopback addresses.
  Icmp4emLimits limits{};
  MuteRules mutes{};
};

struct Icmp4emFigures {
  std::uint64_t requests = 0;     ///< Datagrams, of whatever kind.
  std::uint64_t denied = 0;       ///< From a network that may not ask. They are not answered.
  std::uint64_t passed_over = 0;  ///< ICMP that is no echo request. Nobody is told of these.
  std::uint64_t faulty = 0;       ///< No requests of the protocol, or of addresses that may not be pinged; likewise.
  std::uint64_t limited = 0;      ///< Refused for their number.
  std::uint64_t muted = 0;        ///< How often a client that went on all the same was muted.
  std::uint64_t sent = 0;         ///< Probes,
  std::uint64_t send_failed = 0;  ///< and those that this system did not send.
  std::uint64_t answered = 0;     ///< Answers that were passed on,
  std::uint64_t disowned = 0;     ///< and those that nobody waits for, or not as they came.
  std::uint64_t errors = 0;       ///< ICMP errors that were passed on.
  std::uint64_t expired = 0;      ///< Probes without an answer.
  std::uint64_t untold = 0;       ///< Datagrams that the system did not take for a client.
};

/// What a server starts with.
struct Icmp4emServerSetup {
  /// Bound already. Its receive buffer, and those of the ping sockets, should be forced large by who opens them: a
  /// burst that comes before the server's turn waits there.
  os::FileDescriptor udp{};
  os::PingSocket v4{}, v6{};  ///< A family without one is told to be unreachable.
  Icmp4emPolicy policy{};
};

class Icmp4emServer {
 public:
  /// `loop` and `log` outlive this object. To be made while the process may still force buffers: it makes room for
  /// sending, because probes of dead neighbours wait in the ping socket and would keep others back.
  Icmp4emServer(EventLoop& loop, Log& log, Icmp4emServerSetup setup);
  Icmp4emServer(const Icmp4emServer&) = delete;
  Icmp4emServer& operator=(const Icmp4emServer&) = delete;
  ~Icmp4emServer();

  /// No new requests from now on; answers to earlier ones are still passed on.
  void stop_accepting() noexcept;
  /// Probes that are waited for.
  [[nodiscard]] std::size_t pending() const noexcept;
  [[nodiscard]] const Icmp4emFigures& figures() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping::proxy
