// --format openmetrics: one page at the end of the run, and with -Q one for each interval, by which --output FILE is
// replaced. The text is in openmetrics_text.hpp.
#pragma once

#include <vector>

#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/openmetrics_text.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class OpenmetricsReport : public Report {
 public:
  OpenmetricsReport(const CommandOptions& options, Outputs outputs)
      : outputs_{outputs}, statistics_{sends_rounds(options.mode)} {}

  [[nodiscard]] bool wants_statistics() const override { return statistics_; }
  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override { fates_.answered(event.target); }
  void timed_out(const ProbeEvent& event) override { fates_.failed(event, view().targets.size()); }
  void interval_over(std::chrono::system_clock::time_point now) override;
  void routes(std::span<const Route> routes) override;
  void path_mtu(const PathMtu& path) override;
  void health(const HealthFacts& facts, std::span<const Transition>) override { health_ = &facts; }
  void finish_without_targets() override { finish(); }
  void finish() override;

 private:
  void page(const RunTotals& totals);

  Outputs outputs_;
  bool statistics_ = false;
  std::chrono::steady_clock::time_point start_{};
  LastFailures fates_{};
  const HealthFacts* health_ = nullptr;  ///< Of --health, from its first round on.
  std::vector<RouteFigures> routes_{};
  std::vector<MtuFigures> mtus_{};
};

}  // namespace multiping::command
