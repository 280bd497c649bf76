// Names to addresses and back: the seam between the library and the system's resolver.
// Whoever resolves names comes here; how lookups are made is behind it.
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
/// Addresses are answered without a lookup and without a thread; each distinct name is looked up once. Returns when all
/// are known, when no lookup has ended for options.timeout, at the end of options.budget, or within 10 ms of a stop
/// request: what is pending then is Errc::lookup_timeout, or lookup_failed where the lookups made so far were turned
/// down rather than left unanswered. A lookup under way at that moment cannot be cancelled; its thread touches nothing
/// of the caller's. Lookups of lookups.hpp are the same, as they become known.
[[nodiscard]] std::vector<Resolution> resolve_names(std::span<const std::string> names, const ResolveOptions& options,
                                                    const std::stop_token& stop = {});

/// One ReverseResolution for each address, in order. `options` are in range.
///
/// Each distinct address of options.family is looked up once, and only what is_host_name() is a name. Returns as
/// resolve_names() does.
[[nodiscard]] std::vector<ReverseResolution> reverse_names(std::span<const Address> addresses,
                                                           const ResolveOptions& options,
                                                           const std::stop_token& stop = {});

/// The address to probe: the first of that family; for any, the first IPv4 address, else the first.
[[nodiscard]] std::optional<Address> preferred(const Resolution& resolution, Family family) noexcept;

}  // namespace multiping::resolver
