// Makes distinct targets from the caller's list: resolves names, checks addresses, joins equal ones.
// A position that cannot be probed gets its result here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "batch/target_address_choice.hpp"
#include "engine/unique_targets.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "multiping/target.hpp"

namespace multiping {

struct BatchPlan {
  std::vector<Result> results;         ///< One for each position, with its host and its address.
  std::vector<ProbeOptions> profiles;  ///< Distinct probe options; [0] is Options::probe.
  engine::UniqueTargets unique_targets;
  std::vector<engine::TargetKey> destinations;
  std::vector<NamedPosition> named;  ///< The positions whose address may change, in order.
};

/// When names are looked up: while the plan is made, or later by the caller. In the second case the results of names
/// are pending and have no address yet.
enum class NamesAre : bool { looked_up, pending };

/// The address of a host that needs no lookup: neither of a name, nor of the interface that is the zone of an address.
[[nodiscard]] std::optional<Address> plain_address(const std::string& host, const ProbeOptions& probe) noexcept;

/// Throws std::invalid_argument, std::system_error with Errc::not_supported, and ResolveError, as MultiPing does. Sets
/// options.transport when it is null and a route must be asked for; see choose().
[[nodiscard]] BatchPlan plan_batch(TargetList targets, Options& options, NamesAre names = NamesAre::looked_up);

}  // namespace multiping
