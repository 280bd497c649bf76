// The last step of a start, which cannot be undone: drops privileges, forbids files, loads the seccomp filter, and
// verifies all of these.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "apps/multipingd/sandbox/sandbox_self_test.hpp"
#include "apps/multipingd/sandbox/users_and_groups.hpp"

namespace multiping::daemon {

/// After this the process can only open ping sockets and accept clients, with at most `descriptors` descriptors in all.
/// It can still set packet filters on the sockets in `filtered`.
/// Throws std::system_error when a step fails. The findings tell whether everything is given up.
[[nodiscard]] std::vector<Finding> lock_down(const Account& account, std::size_t descriptors,
                                             std::span<const int> filtered = {});

}  // namespace multiping::daemon
