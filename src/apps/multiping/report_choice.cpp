// See report_choice.hpp.
#include "apps/multiping/report_choice.hpp"

#include <utility>

#include "apps/multiping/check_icmp_report.hpp"
#include "apps/multiping/csv_report.hpp"
#include "apps/multiping/fping_json_report.hpp"
#include "apps/multiping/fping_report.hpp"
#include "apps/multiping/health_report.hpp"
#include "apps/multiping/jsonl_report.hpp"
#include "apps/multiping/openmetrics_report.hpp"
#include "apps/multiping/reports_for_people.hpp"

namespace multiping::command {
namespace {

std::unique_ptr<Report> make_lines(const CommandOptions& options, Outputs outputs) {
  if (options.personality == Personality::check_icmp) return std::make_unique<CheckIcmpReport>(options, outputs);
  if (options.format == Format::json) return std::make_unique<FpingJsonReport>(outputs);
  if (options.format == Format::jsonl) return std::make_unique<JsonlReport>(options, outputs);
  if (options.format == Format::csv) return std::make_unique<CsvReport>(options, outputs);
  if (options.format == Format::openmetrics) return std::make_unique<OpenmetricsReport>(options, outputs);
  return std::make_unique<FpingReport>(outputs);
}

}  // namespace

std::unique_ptr<Report> make_report(const CommandOptions& options, Outputs outputs) {
  check_views(options, outputs);
  check_health(options);
  auto report = with_views(options, outputs, options.views.watch ? nullptr : make_lines(options, outputs));
  if (options.health.empty()) return report;
  return std::make_unique<HealthReport>(options, outputs, std::move(report));
}

}  // namespace multiping::command
