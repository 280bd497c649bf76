// Puts net.ipv4.ping_group_range back when the daemon has ended, however it ended: the daemon itself, without
// privileges, could not. A small process of its own, which keeps nothing but the right to that one write.
#pragma once

#include <sys/types.h>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"
#include "multipingd/group_range.hpp"

namespace multiping::daemon {

struct RangeChange {
  GroupRange before{}, after{};
};

class RangeGuard {
 public:
  /// Forks the guard and waits until it has given all else up. The caller then writes `change.after`; once the caller
  /// has ended, the guard writes `change.before`, if the setting still is `change.after`. With CAP_NET_ADMIN it
  /// becomes `account`, else it stays user 0 without capabilities. Throws std::system_error.
  RangeGuard(const GroupRangeFile& file, const RangeChange& change, const Account& account);
  RangeGuard(const RangeGuard&) = delete;
  RangeGuard& operator=(const RangeGuard&) = delete;
  /// As end().
  ~RangeGuard() { end(); }

  /// Has the setting put back, and waits until that is done.
  void end() noexcept;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when the guard has ended before its time.
  [[nodiscard]] int descriptor() const noexcept { return link_.value(); }

 private:
  void start(os::FileDescriptor guards_end, const GroupRangeFile& file, const RangeChange& change,
             const Account& account);

  os::FileDescriptor link_{};
  pid_t pid_ = -1;
};

}  // namespace multiping::daemon
