// See make_report.hpp.
#include "apps/multiping/make_report.hpp"

#include <stdexcept>

#include "apps/multiping/fping_json_report.hpp"
#include "apps/multiping/fping_report.hpp"

namespace multiping::command {

std::unique_ptr<Report> make_report(const CommandOptions& options, Outputs outputs) {
  if (options.format == Format::json) return std::make_unique<FpingJsonReport>(outputs);
  if (options.format != Format::lines) throw std::invalid_argument{"this format is not built in"};
  return std::make_unique<FpingReport>(outputs);
}

}  // namespace multiping::command
