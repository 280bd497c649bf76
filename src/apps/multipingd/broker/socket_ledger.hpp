// Counts the sockets that were handed over to each user and are still open, by asking the kernel. So the sockets of a
// client count even after it has closed its connection. Pure, except IdentifierProbe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "os/file_descriptor.hpp"

namespace multiping::daemon {

/// Tells whether a ping socket with this identifier is open in this network namespace. It tries to bind a socket that
/// does not share its identifier (SO_REUSEADDR off): that fails exactly when another has it. Both families have one set
/// of identifiers.
///
/// This takes a microsecond, however many ping sockets there are. Reading the tables of /proc/net takes time with the
/// square of their number (half a second for 16,000), and is not reliable while they change.
class IdentifierProbe {
 public:
  /// True also when this cannot be found out.
  [[nodiscard]] bool operator()(std::uint16_t id);

 private:
  os::FileDescriptor socket_{};  ///< Not bound yet.
};

/// The open sockets of each user. Each socket is known by its identifier, which it must not share (SO_REUSEADDR off).
class SocketLedger {
 public:
  using IsOpen = std::function<bool(std::uint16_t id)>;

  explicit SocketLedger(IsOpen is_open) : is_open_{std::move(is_open)} {}

  /// Counts a new socket of this user. A socket that had this identifier before is closed, and is forgotten.
  void add(uid_t user, std::uint16_t id);
  [[nodiscard]] std::size_t size() const noexcept { return owners_.size(); }
  [[nodiscard]] std::size_t of(uid_t user) const noexcept;

  /// Checks up to `most` sockets of this user and forgets the closed ones, until `wanted` are forgotten. The sockets
  /// whose last check is longest ago come first.
  void forget_closed(uid_t user, std::size_t wanted, std::size_t most);
  /// Does the same for the sockets of all users.
  void forget_closed(std::size_t wanted, std::size_t most);

 private:
  using Ids = std::deque<std::uint16_t>;

  void forget(std::uint16_t id);
  void next_user();
  [[nodiscard]] bool still_open(Ids& ids);

  IsOpen is_open_;
  std::map<uid_t, Ids> users_;  ///< Only users that have sockets.
  std::unordered_map<std::uint16_t, uid_t> owners_;
  uid_t cycle_at_ = 0;            ///< The user whose sockets the cycle through all users checks now.
  std::size_t left_of_user_ = 0;  ///< How many sockets of that user the cycle has not checked yet.
};

}  // namespace multiping::daemon
