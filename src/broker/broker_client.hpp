// The client's side of the broker: asks multipingd for ping sockets, and checks every reply and socket. unix(7).
// Each request has a connection of its own, so that threads and forked processes never share one.
#pragma once

#include <optional>
#include <string>

#include "base/monotonic_time.hpp"
#include "broker/broker_frames.hpp"
#include "multiping/duration.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::broker {

/// The result of a request.
struct BrokerAnswer {
  os::PingSocket got{};                   ///< An error may pass, unless the system refused the socket to the broker.
  std::optional<Duration> retry_after{};  ///< Set when the broker limits this user and waiting so long may help.
};

class BrokerClient {
 public:
  /// `path` is the broker's socket.
  explicit BrokerClient(std::string path) : path_{std::move(path)} {}

  /// The deadline of a request that starts now: in one second.
  [[nodiscard]] static Instant deadline() noexcept;

  /// Gets one ping socket, or fails by `until`. While the broker limits this user, it is asked again.
  ///
  /// Without a socket, `error` is one of these:
  /// - an error of connect(2), when no broker listens or this user may not connect;
  /// - ENOTSOCK, when the path is that of another kind of file;
  /// - ETIMEDOUT, when the broker does not answer in time;
  /// - ECONNRESET, when the broker closes the connection without an answer;
  /// - Errc::broker_denied;
  /// - EAGAIN, when the broker limits this user;
  /// - Errc::broker_protocol, when the answer or the socket is not what was asked for;
  /// - another system error, of the broker or of this process.
  [[nodiscard]] BrokerAnswer ask(Family family, const Address& source, std::size_t receive_buffer,
                                 Instant until = deadline()) const;

 private:
  std::string path_;
};

}  // namespace multiping::broker
