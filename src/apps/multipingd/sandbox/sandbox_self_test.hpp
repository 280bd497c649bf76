// Verifies that all rights that were given up are gone, before the daemon serves. It reads the kernel's status of this
// process, and tries calls that must fail.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

struct Finding {
  std::string what{};   ///< "effective capabilities"
  std::string found{};  ///< "0000000000000000"
  bool holds = false;
};

/// The state that a process with these rights at its start must have now.
struct Expectations {
  Account account{};
  bool left_groups = true;       ///< The supplementary groups are gone, since the process was started by root.
  bool emptied_bounding = true;  ///< The bounding set is empty, since the process had CAP_SETPCAP.
  bool landlock = true;          ///< The kernel has Landlock.
};

/// The value in the line of /proc/PID/status that begins with `name` and a colon, without white space around it. Empty
/// when there is no such line.
[[nodiscard]] std::string status_field(std::string_view status, std::string_view name);

class SandboxSelfTest {
 public:
  /// Opens /proc/self/status. It must be made before files are forbidden. Throws std::system_error.
  SandboxSelfTest();
  /// Tries to open files. It must be called after forbid_files() and before the filter is loaded: so it tests Landlock
  /// alone.
  void try_files();
  /// Checks everything. It must be called when all rights have been given up.
  [[nodiscard]] std::vector<Finding> run(const Expectations& expected);

 private:
  os::FileDescriptor status_;
  bool files_forbidden_ = false;
};

}  // namespace multiping::daemon
