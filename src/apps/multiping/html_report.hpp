// --report: collects what the page needs, in bounded memory, and writes the page at the end and at SIGQUIT.
// The file is opened at the start, so that a path that cannot be written is known before the run.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "apps/multiping/html_page.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class HtmlReport : public Report {
 public:
  /// Throws std::system_error when the file cannot be written.
  explicit HtmlReport(std::string path);

  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void part_over() override;
  void snapshot(std::chrono::system_clock::time_point now) override;
  void finish() override;

 private:
  [[nodiscard]] bool detailed() const noexcept { return !statistics_.empty(); }
  void add(const ProbeEvent& event, Duration time);
  [[nodiscard]] PageHost host_of(std::size_t target) const;
  [[nodiscard]] std::vector<PageHost> hosts() const;
  [[nodiscard]] ReportPage page(bool complete) const;
  void write(bool complete);

  std::string path_;
  std::optional<Output> file_{};
  std::chrono::system_clock::time_point begun_{};
  std::chrono::steady_clock::time_point start_{};
  Statistics all_{};
  ReportSeries over_time_{};
  std::vector<Statistics> statistics_{};  ///< Of each target; empty for long lists. So are the series.
  std::vector<ReportSeries> series_{};
  std::vector<PageHost> kept_{};  ///< The worst of the parts that are over.
};

}  // namespace multiping::command
