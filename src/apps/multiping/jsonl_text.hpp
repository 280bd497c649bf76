// The lines of --format jsonl: one JSON object each, without the end of the line. Pure.
// multiping-1.schema.json describes them; times whose names end in _ms are milliseconds, other times are UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/report.hpp"
#include "apps/multiping/run_figures.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"

namespace multiping::command {

/// {"schema": "multiping/1", "kind": "start", ...}
[[nodiscard]] std::string start_jsonl(const RunFigures& view, WallTime now);
/// A line about one probe: "reply", "timeout", "error", "duplicate", "up".
[[nodiscard]] std::string probe_jsonl(std::string_view kind, const RunFigures& view, const ProbeEvent& event);
/// A target without an address: "unresolved".
[[nodiscard]] std::string unresolved_jsonl(const RunTarget& target);
/// "round": how many of its probes were answered.
[[nodiscard]] std::string round_jsonl(std::uint64_t round, std::uint64_t sent, std::uint64_t received);

/// "host": the figures of one target.
[[nodiscard]] std::string host_jsonl(const RunFigures& view, std::size_t target, const HostScope& scope);

/// "route": one flow to one target.
[[nodiscard]] std::string route_jsonl(const RunFigures& view, std::size_t target, const Route& route);
/// "mtu"
[[nodiscard]] std::string mtu_jsonl(const RunFigures& view, std::size_t target, const PathMtu& path);
/// "why"
[[nodiscard]] std::string why_jsonl(const RunFigures& view, std::size_t target, const Result& result,
                                    const Route* route);
/// "health": a change of a host or a group.
[[nodiscard]] std::string change_jsonl(const Transition& change, WallTime now);
/// "health": the state of a host at the end, and why it was silent in the last round.
[[nodiscard]] std::string host_state_jsonl(const HealthFacts& facts, const std::string& host, WallTime now);
/// "health": the state of a group at the end.
[[nodiscard]] std::string group_state_jsonl(const HealthFacts& facts, const std::string& group, WallTime now);
/// "run": the totals, the last line.
[[nodiscard]] std::string run_jsonl(const RunFigures& view, WallTime now);

}  // namespace multiping::command
