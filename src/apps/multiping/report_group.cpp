// See report_group.hpp.
#include "apps/multiping/report_group.hpp"

#include <algorithm>

#include "apps/multiping/output_streams.hpp"

namespace multiping::command {

bool ReportGroup::wants_statistics() const {
  return std::ranges::any_of(reports_, [](const auto& each) { return each->wants_statistics(); });
}

void ReportGroup::begin(const RunFigures& view) {
  Report::begin(view);
  EachStep steps;
  for (const auto& each : reports_) steps.step([&] { each->begin(view); });
  steps.end();
}

void ReportGroup::answered(const ProbeEvent& event) {
  for (const auto& each : reports_) each->answered(event);
}

void ReportGroup::duplicate(const ProbeEvent& event) {
  for (const auto& each : reports_) each->duplicate(event);
}

void ReportGroup::icmp_error(const ProbeEvent& event) {
  for (const auto& each : reports_) each->icmp_error(event);
}

void ReportGroup::send_failed(const ProbeEvent& event) {
  for (const auto& each : reports_) each->send_failed(event);
}

void ReportGroup::timed_out(const ProbeEvent& event) {
  for (const auto& each : reports_) each->timed_out(event);
}

void ReportGroup::round_over(std::uint64_t round) {
  for (const auto& each : reports_) each->round_over(round);
}

void ReportGroup::interval_over(std::chrono::system_clock::time_point now) {
  for (const auto& each : reports_) each->interval_over(now);
}

void ReportGroup::snapshot(std::chrono::system_clock::time_point now) {
  for (const auto& each : reports_) each->snapshot(now);
}

void ReportGroup::idle(std::chrono::steady_clock::time_point now) {
  for (const auto& each : reports_) each->idle(now);
}

void ReportGroup::came_up(const ProbeEvent& event) {
  for (const auto& each : reports_) each->came_up(event);
}

void ReportGroup::progress(std::size_t up, std::size_t wanted, Duration left) {
  for (const auto& each : reports_) each->progress(up, wanted, left);
}

void ReportGroup::routes(std::span<const Route> routes) {
  for (const auto& each : reports_) each->routes(routes);
}

void ReportGroup::path_mtu(const PathMtu& path) {
  for (const auto& each : reports_) each->path_mtu(path);
}

void ReportGroup::why(std::size_t target, const Result& result, const Route* route) {
  for (const auto& each : reports_) each->why(target, result, route);
}

void ReportGroup::health(const HealthFacts& facts, std::span<const Transition> changes) {
  for (const auto& each : reports_) each->health(facts, changes);
}

void ReportGroup::part_over() {
  for (const auto& each : reports_) each->part_over();
}

void ReportGroup::finish_without_targets() {
  for (const auto& each : reports_) each->finish_without_targets();
}

std::optional<int> ReportGroup::exit_status() const {
  for (const auto& each : reports_)
    if (const auto status = each->exit_status()) return status;
  return std::nullopt;
}

void ReportGroup::finish() {
  EachStep steps;
  for (const auto& each : reports_) steps.step([&] { each->finish(); });
  steps.end();
}

bool ReportGroup::wants_to_end() const {
  return std::ranges::any_of(reports_, [](const auto& each) { return each->wants_to_end(); });
}

}  // namespace multiping::command
