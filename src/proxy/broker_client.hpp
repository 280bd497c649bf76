// The client's side of the broker: asks multipingd for ping sockets, and believes nothing of what comes back.
// unix(7); each request is a connection of its own, so that threads and forks of this process never meet in one.
#pragma once

#include <optional>
#include <string>

#include "linux/ping_socket.hpp"
#include "multiping/duration.hpp"
#include "net/instant.hpp"
#include "proxy/broker_frames.hpp"

namespace multiping::proxy {

/// What came of a request.
struct BrokerAnswer {
  os::PingSocket got{};                   ///< Only what the system refused the broker does not pass.
  std::optional<Duration> retry_after{};  ///< It limits this user, who may ask again then.
};

class BrokerClient {
 public:
  /// `path` is the broker's socket.
  explicit BrokerClient(std::string path) : path_{std::move(path)} {}

  /// When who asks now has waited long enough: in a second.
  [[nodiscard]] static net::Instant deadline() noexcept;

  /// One ping socket, by `until` at most. While the broker limits this user it is asked again.
  ///
  /// Without a socket `error` is: what connect(2) says where nobody listens or this user may not connect; ENOTSOCK
  /// where the path is another file's; ETIMEDOUT where the broker does not answer and ECONNRESET where it ends without;
  /// Errc::broker_denied; EAGAIN where it limits; Errc::broker_protocol where the answer, or the socket that came with
  /// it, is not what was asked for; and the system's own error, in the broker or here.
  [[nodiscard]] BrokerAnswer ask(Family family, const Address& source, std::size_t receive_buffer,
                                 net::Instant until = deadline()) const;

 private:
  std::string path_;
};

}  // namespace multiping::proxy
