// The progress of a run that takes longer than two seconds: how far it is, at which rate, and the time left.
// On the error stream, if that is a terminal; the text is made by a pure function.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"
#include "apps/multiping/status_line.hpp"

namespace multiping::command {

/// What the line tells.
struct ProgressFacts {
  std::uint64_t done = 0;   ///< Probes (Mode::once: targets) whose fate is known.
  std::uint64_t total = 0;  ///< 0: without end.
  std::uint64_t answered = 0;
  bool rounds = false;  ///< `done` counts probes.
  Duration elapsed{};
  Duration planned{};  ///< How long the run takes at most, as far as the options tell.
};

/// "hosts 1200/5000 24 %, 1100 alive, 480/s, 00:08 left"; "00:00:12" is shown instead of the time left without end.
[[nodiscard]] std::string progress_text(const ProgressFacts& facts);

/// How long a run with these options and so many targets takes at most.
[[nodiscard]] Duration planned_time(const CommandOptions& options, std::size_t targets) noexcept;

class ProgressReport : public Report {
 public:
  explicit ProgressReport(Outputs outputs);
  ~ProgressReport() override;

  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void finish() override;

 private:
  Outputs outputs_;
  StatusLine line_;
  ProgressFacts facts_{};
  std::chrono::steady_clock::time_point start_{}, next_{};
};

}  // namespace multiping::command
