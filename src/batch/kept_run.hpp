// Keeps the memory of the last ping() for the next one, which then allocates almost nothing. No socket is kept.
// One run is kept in each process, and any thread may take it.
#pragma once

#include <memory>

#include "batch/batch_run.hpp"

namespace multiping {

/// The kept run, for BatchRun::renew(); null when none is kept.
[[nodiscard]] std::unique_ptr<BatchRun> take_kept_run() noexcept;
/// Keeps a run whose result was taken, if it serves again and none is kept already.
void keep_run(std::unique_ptr<BatchRun> run) noexcept;

}  // namespace multiping
