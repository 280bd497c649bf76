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
#include "os/ping_socket_source.hpp"
#include "os/probe_socket.hpp"

namespace multiping::os {

/// Any thread may use it. A forked process shares the sockets, and an answer could go to either process. So take()
/// gives no socket to a forked process.
class SpareIcmpSockets {
 public:
  /// Whether a socket is used by one object only, or again by the next object after it was given back.
  enum class Use : std::uint8_t { once, again };
  explicit SpareIcmpSockets(Use use);
  [[nodiscard]] Use use() const noexcept { return use_; }

  /// Opens a socket and keeps it. Returns the error, or none. When enough sockets are kept already, the new one is
  /// closed, and there is no error.
  [[nodiscard]] std::error_code open(TransportKind kind, Family family);
  /// True when a socket of the family is idle.
  [[nodiscard]] bool has(Family family) noexcept;
  /// Returns a socket that delivers no packet from before the call. Returns none when no socket is idle in this process
  /// and in the network namespace of this thread.
  [[nodiscard]] std::optional<ProbeSocket> take(Family family) noexcept;
  /// Keeps the socket for the next user, or closes it when enough are kept already. The caller must give it back as it
  /// took it, except for the sizes of its buffers and for ProbeSocket::usual_df, which this function restores.
  void give_back(Family family, ProbeSocket socket) noexcept;

  /// True in the process that made this object. With Use::again, this thread must also be in the network namespace in
  /// which this object was made.
  [[nodiscard]] bool is_home() const noexcept;
  /// True when the socket was opened in this process and in the same network namespace as the other sockets. They may
  /// differ, because a thread in another network namespace opens sockets of its own. The first socket that is checked
  /// sets the namespace for all. ProbeSocket::at_home keeps a true answer, so that the kernel is not asked again.
  [[nodiscard]] bool is_home_of(ProbeSocket& socket) noexcept;

 private:
  /// The name of a network namespace, such as "net:[4026531840]"; empty where /proc is not mounted.
  using Network = std::array<char, 32>;
  [[nodiscard]] Network this_network() const noexcept;
  [[nodiscard]] std::vector<ProbeSocket>& of(Family family) noexcept { return idle_[family == Family::ipv4 ? 0 : 1]; }

  const Use use_;
  const pid_t owner_;
  const std::thread::id opener_;
  const FileDescriptor link_;  ///< The link that names the opener's namespace: halves the time of this_network().
  const Network network_;
  std::atomic<std::uint64_t> cookie_{0};  ///< SO_NETNS_COOKIE of the sockets; 0: not known yet.
  std::mutex mutex_;
  std::array<std::vector<ProbeSocket>, 2> idle_{};  ///< By family.
};

/// The sockets and the broker that all objects of one transport share.
struct SharedSockets {
  BrokerAccess broker{};
  std::shared_ptr<SpareIcmpSockets> idle{};  ///< None: each object opens its own.
};

}  // namespace multiping::os
