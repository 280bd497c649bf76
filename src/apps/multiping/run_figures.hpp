// What a run knows of its targets, as reports see it: the targets, their figures, and the totals. Values only.
// The run changes it; reports read it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "apps/multiping/command_options.hpp"
#include "apps/multiping/target_group.hpp"
#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/result.hpp"
#include "multiping/statistics.hpp"

namespace multiping::command {

/// One target of a run: one line of the user's list, or with -m one address of it.
struct RunTarget {
  std::string host{};       ///< As the user wrote it, without the port.
  std::string label{};      ///< What the lines call it where -A, -d or -n change that; else empty.
  Address address{};        ///< None while unresolved.
  std::uint16_t port = 0;   ///< Of "host:port"; 0: that of the options.
  bool numeric = false;     ///< `host` is the address as text.
  std::uint32_t group = 0;  ///< Index in RunFigures::groups.
  std::error_code error{};  ///< Why there is no address.

  [[nodiscard]] const std::string& shown() const noexcept { return label.empty() ? host : label; }
};

/// Probes whose fate is known, and the times of those that were answered.
struct Tally {
  std::uint64_t sent = 0, received = 0;
  Duration least{}, most{}, total{};

  void add_answer(Duration rtt) noexcept {
    if (received == 0 || rtt < least) least = rtt;
    if (rtt > most) most = rtt;
    total += rtt;
    ++sent;
    ++received;
  }
  void add_loss() noexcept { ++sent; }
  [[nodiscard]] Duration mean() const noexcept {
    return received == 0 ? Duration{} : total / static_cast<std::int64_t>(received);
  }
  /// From 0 to 1; none where nothing was sent.
  [[nodiscard]] std::optional<double> loss() const noexcept {
    if (sent == 0) return std::nullopt;
    return static_cast<double>(sent - received) / static_cast<double>(sent);
  }
  /// In whole per cent, rounded down, as fping prints it; 0 where nothing was sent.
  [[nodiscard]] std::uint64_t loss_percent() const noexcept { return sent == 0 ? 0 : (sent - received) * 100 / sent; }
};

/// The figures of one target.
struct HostFigures {
  Tally all{};
  Tally interval{};  ///< Since the last summary of -Q.
  std::uint64_t duplicates = 0;
  bool decided = false;  ///< Mode::once: it answered, or was given up.
};

/// The totals of a run: what -s prints.
struct RunTotals {
  std::size_t targets = 0, alive = 0, unreachable = 0, unresolved = 0;
  std::uint64_t timeouts = 0, sent = 0, received = 0, other_icmp = 0;
  Tally times{};
  Duration elapsed{};
};

/// A target that has no answer, for --why.
struct FailedTarget {
  std::size_t target = 0;
  Result result{};
};

/// The most targets of a block (-g) that are asked at once.
constexpr std::size_t most_at_once = std::size_t{1} << 20U;

/// All of it. Lives from Report::begin() until after Report::finish().
struct RunFigures {
  const CommandOptions* options = nullptr;
  std::vector<RunTarget> targets{};
  std::vector<HostFigures> figures{};    ///< One for each target.
  std::vector<Statistics> statistics{};  ///< One for each target where Report::wants_statistics(), else empty.
  std::vector<TargetGroup> groups{{}};
  std::vector<RunTarget> unresolved{};   ///< Targets without an address; Mode::once and rounds leave them out.
  std::vector<FailedTarget> failures{};  ///< With --why: what became of each target that never answered.
  RunTotals totals{};
  bool stopped = false;  ///< A signal ended the run early.
};

}  // namespace multiping::command
