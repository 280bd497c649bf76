// A small process that puts net.ipv4.ping_group_range back when the daemon has ended, however it ended. The daemon has
// no privilege to do that itself. The guard keeps only the right to this one write.
#pragma once

#include <sys/types.h>

#include <optional>

#include "apps/multipingd/ping_group_claim.hpp"
#include "apps/multipingd/ping_group_range.hpp"
#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

struct GuardOrder {
  RangeChange change{};
  Account account{};
  std::optional<PingGroupClaim> claim{};  ///< None: no claim could be made, and the guard knows no other daemon.
};

class PingGroupRestorer {
 public:
  /// Forks the guard and waits until it has given up all other rights. The caller then writes `change.after`. When the
  /// caller has ended, the guard writes `change.before`, if the setting is still `change.after` and no other daemon
  /// holds the claim. With CAP_NET_ADMIN the guard becomes `account`; else it stays the user that it is, without
  /// capabilities. Throws std::system_error.
  PingGroupRestorer(const PingGroupRangeFile& file, GuardOrder order);
  PingGroupRestorer(const PingGroupRestorer&) = delete;
  PingGroupRestorer& operator=(const PingGroupRestorer&) = delete;
  ~PingGroupRestorer() { end(); }

  /// Makes the guard put the setting back, unless other daemons need it, and waits until the guard has ended.
  void end() noexcept;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when the guard has ended too early.
  [[nodiscard]] int descriptor() const noexcept { return link_.value(); }

 private:
  void start(os::FileDescriptor guards_end, const PingGroupRangeFile& file, GuardOrder& order);

  os::FileDescriptor link_{};
  pid_t pid_ = -1;
};

}  // namespace multiping::daemon
