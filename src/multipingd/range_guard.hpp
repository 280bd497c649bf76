// Puts net.ipv4.ping_group_range back when the daemon has ended, however it ended: the daemon itself, without
// privileges, could not. A small process of its own, which keeps nothing but the right to that one write.
#pragma once

#include <sys/types.h>

#include <optional>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"
#include "multipingd/group_range.hpp"
#include "multipingd/range_claim.hpp"

namespace multiping::daemon {

struct GuardOrder {
  RangeChange change{};
  Account account{};
  std::optional<RangeClaim> claim{};  ///< None: nobody else is known of.
};

class RangeGuard {
 public:
  /// Forks the guard and waits until it has given all else up. The caller then writes `change.after`; once the caller
  /// has ended, the guard writes `change.before`, if the setting still is `change.after` and no other daemon holds the
  /// claim. With CAP_NET_ADMIN it becomes `account`, else it stays user 0 without capabilities. Throws
  /// std::system_error.
  RangeGuard(const GroupRangeFile& file, GuardOrder order);
  RangeGuard(const RangeGuard&) = delete;
  RangeGuard& operator=(const RangeGuard&) = delete;
  /// As end().
  ~RangeGuard() { end(); }

  /// Has the setting put back, unless others need it, and waits until that is done.
  void end() noexcept;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when the guard has ended before its time.
  [[nodiscard]] int descriptor() const noexcept { return link_.value(); }

 private:
  void start(os::FileDescriptor guards_end, const GroupRangeFile& file, GuardOrder& order);

  os::FileDescriptor link_{};
  pid_t pid_ = -1;
};

}  // namespace multiping::daemon
