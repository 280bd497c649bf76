// --health FILE: keeps a HealthTracker around the other reports of a run. FILE is read at the start and replaced at the
// end; the others are told the changes. health_facts.hpp has the decisions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report_group.hpp"

namespace multiping::command {

/// Throws std::invalid_argument where --health fits neither the mode nor the format.
void check_health(const CommandOptions& options);

/// Reads a state file; one that does not exist is a tracker without memory. Throws std::system_error where it cannot be
/// read, and std::runtime_error, which names the file and the line, where it is damaged.
[[nodiscard]] HealthTracker load_health(const std::string& path);
/// Replaces a state file as a whole. Throws std::system_error.
void save_health(const HealthTracker& tracker, const std::string& path);

class HealthReport : public ReportGroup {
 public:
  /// Throws what load_health() throws.
  HealthReport(const CommandOptions& options, Outputs outputs, std::unique_ptr<Report> others);

  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void round_over(std::uint64_t round) override;
  /// A run without end has a memory too.
  void interval_over(std::chrono::system_clock::time_point now) override;
  void finish_without_targets() override;
  void finish() override;
  [[nodiscard]] std::optional<int> exit_status() const override;

 private:
  void keep(const ProbeEvent& event);
  void observe(std::span<const Result> round);
  void observe_rest();
  void save();

  Outputs outputs_;
  const CommandOptions& options_;
  HealthFacts facts_;
  /// All probes of a run are one round: Mode::once, and check_icmp, whose probes take less than a second.
  bool one_round_;
  std::map<std::uint64_t, std::vector<Result>> rounds_{};  ///< Those that are not over.
};

}  // namespace multiping::command
