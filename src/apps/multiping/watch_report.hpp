// --watch: connects the events of a run with the model of the table, and the model with the terminal.
// Draws five times a second, and at once after a key.
#pragma once

#include <chrono>
#include <optional>

#include "apps/multiping/curses_terminal.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"
#include "apps/multiping/watch_model.hpp"

namespace multiping::command {

class WatchReport : public Report {
 public:
  explicit WatchReport(Outputs outputs) : outputs_{outputs} {}

  [[nodiscard]] bool wants_statistics() const override { return true; }
  void begin(const RunFigures& view) override;
  void answered(const ProbeEvent& event) override;
  void timed_out(const ProbeEvent& event) override;
  void idle(std::chrono::steady_clock::time_point now) override;
  void finish() override;
  [[nodiscard]] bool wants_to_end() const override { return model_ && model_->wants_to_end(); }

 private:
  void draw(std::chrono::steady_clock::time_point now);

  Outputs outputs_;
  CharacterSet set_{};
  std::optional<WatchModel> model_{};
  std::optional<CursesTerminal> terminal_{};
  std::chrono::steady_clock::time_point start_{}, next_{};
  std::uint64_t sent_ = 0;
};

}  // namespace multiping::command
