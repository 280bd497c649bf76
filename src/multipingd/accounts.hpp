// Users and groups by name or number: whom the daemon becomes, and whom it serves.
// getpwnam(3), getgrnam(3); asked before privileges go, never afterwards.
#pragma once

#include <sys/types.h>

#include <string>

#include "multipingd/options.hpp"

namespace multiping::daemon {

/// `option` is named when there is none: std::invalid_argument.
[[nodiscard]] uid_t user_id(const std::string& option, const std::string& name_or_number);
[[nodiscard]] gid_t group_id(const std::string& option, const std::string& name_or_number);

/// Whom the daemon serves as.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

/// What --user and --group say, never root. A process that is not root, and so can become nobody else, keeps what it
/// is. Throws std::invalid_argument.
[[nodiscard]] Account account_of(const Options& options);

}  // namespace multiping::daemon
