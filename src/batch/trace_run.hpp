// Routes to many targets at once: what traceroute() is made of.
#pragma once

#include <vector>

#include "multiping/route.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// As traceroute(), with options that were checked. Throws as it does for what only the targets' addresses tell.
[[nodiscard]] std::vector<Route> trace(TargetList targets, const TraceOptions& options);

}  // namespace multiping
