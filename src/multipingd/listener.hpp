// The socket at which the daemon is asked: made at its path, or taken over from systemd.
// unix(7) SOCK_SEQPACKET. Nobody can connect before its mode and group are as asked, and neither is set by a path that
// somebody else could lead elsewhere.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"
#include "multipingd/trusted_directory.hpp"

namespace multiping::daemon {

struct ListenerPlace {
  std::string path{};
  mode_t mode = 0666;
  std::optional<gid_t> group{};
  Account account{};  ///< Whom the directory may belong to, beside root.
};

/// What lies at a path where a daemon is to listen.
enum class Occupant { none, stale_socket, living_socket, other };
[[nodiscard]] Occupant occupant_of(const std::string& path);
/// Throws std::runtime_error for a living socket and for what is no socket.
void check_place(const std::string& path);

/// Listens in a directory of its own, mode 0700, beside the path, until publish() moves the socket there. What was not
/// published is removed.
class Listener {
 public:
  /// Makes the directory, mode 0755, where only that is missing. Throws std::system_error; std::runtime_error where
  /// others than root and the account may change names on the way to it, open_trusted_directory().
  explicit Listener(const ListenerPlace& place);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { clean(); }

  /// Replaces the socket of a daemon that has ended. Throws as check_place().
  void publish();
  /// The socket, which never blocks.
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

/// The listening socket that systemd passes. Throws std::runtime_error when it is none, or of another kind.
[[nodiscard]] os::FileDescriptor adopt_listener(int descriptor);

}  // namespace multiping::daemon
