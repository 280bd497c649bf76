// Opens the directory of a path, if only root and the daemon's account can add, rename or remove names in it.
// path_resolution(7), openat(2), chmod(2) for the sticky bit, acl(5).
#pragma once

#include <string>

#include "apps/multipingd/sandbox/users_and_groups.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

/// The descriptors are opened with O_PATH: they serve only for *at() calls.
struct TrustedDirectory {
  os::FileDescriptor directory{}, parent{};
  std::string name{};  ///< The directory's name in `parent`; empty for "/".
  bool made = false;   ///< The directory was missing and has been made.
};

/// Opens the directory of an absolute path, one name after the other. When only the last name is missing, the directory
/// is made with mode 0755, whatever the umask is.
///
/// Each directory and each symbolic link on the way must belong to root or `account.user`. The directory itself must be
/// writable by its owner only, or also by group 0 or `account.group` when it has no access control list. A directory
/// above it may also be sticky, like /tmp: users cannot rename files of other users there.
///
/// Throws std::runtime_error, which names the directory and who may write into it, and std::system_error when a
/// directory cannot be opened or made.
[[nodiscard]] TrustedDirectory open_trusted_directory(const std::string& path, const Account& account);

}  // namespace multiping::daemon
