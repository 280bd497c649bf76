// From the caller's list to what is probed: names resolved, addresses checked, equal ones joined.
// Whatever cannot be probed has its result here already.
#pragma once

#include <vector>

#include "engine/roster.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"

namespace multiping {

struct BatchPlan {
  std::vector<Result> results;       ///< One for each position, with its host and its address.
  std::vector<ProbeOptions> shapes;  ///< Distinct probe options; [0] is Options::probe.
  engine::Roster roster;
  std::vector<engine::Endpoint> endpoints;
};

/// Throws std::invalid_argument, std::system_error with Errc::not_supported, and ResolveError, as MultiPing does.
[[nodiscard]] BatchPlan plan_batch(TargetList targets, const Options& options);

}  // namespace multiping
