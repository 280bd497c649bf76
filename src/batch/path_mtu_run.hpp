// The largest packet that reaches each target: what discover_mtu() is made of.
#pragma once

#include <vector>

#include "multiping/path_mtu.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// As discover_mtu(), with options that were checked.
[[nodiscard]] std::vector<PathMtu> find_path_mtus(TargetList targets, const MtuOptions& options);

}  // namespace multiping
