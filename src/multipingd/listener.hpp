// The socket at which the daemon is asked: made at its path, or taken over from systemd.
// unix(7) SOCK_SEQPACKET. Nobody can connect before its mode and group are as asked.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "linux/file_descriptor.hpp"

namespace multiping::daemon {

struct ListenerPlace {
  std::string path{};
  mode_t mode = 0666;
  std::optional<gid_t> group{};
};

/// What lies at a path where a daemon is to listen.
enum class Occupant { none, stale_socket, living_socket, other };
[[nodiscard]] Occupant occupant_of(const std::string& path);
/// Throws std::runtime_error for a living socket and for what is no socket.
void check_place(const std::string& path);

/// Listens at a name beside the path until publish() moves it there. What was not published is removed.
class Listener {
 public:
  /// Makes the directory, mode 0755, where only that is missing. Throws std::system_error.
  explicit Listener(const ListenerPlace& place);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Replaces the socket of a daemon that has ended. Throws as check_place().
  void publish();
  /// The socket, which never blocks.
  [[nodiscard]] os::FileDescriptor take() noexcept { return std::move(socket_); }

 private:
  void make_directory();
  void listen();

  ListenerPlace place_;
  std::string directory_, new_name_;
  bool made_directory_ = false, published_ = false;
  os::FileDescriptor socket_{};
};

/// The listening socket that systemd passes. Throws std::runtime_error when it is none, or of another kind.
[[nodiscard]] os::FileDescriptor adopt_listener(int descriptor);

}  // namespace multiping::daemon
