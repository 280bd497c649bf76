// Several reports of one run: lines, and beside them a progress line, a histogram, a page.
// Each event goes to all of them, in their order.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "apps/multiping/report.hpp"

namespace multiping::command {

class ReportGroup : public Report {
 public:
  void add(std::unique_ptr<Report> report) { reports_.push_back(std::move(report)); }

  [[nodiscard]] bool wants_statistics() const override;
  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void duplicate(const ProbeEvent& event) override;
  void icmp_error(const ProbeEvent& event) override;
  void send_failed(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void round_over(std::uint64_t round) override;
  void interval_over(std::chrono::system_clock::time_point now) override;
  void snapshot(std::chrono::system_clock::time_point now) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void came_up(const ProbeEvent& event) override;
  void progress(std::size_t up, std::size_t wanted, Duration left) override;
  void routes(std::span<const Route> routes) override;
  void path_mtu(const PathMtu& path) override;
  void why(std::size_t target, const Result& result, const Route* route) override;
  void health(const HealthFacts& facts, std::span<const Transition> changes) override;
  void part_over() override;
  void finish_without_targets() override;
  void finish() override;
  /// That of the first report that has one.
  [[nodiscard]] std::optional<int> exit_status() const override;
  [[nodiscard]] bool wants_to_end() const override;

 private:
  std::vector<std::unique_ptr<Report>> reports_{};
};

}  // namespace multiping::command
