// Looks whether all that was given up is gone, before the daemon serves: by what the kernel says of this process, and
// by trying what must fail.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"

namespace multiping::daemon {

struct Finding {
  std::string what{};   ///< "effective capabilities"
  std::string found{};  ///< "0000000000000000"
  bool holds = false;
};

/// What can be expected here.
struct Expectations {
  Account account{};
  bool left_groups = true;       ///< Started by root, so that supplementary groups are gone.
  bool emptied_bounding = true;  ///< CAP_SETPCAP was there.
  bool landlock = true;          ///< The kernel has it.
};

/// The line of /proc/PID/status that begins with `name` and a colon, without white space around the value.
[[nodiscard]] std::string status_field(std::string_view status, std::string_view name);

class Verification {
 public:
  /// Before files are forbidden: opens /proc/self/status. Throws std::system_error.
  Verification();
  /// Files are forbidden, and no filter is there yet: what Landlock alone does.
  void try_files();
  /// Everything has been given up.
  [[nodiscard]] std::vector<Finding> run(const Expectations& expected);

 private:
  os::FileDescriptor status_;
  bool files_forbidden_ = false;
};

}  // namespace multiping::daemon
