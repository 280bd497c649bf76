// Keeps plain ICMP sockets of one transport that no object uses: those opened to try its kind, and those given back.
// A socket that was opened with privileges stays usable after this process has dropped them.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "linux/lane_socket.hpp"
#include "linux/ping_socket.hpp"
#include "multiping/transport.hpp"

namespace multiping::os {

/// May be used from any thread. A forked process shares the sockets, and an answer could go to either process; so the
/// forked process gets none from here.
class IdleSockets {
 public:
  /// Whether a socket is used by one object only, or again by the next object after it was given back.
  enum class Use : std::uint8_t { once, again };
  explicit IdleSockets(Use use);

  /// Opens a socket and keeps it; its error, or none. It is no error when enough sockets are kept already.
  [[nodiscard]] std::error_code open(TransportKind kind, Family family);
  /// A socket that delivers no packet from before the call; none when no socket is idle in this process and in the
  /// network namespace of this thread.
  [[nodiscard]] std::optional<LaneSocket> take(Family family) noexcept;
  /// The socket is as it was when it was taken, except for the sizes of its buffers and for LaneSocket::usual_df, which
  /// is restored here. Closes the socket when enough are kept already.
  void give_back(Family family, LaneSocket socket) noexcept;

 private:
  /// Identifies a network namespace; zeros where /proc is not mounted.
  using Network = std::pair<dev_t, ino_t>;
  [[nodiscard]] static Network this_network() noexcept;
  [[nodiscard]] bool is_of_this_network(int socket) noexcept;
  [[nodiscard]] std::vector<LaneSocket>& of(Family family) noexcept { return idle_[family == Family::ipv4 ? 0 : 1]; }

  const Use use_;
  const pid_t owner_;
  const Network network_;
  std::atomic<std::uint64_t> cookie_{0};  ///< SO_NETNS_COOKIE of the sockets.
  std::mutex mutex_;
  std::array<std::vector<LaneSocket>, 2> idle_{};  ///< By family.
};

/// What the objects of a transport share.
struct SharedSockets {
  BrokerAccess broker{};
  std::shared_ptr<IdleSockets> idle{};  ///< None: each object opens its own.
};

}  // namespace multiping::os
