// The server of icmp4em's proxy protocol: receives echo requests by UDP, sends them through its own ping sockets, and
// sends each client the answers to its requests. icmp4em_frames.hpp has the bytes, icmp4em_relay.hpp the probes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "apps/multipingd/icmp4em/client_prefix.hpp"
#include "apps/multipingd/icmp4em/icmp4em_relay.hpp"
#include "apps/multipingd/icmp4em/icmp4em_throttle.hpp"
#include "base/log.hpp"
#include "os/event_loop.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::daemon {

struct Icmp4emPolicy {
  std::vector<ClientPrefix> clients{};  ///< Only clients of these networks may ask. Empty: only loopback addresses.
  Icmp4emLimits limits{};
  ThrottleRules throttle{};
};

struct Icmp4emFigures {
  std::uint64_t requests = 0;     ///< Datagrams of any kind, except those of muted clients.
  std::uint64_t denied = 0;       ///< Datagrams from a network that may not ask. They get no answer.
  std::uint64_t passed_over = 0;  ///< ICMP messages that are no echo requests. They get no answer.
  std::uint64_t faulty = 0;       ///< Malformed requests, or for addresses that may not be pinged. They get no answer.
  std::uint64_t limited = 0;      ///< Requests that were refused because there were too many.
  std::uint64_t muted = 0;        ///< How often a client was muted because it went on asking.
  std::uint64_t sent = 0;         ///< Probes that were sent.
  std::uint64_t send_failed = 0;  ///< Probes that the system refused to send.
  std::uint64_t answered = 0;     ///< Replies that were passed on to a client.
  std::uint64_t disowned = 0;     ///< Messages that are no echo reply, or that match no pending probe.
  std::uint64_t errors = 0;       ///< ICMP errors that were passed on to a client.
  std::uint64_t expired = 0;      ///< Probes that got no answer in time.
  std::uint64_t untold = 0;       ///< Datagrams to clients that the system refused to send.
};

struct Icmp4emServerSetup {
  /// Bound already. The caller should give it and the ping sockets large receive buffers (SO_RCVBUFFORCE): a burst
  /// waits there until the server's turn.
  os::FileDescriptor udp{};
  os::PingSocket v4{}, v6{};  ///< Without one, clients are told that destinations of that family are unreachable.
  Icmp4emPolicy policy{};
};

class Icmp4emServer {
 public:
  /// `loop` and `log` outlive this object. It should be made while the process may still use SO_SNDBUFFORCE. It
  /// enlarges the send buffers of the ping sockets: probes to neighbours that do not answer wait there, and would delay
  /// others.
  Icmp4emServer(os::EventLoop& loop, Log& log, Icmp4emServerSetup setup);
  Icmp4emServer(const Icmp4emServer&) = delete;
  Icmp4emServer& operator=(const Icmp4emServer&) = delete;
  ~Icmp4emServer();

  /// Accepts no new requests from now on. Answers to earlier ones are still passed on.
  void stop_accepting() noexcept;
  /// The number of probes without an answer.
  [[nodiscard]] std::size_t pending() const noexcept;
  [[nodiscard]] const Icmp4emFigures& figures() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multiping::daemon
