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
#include <thread>
#include <vector>

#include "multiping/transport.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket.hpp"
#include "os/probe_socket.hpp"

namespace multiping::os {

/// May be used from any thread. A forked process shares the sockets, and an answer could go to either process; so the
/// forked process gets none from here.
class IdleSockets {
 public:
  /// Whether a socket is used by one object only, or again by the next object after it was given back.
  enum class Use : std::uint8_t { once, again };
  explicit IdleSockets(Use use);
  [[nodiscard]] Use use() const noexcept { return use_; }

  /// Opens a socket and keeps it; its error, or none. It is no error when enough sockets are kept already.
  [[nodiscard]] std::error_code open(TransportKind kind, Family family);
  /// A socket that delivers no packet from before the call; none when no socket is idle in this process and in the
  /// network namespace of this thread.
  [[nodiscard]] std::optional<ProbeSocket> take(Family family) noexcept;
  /// The socket is as it was when it was taken, except for the sizes of its buffers and for ProbeSocket::usual_df,
  /// which is restored here. Closes the socket when enough are kept already.
  void give_back(Family family, ProbeSocket socket) noexcept;

  /// This is the process that opened them, and the network namespace of this thread is theirs.
  [[nodiscard]] bool is_home() const noexcept;
  /// The socket was opened in this process, and in the same network namespace as the others: asked once of each. The
  /// first one says which that is; a thread in another network namespace opens its own.
  [[nodiscard]] bool is_home_of(ProbeSocket& socket) noexcept;

 private:
  /// What tells network namespaces apart, "net:[4026531840]"; nothing where /proc is not mounted.
  using Network = std::array<char, 32>;
  [[nodiscard]] Network this_network() const noexcept;
  [[nodiscard]] std::vector<ProbeSocket>& of(Family family) noexcept { return idle_[family == Family::ipv4 ? 0 : 1]; }

  const Use use_;
  const pid_t owner_;
  const std::thread::id opener_;
  const FileDescriptor namespaces_;  ///< Of the opener, which finds its own in half the time with it.
  const Network network_;
  std::atomic<std::uint64_t> cookie_{0};  ///< SO_NETNS_COOKIE of the sockets.
  std::mutex mutex_;
  std::array<std::vector<ProbeSocket>, 2> idle_{};  ///< By family.
};

/// What the objects of a transport share.
struct SharedSockets {
  BrokerAccess broker{};
  std::shared_ptr<IdleSockets> idle{};  ///< None: each object opens its own.
};

}  // namespace multiping::os
