// net.ipv4.ping_group_range: the groups that may open ping sockets in this network namespace, of both families.
// icmp(7). Nothing else opens one, no capability either.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "linux/file_descriptor.hpp"

namespace multiping::daemon {

struct GroupRange {
  gid_t first = 1, last = 0;

  [[nodiscard]] bool empty() const noexcept { return first > last; }
  [[nodiscard]] bool includes(gid_t group) const noexcept { return first <= group && group <= last; }
  [[nodiscard]] std::string to_string() const { return std::to_string(first) + " " + std::to_string(last); }
  friend bool operator==(const GroupRange&, const GroupRange&) = default;
};

struct RangeChange {
  GroupRange before{}, after{};
  friend bool operator==(const RangeChange&, const RangeChange&) = default;
};

/// Two numbers with white space between and behind them.
[[nodiscard]] std::optional<GroupRange> parse_group_range(std::string_view text) noexcept;

/// The setting, of the namespace in which it was opened.
class GroupRangeFile {
 public:
  /// Throws std::system_error.
  GroupRangeFile();

  /// None when it cannot be read.
  [[nodiscard]] std::optional<GroupRange> read() const noexcept;
  /// False, with errno set, when refused. Takes user 0 or CAP_NET_ADMIN at this moment, not when it was opened.
  [[nodiscard]] bool write(const GroupRange& range) const noexcept;
  [[nodiscard]] int descriptor() const noexcept { return file_.value(); }

 private:
  os::FileDescriptor file_{};
  int write_refusal_ = 0;  ///< Why it is open for reading only; 0: it is not.
};

}  // namespace multiping::daemon
