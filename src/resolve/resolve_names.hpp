// Resolves names to addresses and addresses to names, for the rest of the library.
// The other files of src/resolve make the lookups.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "multiping/resolve.hpp"

namespace multiping::resolver {

/// One Resolution for each name, in order. `options` are in range.
///
/// Addresses are resolved without a lookup and without a thread; each distinct name is looked up once. Returns when all
/// are known, when no lookup has ended for options.timeout, at the end of options.budget, or within 10 ms of a stop
/// request. Names that are pending then get Errc::lookup_timeout, or Errc::lookup_failed when their lookups so far were
/// turned down rather than left unanswered. A lookup under way at that moment cannot be cancelled; its thread touches
/// nothing of the caller's. PendingLookups of pending_lookups.hpp give the same results as they become known.
[[nodiscard]] std::vector<Resolution> resolve_names(std::span<const std::string> names, const ResolveOptions& options,
                                                    const std::stop_token& stop = {});

/// One ReverseResolution for each address, in order. `options` are in range.
///
/// Each distinct address of options.family is looked up once. An answer counts as a name only if is_host_name().
/// Returns at the same times as resolve_names().
[[nodiscard]] std::vector<ReverseResolution> reverse_names(std::span<const Address> addresses,
                                                           const ResolveOptions& options,
                                                           const std::stop_token& stop = {});

/// The address to probe: the first of `family`. For Family::any: the first IPv4 address, otherwise the first address.
[[nodiscard]] std::optional<Address> preferred(const Resolution& resolution, Family family) noexcept;

}  // namespace multiping::resolver
