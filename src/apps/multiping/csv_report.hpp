// --format csv: one table with a header line. Its rows are the targets at the end of the run, or with -C and -l the
// probes as they come, or what --trace and --mtu found. The texts are in csv_text.hpp.
#pragma once

#include <string_view>

#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class CsvReport : public Report {
 public:
  CsvReport(const CommandOptions& options, Outputs outputs);

  [[nodiscard]] bool wants_statistics() const override { return statistics_; }
  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void duplicate(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void interval_over(std::chrono::system_clock::time_point now) override;
  void snapshot(std::chrono::system_clock::time_point now) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void routes(std::span<const Route> routes) override;
  void path_mtu(const PathMtu& path) override;
  void part_over() override;
  void finish_without_targets() override { finish(); }
  void finish() override;

 private:
  enum class Table : std::uint8_t { targets, probes, routes, mtus };
  [[nodiscard]] static Table table_of(const CommandOptions& options) noexcept;
  [[nodiscard]] static std::string_view header_of(Table table) noexcept;
  void target_rows(HostScope scope);
  void unresolved_rows(const HostScope& scope);

  Outputs outputs_;
  Table table_;
  bool statistics_ = false;
  bool began_ = false;
  std::size_t paths_ = 0;  ///< Of --mtu, told so far.
  LastFailures fates_{};
};

}  // namespace multiping::command
