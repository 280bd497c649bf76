// -J: the JSON lines of fping 5.5 on the standard output; messages stay on the error stream.
// The texts are in fping_json_text.hpp.
#pragma once

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/probe_times.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

class FpingJsonReport : public Report {
 public:
  explicit FpingJsonReport(Outputs outputs) : outputs_{outputs} {}

  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void interval_over(std::chrono::system_clock::time_point now) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void finish() override;

 private:
  [[nodiscard]] const Printing& printing() const noexcept { return view().options->printing; }
  [[nodiscard]] std::string_view name(std::size_t target) const noexcept { return view().targets[target].shown(); }
  void line(std::string_view text);

  Outputs outputs_;
  ProbeTimes times_{};
};

}  // namespace multiping::command
