// The ping sockets of one transport of kind broker: those that were fetched when it was opened, then one at a time.
// Shared by all its objects, from any thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <system_error>

#include "linux/ping_socket.hpp"
#include "net/instant.hpp"
#include "proxy/broker_client.hpp"

namespace multiping::proxy {

class BrokerSockets final : public os::PingSocketSource {
 public:
  /// `receive_buffer` is what its objects wish for; 0: as the broker likes.
  BrokerSockets(std::string path, std::size_t receive_buffer)
      : client_{std::move(path)}, receive_buffer_{receive_buffer} {}

  /// Fetches a socket of each family for the first that asks. Without a socket in any, `error` and `doing` say why. In
  /// a second at most, for both.
  [[nodiscard]] os::PingSocket fetch();
  /// Families that the broker's host does not have are missing; as far as fetch() was told.
  [[nodiscard]] bool has(Family family) const noexcept { return has_[index(family)]; }
  /// Whether this process may mark what they send.
  [[nodiscard]] bool takes_mark() const noexcept { return takes_mark_; }
  [[nodiscard]] bool elsewhere() const noexcept override { return elsewhere_; }

  /// A fetched one, or a new one. A failure that may pass is passed on for a moment, and when it took long, because the
  /// broker did not answer or limited, for a second: many probes in a row do not ask it one after another.
  [[nodiscard]] os::PingSocket ping_socket(Family family, const Address& source, std::size_t receive_buffer) override;

 private:
  struct Failure {
    std::error_code error{};
    std::string doing{};
    net::Instant until{};  ///< It is passed on so long.
  };
  [[nodiscard]] static std::size_t index(Family family) noexcept { return family == Family::ipv4 ? 0 : 1; }
  [[nodiscard]] os::PingSocket take_fetched(Family family) noexcept;
  [[nodiscard]] os::PingSocket last_failure() const;
  void remember(const os::PingSocket& failure);
  void look_at(const os::FileDescriptor& socket) noexcept;

  BrokerClient client_;
  std::size_t receive_buffer_;
  std::array<bool, 2> has_{};
  bool takes_mark_ = false, elsewhere_ = false;
  std::mutex mutex_;  ///< Of all below. Nobody waits for the broker under it.
  std::array<os::PingSocket, 2> fetched_{};
  pid_t fetched_by_ = -1;
  Failure failure_{};
};

}  // namespace multiping::proxy
