// A position is told at its answer, or at the end: until then, a later probe may still be answered.
// See batch/on_result_calls.hpp.
#include "batch/on_result_calls.hpp"

#include <cstddef>

namespace multiping {

/// Marks the position before the call, so that a position is told once even if the caller's function throws.
void Progress::tell(const Result& result) {
  if (ended_ || told_[result.position]) return;
  told_[result.position] = true;
  ended_ = !on_result_(result);
}

void Progress::tell_answers(BatchTargets& targets) {
  told_.resize(targets.results().size());
  for (const std::size_t position : targets.take_answered()) tell(targets.results()[position]);
}

void Progress::tell_rest(const BatchTargets& targets) {
  told_.resize(targets.results().size());
  for (const Result& result : targets.results()) tell(result);
}

}  // namespace multiping
