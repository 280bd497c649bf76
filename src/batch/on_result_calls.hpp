// Tells the caller of multi_ping() the result of each position as soon as it is known.
// On the caller's thread, between two turns of the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "batch/batch_targets.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// Returns false when no more is to be told or done.
using OnFate = std::function<bool(const Result&)>;

class Progress {
 public:
  explicit Progress(OnFate on_result) : on_result_{std::move(on_result)} {}

  /// Tells the answers that came since the last call.
  void tell_answers(BatchTargets& targets);
  /// Tells the results of all positions that were not told yet. They must be up to date.
  void tell_rest(const BatchTargets& targets);
  /// The caller wants no more.
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 private:
  void tell(const Result& result);

  OnFate on_result_;
  std::vector<bool> told_;  ///< By position.
  bool ended_ = false;
};

}  // namespace multiping
