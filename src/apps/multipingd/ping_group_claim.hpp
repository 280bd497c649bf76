// Lets the daemons of one network namespace share its single ping_group_range, and tells which of them ends last. They
// find each other by an abstract Unix socket name, unix(7), also from other mount and PID namespaces.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "apps/multipingd/ping_group_range.hpp"
#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "os/file_descriptor.hpp"
#include "os/peer_credentials.hpp"

namespace multiping::daemon {

struct ClaimAttempt;

/// Each daemon that serves has a claim, held by its guard, or by itself when it has no guard. The first daemon makes
/// the name. Each later one is told the setting before and after the change, and gets the same listening socket: so the
/// name exists until the last one has ended.
class PingGroupClaim {
 public:
  /// Makes the name, or joins the daemons that have it, within `patience`. Joins only a daemon of root or
  /// `account.user`.
  [[nodiscard]] static ClaimAttempt take(const Account& account, std::chrono::milliseconds patience);

  /// How the first daemon changed the setting. None: this is the first, which has to call announce().
  [[nodiscard]] const std::optional<RangeChange>& change() const noexcept { return change_; }
  /// Ends the joining: the process that told this one need not wait for it in leave() any more.
  void settle() noexcept { teller_ = os::FileDescriptor{}; }
  /// Sets the change that daemons that join are told from now on.
  void announce(const RangeChange& change) noexcept { change_ = change; }

  /// The socket at which other daemons ask. It is readable when one does.
  [[nodiscard]] int descriptor() const noexcept { return listener_.value(); }
  /// Every descriptor that a guard has to keep.
  [[nodiscard]] std::vector<int> descriptors() const;
  /// Answers one process that asks. It is told the change only after announce(), and only if it is of root, of
  /// `account.user` or of `account.group`.
  void answer(const Account& account) noexcept;
  /// Gives the claim up when its daemon has ended. Waits up to two seconds for daemons that are joining. True when this
  /// was the last daemon.
  [[nodiscard]] bool leave() noexcept;

 private:
  PingGroupClaim() = default;
  [[nodiscard]] static std::optional<PingGroupClaim> make() noexcept;
  /// The claim that a process told over this connection; none when its message is not as it should be.
  [[nodiscard]] static std::optional<PingGroupClaim> told_by(os::FileDescriptor connection) noexcept;

  os::FileDescriptor listener_{};
  os::FileDescriptor others_{};  ///< The reading end of a pipe. It is at its end when every `here_` is closed.
  os::FileDescriptor here_{};    ///< The writing end of the pipe, one for each daemon that has not ended.
  os::FileDescriptor teller_{};  ///< Connection to the process that told this one, which waits until it is closed.
  std::vector<os::FileDescriptor> told_{};
  std::optional<RangeChange> change_{};
};

struct ClaimAttempt {
  std::optional<PingGroupClaim> claim{};
  /// Without a claim: the process that has the name, but is not of root or the account, or does not answer properly.
  std::optional<os::PeerCredentials> holder{};
};

}  // namespace multiping::daemon
