// The ping sockets of one transport of kind broker: fetches one of each family when the transport is opened, later ones
// one at a time. All objects of the transport share it, from any thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <system_error>

#include "base/monotonic_time.hpp"
#include "broker/broker_client.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::broker {

class BrokerSockets final : public os::PingSocketSource {
 public:
  /// `receive_buffer` is for the sockets that fetch() gets, in bytes; 0: the broker's default.
  BrokerSockets(std::string path, std::size_t receive_buffer)
      : client_{std::move(path)}, receive_buffer_{receive_buffer} {}

  /// Fetches a socket of each family, which the first calls of ping_socket() return. When there is none of either,
  /// `error` and `doing` of the result say why. Takes at most a second for both families.
  [[nodiscard]] os::PingSocket fetch();
  /// False for a family that the broker's host does not have, as far as fetch() found out.
  [[nodiscard]] bool has(Family family) const noexcept { return has_[index(family)]; }
  /// Whether this process may set SO_MARK on these sockets.
  [[nodiscard]] bool takes_mark() const noexcept { return takes_mark_; }
  [[nodiscard]] bool elsewhere() const noexcept override { return elsewhere_; }

  /// Returns the socket that fetch() got, if `source` is none and it is left, else asks the broker for a new one.
  ///
  /// A failure that may pass is returned again for 100 ms without asking the broker; for a second when the broker did
  /// not answer or limited this user. So many probes in a row do not wait for the broker one after the other.
  [[nodiscard]] os::PingSocket ping_socket(Family family, const Address& source, std::size_t receive_buffer) override;

 private:
  struct Failure {
    std::error_code error{};
    std::string doing{};
    Instant until{};  ///< ping_socket() returns this failure until then.
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
  std::mutex mutex_;  ///< Guards the members below. No thread holds it while it waits for the broker.
  std::array<os::PingSocket, 2> fetched_{};
  pid_t fetched_by_ = -1;
  Failure failure_{};
};

}  // namespace multiping::broker
