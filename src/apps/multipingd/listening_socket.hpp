// The Unix socket at which the daemon listens: made at its path, or taken over from systemd. unix(7) SOCK_SEQPACKET.
// No client can connect before the mode and group of the socket are set. Both are set without a path that another user
// could redirect.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "apps/multipingd/trusted_directory.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

struct ListenerPlace {
  std::string path{};
  mode_t mode = 0666;
  std::optional<gid_t> group{};
  Account account{};  ///< The directory may belong to this account or to root.
};

/// What is at a path where a daemon is to listen.
enum class Occupant { none, stale_socket, living_socket, other };
[[nodiscard]] Occupant occupant_of(const std::string& path);
/// Throws std::runtime_error when there is a living socket, or something else than a socket.
void check_place(const std::string& path);

/// Makes the socket and listens in a private directory, mode 0700, beside the path. publish() moves the socket to the
/// path. A socket that is not published is removed.
class ListeningSocket {
 public:
  /// Makes the directory of the path, mode 0755, when only the last name of it is missing. Throws std::system_error,
  /// and std::runtime_error when others than root and the account could change the path, see open_trusted_directory().
  explicit ListeningSocket(const ListenerPlace& place);
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  ~ListeningSocket() { clean(); }

  /// Moves the socket to its path, where it replaces the socket of a daemon that has ended. Throws as check_place().
  void publish();
  /// Gives the listening socket away. It never blocks.
  [[nodiscard]] os::FileDescriptor take() noexcept { return std::move(socket_); }

 private:
  void make_workshop();
  void listen();
  void bind() const;
  void require_as_asked() const;
  void clean() noexcept;

  ListenerPlace place_;
  std::string name_, workshop_name_{};
  TrustedDirectory directory_;
  os::FileDescriptor workshop_{};
  bool published_ = false;
  os::FileDescriptor socket_{};
};

/// Takes over the listening socket that systemd passes. Throws std::runtime_error when the descriptor is no socket, or
/// one of another kind.
[[nodiscard]] os::FileDescriptor adopt_listener(int descriptor);

}  // namespace multiping::daemon
