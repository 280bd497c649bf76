// What people see of a run: colours and lines, and beside them progress, summary, histogram, live table, page.
// Chooses by the options, the personality and the streams.
#pragma once

#include <memory>

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

/// Throws std::invalid_argument for a view that fits neither the mode, the format nor the streams.
void check_views(const CommandOptions& options, Outputs outputs);

/// What decides about the views that come without an option.
struct ViewFacts {
  const CommandOptions& options;
  bool terminal = false;  ///< The error stream is one.
};
/// A progress line: where it is long before lines say how far the run is, and none of fping's habits is broken.
[[nodiscard]] bool shows_progress(const ViewFacts& facts) noexcept;
/// A summary where nobody asked for it: on a terminal, unless fewer lines were asked for.
[[nodiscard]] bool shows_summary(const ViewFacts& facts) noexcept;

/// The report that was chosen for lines (null with --watch), with the views beside it.
[[nodiscard]] std::unique_ptr<Report> with_views(const CommandOptions& options, Outputs outputs,
                                                 std::unique_ptr<Report> lines);

}  // namespace multiping::command
