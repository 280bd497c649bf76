// Mode::once for long lists without an interval: a MultiPing with its threads, which is faster than single probes.
// It tells the same events as probe_run, after each wait instead of one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "apps/multiping/run_inputs.hpp"
#include "apps/multiping/stop_on_signal.hpp"
#include "multiping/multi_ping.hpp"

namespace multiping::command {

/// True where a sweep does what the options ask for, and is worth its threads.
[[nodiscard]] bool fits_sweep(const CommandOptions& options, std::size_t targets) noexcept;

/// Opens what the threads of a later sweep need, while this process has the privilege; the transport keeps it.
void prepare_sweep(const std::shared_ptr<Transport>& transport);

class BatchSweep {
 public:
  /// Throws what MultiPing throws.
  explicit BatchSweep(const RunInputs& support);
  /// Returns when all targets have answered or were given up, or at a signal.
  void run();

 private:
  void ask();
  void wait(Duration time);
  void take_news();
  void take_answer(const Result& result);
  void take_error(const Result& result);
  void give_up();
  void sum_up(Duration elapsed);

  RunFigures& view_;
  Report& report_;
  const CommandOptions& options_;
  StopOnSignal stop_;
  MultiPing pings_;
  std::vector<std::uint32_t> told_errors_{};  ///< Of each target: the attempt whose error was told; empty before one.
};

}  // namespace multiping::command
