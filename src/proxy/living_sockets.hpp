// What was handed over to each user and is still open, as the kernel tells: so a client that closes its connection and
// keeps its sockets still has them counted. Pure but for IdentifierProbe.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "linux/file_descriptor.hpp"

namespace multiping::proxy {

/// Whether a ping socket with this identifier is open in this network namespace: then, and only then, another one that
/// does not share its identifier (SO_REUSEADDR off) cannot be bound to it. Both families have one set of identifiers.
///
/// That takes a microsecond however many ping sockets there are. To read the tables of /proc/net costs time with the
/// square of their number (half a second for 16,000), and tells nothing certain while they change.
class IdentifierProbe {
 public:
  /// True also when that cannot be found out.
  [[nodiscard]] bool operator()(std::uint16_t id);

 private:
  os::FileDescriptor socket_{};  ///< Not bound yet.
};

/// Sockets that were made so that they share their identifiers with none, by user.
class LivingSockets {
 public:
  using IsOpen = std::function<bool(std::uint16_t id)>;

  explicit LivingSockets(IsOpen is_open) : is_open_{std::move(is_open)} {}

  /// The identifier was free for this socket: whoever had it before has it no more.
  void add(uid_t user, std::uint16_t id);
  [[nodiscard]] std::size_t size() const noexcept { return owners_.size(); }
  [[nodiscard]] std::size_t of(uid_t user) const noexcept;

  /// Looks at up to `most` sockets of this user, those first that were not looked at for the longest time, and forgets
  /// the closed ones, until `wanted` are forgotten.
  void forget_closed(uid_t user, std::size_t wanted, std::size_t most);
  /// The same for the sockets of all users.
  void forget_closed(std::size_t wanted, std::size_t most);

 private:
  using Ids = std::deque<std::uint16_t>;

  void forget(std::uint16_t id);
  void next_user();
  [[nodiscard]] bool still_open(Ids& ids);

  IsOpen is_open_;
  std::map<uid_t, Ids> users_;  ///< No user without sockets.
  std::unordered_map<std::uint16_t, uid_t> owners_;
  uid_t cycle_at_ = 0;            ///< Whose sockets the cycle through all users has come to,
  std::size_t left_of_user_ = 0;  ///< and how many of them it has not looked at.
};

}  // namespace multiping::proxy
