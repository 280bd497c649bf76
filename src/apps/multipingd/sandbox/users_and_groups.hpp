// Looks up users and groups by name or number: those that the daemon becomes, and those that it serves.
// getpwnam(3), getgrnam(3). Must be called before privileges are dropped.
#pragma once

#include <sys/types.h>

#include <string>

#include "apps/privileges/privileges.hpp"

namespace multiping::daemon {

/// Throws std::invalid_argument, which names `option`, when there is no such user or group.
[[nodiscard]] uid_t user_id(const std::string& option, const std::string& name_or_number);
[[nodiscard]] gid_t group_id(const std::string& option, const std::string& name_or_number);

/// The user and group that the daemon runs as while it serves.
using Account = apps::Account;

/// The user and group of --user and --group; when these are left out, "multiping" for a process of root. A process that
/// is not root keeps its own, and the options may name no others. Throws std::invalid_argument, also when the user or
/// the group is root.
[[nodiscard]] Account account_of(const std::string& user, const std::string& group);

}  // namespace multiping::daemon
