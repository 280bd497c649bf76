// Checks that the options of a trace are in range, and that its targets can be traced.
// The caller checks before anything is opened, resolved or sent.
#pragma once

#include <cstddef>

#include "multiping/options.hpp"
#include "multiping/route.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// Throws std::invalid_argument for a value out of range ("TraceOptions::first_ttl is 9; it must be 1 to max_ttl (5)"),
/// and what check(Options) throws.
void check(const TraceOptions& options);

/// Throws std::invalid_argument when a probe has a TTL or a flow, which a trace chooses itself, and std::system_error
/// with Errc::not_supported for SCTP. `options` must be in range.
void check_probes(const TargetList& targets, const TraceOptions& options);

/// How many profiles a trace makes of each distinct ProbeOptions of its targets: one for each hop of each flow.
[[nodiscard]] std::size_t trace_profiles(const TraceOptions& options) noexcept;
inline constexpr std::size_t most_trace_profiles = 65'536;

}  // namespace multiping
