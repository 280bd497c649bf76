// Chooses the report by the options.
// The one place to add a format or a view.
#pragma once

#include <memory>

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"

namespace multiping::command {

/// Throws std::invalid_argument for a format that does not fit the mode.
[[nodiscard]] std::unique_ptr<Report> make_report(const CommandOptions& options, Outputs outputs);

}  // namespace multiping::command
