// A directory in which nobody but root and the daemon's user can add, rename or remove names, found by its path.
// path_resolution(7), openat(2), sticky(7) in chmod(2), acl(5).
#pragma once

#include <string>

#include "linux/file_descriptor.hpp"
#include "multipingd/accounts.hpp"

namespace multiping::daemon {

/// The descriptors are for the calls of the *at() kind only (O_PATH).
struct TrustedDirectory {
  os::FileDescriptor directory{}, parent{};
  std::string name{};  ///< In `parent`; empty for "/".
  bool made = false;   ///< It was missing.
};

/// Opens the directory of an absolute path, one name after the other. Where only the last name is missing it is made,
/// mode 0755 whatever the umask is.
///
/// Each directory and each symbolic link on the way must be of root or of `account.user`. The directory itself must be
/// writable by its owner only, or by group 0 or `account.group` as well when it has no access control list. Those
/// above it may also be sticky (/tmp), since there nobody renames what is not his own.
///
/// Throws std::runtime_error that names the directory and who may write into it, and std::system_error where one cannot
/// be opened or made.
[[nodiscard]] TrustedDirectory open_trusted_directory(const std::string& path, const Account& account);

}  // namespace multiping::daemon
