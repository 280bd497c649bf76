// What the daemons of one network namespace know of each other: all of them depend on its one ping_group_range.
// A name of the namespace itself, unix(7) "abstract", which processes of other mount and PID namespaces find as well.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"
#include "multipingd/group_range.hpp"
#include "proxy/peer_credentials.hpp"

namespace multiping::daemon {

struct ClaimAttempt;

/// Held for each daemon that serves: by its guard, where it has one, else by itself. The first makes the name; each
/// other one is told what the setting is and was, and then holds the same socket: the name stays until the last one
/// has ended.
class RangeClaim {
 public:
  /// Takes the name, or joins those who have it, within `patience`. Only root and `account.user` are believed.
  [[nodiscard]] static ClaimAttempt take(const Account& account, std::chrono::milliseconds patience);

  /// What the first has made of the setting; none: this is the first, which has to say it by announce().
  [[nodiscard]] const std::optional<RangeChange>& change() const noexcept { return change_; }
  /// Whoever told this one need not wait for it any more.
  void settle() noexcept { teller_ = os::FileDescriptor{}; }
  /// What is told to others from now on.
  void announce(const RangeChange& change) noexcept { change_ = change; }

  /// Of the socket at which others ask: readable when one does.
  [[nodiscard]] int descriptor() const noexcept { return listener_.value(); }
  /// Every descriptor that a guard has to keep.
  [[nodiscard]] std::vector<int> descriptors() const;
  /// Tells one who asks, if that is root or of `account`; needs announce().
  void answer(const Account& account) noexcept;
  /// The daemon of this guard has ended: whether it was the last. Who is just joining is waited for.
  [[nodiscard]] bool leave() noexcept;

 private:
  RangeClaim() = default;
  [[nodiscard]] static std::optional<RangeClaim> make() noexcept;
  /// What one who holds the name has told.
  [[nodiscard]] static std::optional<RangeClaim> told_by(os::FileDescriptor connection) noexcept;

  os::FileDescriptor listener_{};
  os::FileDescriptor others_{};  ///< The reading end of a pipe: ends when every `here_` is closed.
  os::FileDescriptor here_{};    ///< Its writing end, one for each daemon that has not ended.
  os::FileDescriptor teller_{};  ///< By whom this one was told: waits until this is closed.
  std::vector<os::FileDescriptor> told_{};
  std::optional<RangeChange> change_{};
};

struct ClaimAttempt {
  std::optional<RangeClaim> claim{};
  /// Who has the name, if that is not the claim: is not believed, or does not answer.
  std::optional<proxy::PeerCredentials> holder{};
};

}  // namespace multiping::daemon
