// Gives privileges up for good: user, groups and capabilities, and all ways to get them back.
// capabilities(7), credentials(7), prctl(2), landlock(7), getrlimit(2).
#pragma once

#include <cstddef>
#include <cstdint>

#include "apps/multipingd/sandbox/users_and_groups.hpp"

namespace multiping::daemon {

/// Whether this process has the capability now; `capability` is a number of linux/capability.h.
[[nodiscard]] bool has_capability(unsigned capability) noexcept;

/// What a process keeps.
struct Keeping {
  bool net_admin = false;  ///< CAP_NET_ADMIN, as the only capability.
  bool user = false;       ///< Its user and groups.
};

/// Empties all sets of capabilities, leaves all supplementary groups, becomes `account`, and sets no_new_privs. Other
/// processes of the user can no longer trace this one or read its memory (PR_SET_DUMPABLE). Emptying the bounding set
/// needs CAP_SETPCAP, and the change of user and groups needs root. Without these rights they stay as they are, and
/// give the process no privilege. Throws std::system_error.
void drop_privileges(const Account& account, const Keeping& keeping = {});

/// Limits this process to `descriptors` descriptors and 256 MiB of memory (without a sanitizer). Forbids core files,
/// child processes, locked memory, message queues, and writing to files. Writing stays allowed when the log or the
/// output is a file. Throws std::system_error.
void limit_resources(std::size_t descriptors);
/// Raises the limit of descriptors to the hard limit and returns it; SIZE_MAX when there is none, 0 on an error.
/// limit_resources() lowers it later.
[[nodiscard]] std::size_t take_all_descriptors() noexcept;

/// Forbids this process to open files, by Landlock. Versions 4 and later also forbid binding and connecting TCP
/// sockets. Returns the version of Landlock that the kernel has; 0: it has none, and nothing is forbidden. Throws
/// std::system_error.
int forbid_files();

}  // namespace multiping::daemon
