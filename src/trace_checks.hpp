// Whether the options of a trace are in range, and its targets can be traced at all.
// Asked before anything is opened, resolved or sent.
#pragma once

#include <cstddef>

#include "multiping/options.hpp"
#include "multiping/target.hpp"
#include "multiping/traceroute.hpp"

namespace multiping {

/// Throws std::invalid_argument for a value out of range ("TraceOptions::first_ttl is 9; it must be 1 to max_ttl (5)"),
/// and what check(Options) throws.
void check(const TraceOptions& options);

/// Throws std::invalid_argument where a target brings a ttl or a flow, which a trace chooses itself, and
/// std::system_error with Errc::not_supported for SCTP. `options` are in range.
void check_probes(const TargetList& targets, const TraceOptions& options);

/// Of each probe that the targets bring, a trace makes so many: one for each hop of each flow.
[[nodiscard]] std::size_t trace_shapes(const TraceOptions& options) noexcept;
inline constexpr std::size_t most_trace_shapes = 65'536;

}  // namespace multiping
