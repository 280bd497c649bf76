// check_icmp: one line at the end, and the exit status of a plugin of a monitoring system.
// The texts and the verdict are in check_icmp_text.hpp.
#pragma once

#include <chrono>

#include "apps/multiping/check_icmp_text.hpp"
#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class CheckIcmpReport : public Report {
 public:
  CheckIcmpReport(const CommandOptions& options, Outputs outputs);

  void answered(const ProbeEvent& event) override { fates_.answered(event.target); }
  void timed_out(const ProbeEvent& event) override { fates_.failed(event, view().targets.size()); }
  [[nodiscard]] bool wants_to_end() const override { return std::chrono::steady_clock::now() >= deadline_; }
  void health(const HealthFacts& facts, std::span<const Transition>) override { health_ = &facts; }
  void finish_without_targets() override { finish(); }
  void finish() override;
  [[nodiscard]] std::optional<int> exit_status() const override { return static_cast<int>(status_); }

 private:
  Outputs outputs_;
  std::chrono::steady_clock::time_point deadline_;
  CheckStatus status_ = CheckStatus::unknown;
  LastFailures fates_{};
  const HealthFacts* health_ = nullptr;  ///< Of --health.
};

}  // namespace multiping::command
