// Gives the privileges of a program up for good, and all ways to get them back.
// capabilities(7), credentials(7), prctl(2).
#pragma once

#include <sys/types.h>

namespace multiping::apps {

/// A user and a group.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

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
/// Empties all sets of capabilities but the bounding set, and sets no_new_privs, after which the bounding set gives
/// nothing: it takes a system call for each capability, longer than the rest. A program with the set-user-ID or
/// set-group-ID bit becomes the user and group who started it; other programs keep their user, root too. Then asks the
/// kernel whether anything is left. Throws std::system_error, also when something is. With `keep_net_raw`, CAP_NET_RAW
/// stays as the only capability where the program has it: for sockets that it opens later.
void drop_capabilities(bool keep_net_raw = false);

}  // namespace multiping::apps
