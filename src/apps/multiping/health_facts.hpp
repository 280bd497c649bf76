// What --health judges: the groups and hosts of a list, their states, and the texts about them. Pure.
// health_report.hpp drives it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "apps/multiping/run_figures.hpp"
#include "multiping/health.hpp"
#include "multiping/result.hpp"

namespace multiping::command {

/// What reports are told of the health of a list.
struct HealthFacts {
  HealthTracker tracker{};
  std::vector<std::string> groups{};  ///< Those with an "@" line and hosts, each once, in the order of the list.
  std::vector<std::string> hosts{};   ///< All, each once, in the order of the list.
  std::vector<std::string> alone{};   ///< Those in no group.
  std::unordered_map<std::string, Result> silent{};  ///< Why hosts did not answer in the last round.
};

/// How a target is called in a state file: as the user wrote it, with its port.
[[nodiscard]] std::string health_name(const RunTarget& target);

/// Makes the hosts and groups of a list those of the tracker: what it knows of the same hosts stays, others are
/// forgotten. Throws std::invalid_argument for the name of a group with too many parts.
void take_list(const RunFigures& view, HealthFacts& facts);

/// Observes a round: the results of hosts by health_name(), in Result::host.
[[nodiscard]] std::vector<Transition> observe_round(HealthFacts& facts, std::span<const Result> round);

/// What a run ends with.
enum class HealthJudgement : std::uint8_t {
  good,     ///< Every group has its quorum, and every host in no group is up.
  unknown,  ///< None is down, and of some it is not known.
  bad,      ///< A group is below its quorum, or a host in no group is down or flapping.
};
[[nodiscard]] HealthJudgement judge(const HealthFacts& facts);

/// Why a host did not answer in the last round, where the cause is on this host; else null.
[[nodiscard]] const Result* local_cause(const HealthFacts& facts, const std::string& host);

/// A line for each change; hosts that became unknown together, or that are known again together, are one line.
[[nodiscard]] std::vector<std::string> transition_lines(std::span<const Transition> changes);

/// "down: rack7 (0 of 2 up), web9, web8 (flapping)": why the judgement is bad; else empty.
[[nodiscard]] std::string down_text(const HealthFacts& facts);

/// "state not known: rack7, web9: the gateway of this host does not answer (192.0.2.1)": where this host is the cause;
/// else empty.
[[nodiscard]] std::string unknown_text(const HealthFacts& facts);

/// "0 of 2 up"
[[nodiscard]] std::string members_text(const HealthFacts& facts, const std::string& group);

}  // namespace multiping::command
