// Lets a signal stop a blocking call of the library: INT, TERM and HUP request a stop.
// For tasks that are one call: sweeps, traces, path MTU.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

#include "apps/multiping/signals.hpp"

namespace multiping::command {

/// Watches in a thread of its own while it lives; nobody else may read the signals meanwhile.
class StopOnSignal {
 public:
  /// Throws std::system_error when there is no thread or descriptor left.
  explicit StopOnSignal(Signals& signals);
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  ~StopOnSignal();

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }

 private:
  void watch(Signals& signals);

  std::stop_source stop_{};
  int ended_ = -1;  ///< An event descriptor: wakes the thread at the end.
  std::thread thread_{};
};

}  // namespace multiping::command
