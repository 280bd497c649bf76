// The last step of a start, after which there is no way back: privileges go, files are forbidden, the filter comes, and
// all of it is verified.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "multipingd/accounts.hpp"
#include "multipingd/verification.hpp"

namespace multiping::daemon {

/// What the process opens after this is ping sockets and the connections of clients, `descriptors` in all;
/// it still chooses which datagrams reach those in `filtered`.
/// Throws std::system_error when a step fails; the findings tell whether all of it holds.
[[nodiscard]] std::vector<Finding> lock_down(const Account& account, std::size_t descriptors,
                                             std::span<const int> filtered = {});

}  // namespace multiping::daemon
