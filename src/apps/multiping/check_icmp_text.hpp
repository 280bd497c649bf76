// The line of check_icmp: status, hosts and performance data, as monitoring-plugins' program writes them. Pure.
// Names of hosts are made fit for one line, and for what reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <system_error>

#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/run_figures.hpp"
#include "multiping/result.hpp"

namespace multiping::command {

/// What the program ends with.
enum class CheckStatus : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

/// One host, and what became of its probes.
struct CheckedHost {
  std::string name{};
  Tally tally{};
  const Result* fate = nullptr;  ///< Why it does not answer; may be null.
  std::error_code error{};       ///< It has no address.
};

struct CheckAnswer {
  CheckStatus status = CheckStatus::unknown;
  std::string line{};  ///< With the end of the line.
};

/// Critical where no probe was answered, whatever the limits are; else by the mean time and the loss.
[[nodiscard]] CheckStatus check_status(const CheckedHost& host, const IcmpCheck& check) noexcept;

/// "OK - 192.0.2.1: rta 0.030ms, lost 0%|rta=0.030ms;200.000;500.000;0; pl=0%;40;80;; ..."
[[nodiscard]] CheckAnswer check_answer(std::span<const CheckedHost> hosts, const IcmpCheck& check);

/// --health: the status and the line by the states of groups and hosts. Critical where a group is below its quorum or a
/// host in no group is not up, unknown where nothing is known yet or for a cause on this host. The limits give no
/// status.
[[nodiscard]] CheckAnswer check_answer(std::span<const CheckedHost> hosts, const IcmpCheck& check,
                                       const HealthFacts& health);

}  // namespace multiping::command
