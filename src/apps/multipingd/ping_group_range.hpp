// Reads and writes net.ipv4.ping_group_range: the groups that may open ping sockets of both families in this network
// namespace, icmp(7). Without such a group no process can open one, whatever capability it has.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "os/file_descriptor.hpp"

namespace multiping::daemon {

struct PingGroupRange {
  gid_t first = 1, last = 0;

  [[nodiscard]] bool empty() const noexcept { return first > last; }
  [[nodiscard]] bool includes(gid_t group) const noexcept { return first <= group && group <= last; }
  [[nodiscard]] std::string to_string() const { return std::to_string(first) + " " + std::to_string(last); }
  friend bool operator==(const PingGroupRange&, const PingGroupRange&) = default;
};

struct RangeChange {
  PingGroupRange before{}, after{};
  friend bool operator==(const RangeChange&, const RangeChange&) = default;
};

/// Parses two numbers with white space between them. White space may also be around them.
[[nodiscard]] std::optional<PingGroupRange> parse_group_range(std::string_view text) noexcept;

/// The file of the setting, of the network namespace in which it was opened.
class PingGroupRangeFile {
 public:
  /// Opens the file for reading only where it cannot be opened for writing. Throws std::system_error.
  PingGroupRangeFile();

  /// None when it cannot be read.
  [[nodiscard]] std::optional<PingGroupRange> read() const noexcept;
  /// False, with errno set, on an error. The kernel requires user 0 or CAP_NET_ADMIN at the time of the write, not of
  /// the opening.
  [[nodiscard]] bool write(const PingGroupRange& range) const noexcept;
  [[nodiscard]] int descriptor() const noexcept { return file_.value(); }

 private:
  os::FileDescriptor file_{};
  int write_refusal_ = 0;  ///< Why the file is open for reading only, as errno; 0: it is open for writing too.
};

}  // namespace multiping::daemon
