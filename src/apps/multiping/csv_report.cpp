// See csv_report.hpp.
#include "apps/multiping/csv_report.hpp"

#include <utility>

#include "apps/multiping/csv_text.hpp"

namespace multiping::command {

CsvReport::CsvReport(const CommandOptions& options, Outputs outputs)
    : outputs_{outputs},
      table_{table_of(options)},
      statistics_{table_ == Table::targets && sends_rounds(options.mode)} {}

CsvReport::Table CsvReport::table_of(const CommandOptions& options) noexcept {
  if (options.mode == Mode::trace) return Table::routes;
  if (options.mode == Mode::mtu) return Table::mtus;
  const bool each_probe = options.printing.times || options.mode == Mode::loop;
  return each_probe && !options.printing.quiet ? Table::probes : Table::targets;
}

std::string_view CsvReport::header_of(Table table) noexcept {
  switch (table) {
    case Table::targets:
      return csv_target_header();
    case Table::probes:
      return csv_probe_header();
    case Table::routes:
      return csv_route_header();
    case Table::mtus:
      return csv_mtu_header();
  }
  return {};
}

void CsvReport::begin(const RunFigures& view) {
  Report::begin(view);
  if (!std::exchange(began_, true)) outputs_.out.write(header_of(table_));
}

void CsvReport::answered(const ProbeEvent& event) {
  fates_.answered(event.target);
  if (table_ == Table::probes) outputs_.out.write(csv_probe_row("reply", view(), event));
}

void CsvReport::duplicate(const ProbeEvent& event) {
  if (table_ == Table::probes) outputs_.out.write(csv_probe_row("duplicate", view(), event));
}

void CsvReport::timed_out(const ProbeEvent& event) {
  fates_.failed(event, view().targets.size());
  if (table_ == Table::probes) outputs_.out.write(csv_probe_row("timeout", view(), event));
}

void CsvReport::target_rows(HostScope scope) {
  const CommandOptions& options = *view().options;
  for (std::size_t at = 0; at < view().targets.size(); ++at) {
    const bool alive = view().figures[at].all.received > 0;
    if (options.mode == Mode::once && (alive ? options.printing.unreachable : options.printing.alive)) continue;
    scope.fate = fates_.of(at);
    outputs_.out.write(csv_target_row(view(), at, scope));
  }
}

void CsvReport::unresolved_rows(const HostScope& scope) {
  for (const RunTarget& target : view().unresolved) {
    if (table_ == Table::routes) outputs_.out.write(csv_unresolved_route_row(target));
    if (table_ == Table::mtus) outputs_.out.write(csv_unresolved_mtu_row(target));
    if (table_ == Table::targets && !view().options->printing.alive)
      outputs_.out.write(csv_unresolved_row(target, scope));
  }
}

void CsvReport::interval_over(std::chrono::system_clock::time_point now) {
  if (table_ == Table::targets) target_rows({.name = "interval", .time = now, .interval = true});
}

void CsvReport::snapshot(std::chrono::system_clock::time_point now) {
  if (table_ == Table::targets) target_rows({.name = "snapshot", .time = now});
}

void CsvReport::idle(std::chrono::steady_clock::time_point) { outputs_.out.flush(); }

void CsvReport::routes(std::span<const Route> routes) {
  const auto flows = static_cast<std::size_t>(view().options->flows);
  for (std::size_t at = 0; at < routes.size(); ++at) outputs_.out.write(csv_route_rows(view(), at / flows, routes[at]));
}

void CsvReport::path_mtu(const PathMtu& path) { outputs_.out.write(csv_mtu_row(view(), paths_++, path)); }

void CsvReport::part_over() {
  if (table_ == Table::targets) target_rows({.name = "run", .time = std::chrono::system_clock::now()});
  fates_.clear();
}

void CsvReport::finish() {
  const HostScope scope{.name = "run", .time = std::chrono::system_clock::now()};
  if (table_ == Table::targets) target_rows(scope);
  unresolved_rows(scope);
}

}  // namespace multiping::command
