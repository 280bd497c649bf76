// Plain ICMP sockets of one transport that no object uses at the moment: those that showed that its kind serves here,
// and those that objects have given back. What was opened before this process gave its privileges up serves after it.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "linux/lane_socket.hpp"
#include "linux/ping_socket.hpp"
#include "multiping/transport.hpp"

namespace multiping::os {

/// From any thread. A forked process has the same sockets, and what comes in on them would go to either process: there
/// are none for it.
class IdleSockets {
 public:
  /// Until when sockets are kept: the first ones until they are taken, or also those that are given back.
  enum class Use : std::uint8_t { once, again };
  explicit IdleSockets(Use use);
  [[nodiscard]] Use use() const noexcept { return use_; }

  /// Opens one; its error, or none. That there is one already is no error.
  [[nodiscard]] std::error_code open(TransportKind kind, Family family);
  /// A socket that hears nothing of what came before; none where none is idle in this process and in the network
  /// namespace of this thread.
  [[nodiscard]] std::optional<LaneSocket> take(Family family) noexcept;
  /// It is as it was when it was taken, but for the sizes of its buffers and LaneSocket::usual_df. Closed when there
  /// are enough of them.
  void give_back(Family family, LaneSocket socket) noexcept;

  /// This is the process that opened them, and the network namespace of this thread is theirs.
  [[nodiscard]] bool is_home() const noexcept;
  /// The socket was opened in this process, and in the same network namespace as the others: asked once of each. The
  /// first one says which that is; a thread in another network namespace opens its own.
  [[nodiscard]] bool is_home_of(LaneSocket& socket) noexcept;

 private:
  /// What tells network namespaces apart, "net:[4026531840]"; nothing where /proc is not mounted.
  using Network = std::array<char, 32>;
  [[nodiscard]] Network this_network() const noexcept;
  [[nodiscard]] std::vector<LaneSocket>& of(Family family) noexcept { return idle_[family == Family::ipv4 ? 0 : 1]; }

  const Use use_;
  const pid_t owner_;
  const std::thread::id opener_;
  const FileDescriptor namespaces_;  ///< Of the opener, which finds its own in half the time with it.
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
