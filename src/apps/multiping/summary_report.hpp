// A few lines at the end of a run, for people: how many hosts answered, how many probes were lost, the times, the
// worst. The text is made by a pure function.
#pragma once

#include <cstddef>
#include <string>

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

/// The summary of a run. Names of hosts are made fit for a terminal; `colors`: with colours.
[[nodiscard]] std::string summary_text(const RunFigures& view, bool colors);

class SummaryReport : public Report {
 public:
  /// `always`: also for a single host; without it the lines of a single host say enough.
  SummaryReport(Outputs outputs, bool always) : outputs_{outputs}, always_{always} {}
  void finish() override;

 private:
  Outputs outputs_;
  bool always_ = false;
};

}  // namespace multiping::command
