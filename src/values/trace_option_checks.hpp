// Checks that the options of a trace are in range, and that its targets can be traced.
// The caller checks before anything is opened, resolved or sent.
#pragma once

#include <cstddef>
#include <string>

#include "multiping/options.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/route.hpp"
#include "multiping/target.hpp"

namespace multiping {

/// Throws std::invalid_argument for a value out of range ("TraceOptions::first_ttl is 9; it must be 1 to max_ttl (5)"),
/// and what check(Options) throws.
void check(const TraceOptions& options);
void check(const MtuOptions& options);

/// Throws std::invalid_argument when a probe has a TTL or a flow, which a trace chooses itself, and std::system_error
/// with Errc::not_supported for SCTP. `usual` is the probe of targets that have none of their own.
void check_probes(const TargetList& targets, const ProbeOptions& usual);

/// Throws std::invalid_argument for a member that `call` has no use for and that differs from its default.
void refuse_hops(const TraceOptions& options, const std::string& call);
void refuse_flows(const TraceOptions& options, const std::string& call);
/// The same for a call that has a budget as an argument of its own.
void refuse_budget(const TraceOptions& options, const std::string& call);

}  // namespace multiping
