// Gives privileges up for good: user, groups, capabilities, and what could bring them back.
// capabilities(7), credentials(7), prctl(2), landlock(7), getrlimit(2).
#pragma once

#include <cstddef>
#include <cstdint>

#include "multipingd/accounts.hpp"

namespace multiping::daemon {

/// Of linux/capability.h, as a number.
[[nodiscard]] bool has_capability(unsigned capability) noexcept;

/// What a process may keep.
struct Keeping {
  bool net_admin = false;  ///< CAP_NET_ADMIN, as the only capability.
  bool user = false;       ///< Its user and groups.
};

/// Empties all sets of capabilities, leaves all supplementary groups, becomes `account`, and sets no_new_privs; no
/// other process can look into this one any more. The bounding set needs CAP_SETPCAP, user and groups need root:
/// without those they stay, and are without effect. Throws std::system_error.
void drop_privileges(const Account& account, const Keeping& keeping = {});

/// No core, no child, no locked memory, no byte into a file (unless the log or the output is one), bounded memory, and
/// this many descriptors. Throws std::system_error.
void limit_resources(std::size_t descriptors);
/// As many descriptors as this process can have from now on, until limit_resources() takes what is not needed; how
/// many those are.
[[nodiscard]] std::size_t take_all_descriptors() noexcept;

/// From now on this process opens no file, and by TCP binds and connects to nothing. Returns the version of Landlock
/// that the kernel has, 0 when it has none. Throws std::system_error.
int forbid_files();

}  // namespace multiping::daemon
