// Why the targets of a run have no answer: the last result of each that failed. For summaries at the end of a run.
// Memory is taken when the first target fails.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/multiping/report.hpp"

namespace multiping::command {

/// Keeps the last failure of each target until it answers. A silence does not replace a failure with a reason.
class LastFailures {
 public:
  void failed(const ProbeEvent& event, std::size_t targets);
  void answered(std::size_t target);
  /// Another part of the list follows.
  void clear() noexcept { fates_.clear(); }
  /// The last failure; null where there was none, or an answer came since.
  [[nodiscard]] const Result* of(std::size_t target) const noexcept;

 private:
  std::vector<std::optional<Result>> fates_{};
};

using WallTime = std::chrono::sys_time<Duration>;

/// What the figures of a target are told for.
struct HostScope {
  std::string_view name{};       ///< "run", "interval" or "snapshot".
  WallTime time{};               ///< When they are told.
  bool interval = false;         ///< HostFigures::interval is meant.
  const Result* fate = nullptr;  ///< Why the target does not answer; may be null.
};

/// The port that a target is asked at: its own, that of the options, or the default of the protocol; 0 with ICMP.
[[nodiscard]] std::uint16_t port_of(const RunTarget& target, const CommandOptions& options) noexcept;

}  // namespace multiping::command
