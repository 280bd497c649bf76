// See health_report.hpp.
#include "apps/multiping/health_report.hpp"

#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "apps/multiping/command.hpp"
#include "apps/multiping/target_list.hpp"

namespace multiping::command {

void check_health(const CommandOptions& options) {
  if (options.health.empty() && (options.rise || options.fall))
    throw std::invalid_argument{"--rise and --fall go together with --health"};
  if (options.health.empty()) return;
  if (options.mode != Mode::once && !sends_rounds(options.mode))
    throw std::invalid_argument{"--health goes together with pings alone"};
  if (options.format == Format::json || options.format == Format::csv)
    throw std::invalid_argument{"--health goes together with lines, --format jsonl and --format openmetrics"};
  if (options.views.watch) throw std::invalid_argument{"specify only one of --health, --watch"};
}

HealthTracker load_health(const std::string& path) {
  std::string text;
  try {
    text = read_whole(path);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) return HealthTracker{};
    throw;
  }
  try {
    std::istringstream in{text};
    return HealthTracker::load(in);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error{"cannot read " + printable(path) + ": " + error.what()};
  }
}

void save_health(const HealthTracker& tracker, const std::string& path) {
  std::ostringstream text;
  tracker.save(text);
  Output file{path};
  file.write(text.str());
  file.commit();
}

namespace {

/// The tracker of the file, with the thresholds of the command line.
HealthTracker tracker_for(const CommandOptions& options) {
  HealthTracker tracker = load_health(options.health);
  HealthOptions when = tracker.options();
  when.rise = options.rise.value_or(when.rise);
  when.fall = options.fall.value_or(when.fall);
  tracker.set_options(when);
  return tracker;
}

}  // namespace

HealthReport::HealthReport(const CommandOptions& options, Outputs outputs, std::unique_ptr<Report> others)
    : outputs_{outputs},
      options_{options},
      facts_{.tracker = tracker_for(options)},
      one_round_{options.mode == Mode::once || options.personality == Personality::check_icmp} {
  static_cast<void>(Output{options.health});  // that it cannot be written is told before the run
  add(std::move(others));
}

void HealthReport::begin(const RunFigures& view) {
  if (view.totals.targets > view.targets.size() + view.unresolved.size())
    throw std::invalid_argument{"--health takes a block of at most " + std::to_string(view.targets.size()) +
                                " addresses"};
  take_list(view, facts_);
  ReportGroup::begin(view);
  health(facts_, {});
}

void HealthReport::keep(const ProbeEvent& event) {
  Result& result = rounds_[one_round_ ? 0 : event.sequence].emplace_back(event.result);
  result.host = health_name(view().targets[event.target]);
}

void HealthReport::answered(const ProbeEvent& event) {
  keep(event);
  ReportGroup::answered(event);
}

void HealthReport::timed_out(const ProbeEvent& event) {
  keep(event);
  ReportGroup::timed_out(event);
}

void HealthReport::observe(std::span<const Result> round) {
  const std::vector<Transition> changes = observe_round(facts_, round);
  health(facts_, changes);
}

void HealthReport::round_over(std::uint64_t round) {
  ReportGroup::round_over(round);
  if (one_round_) return;
  observe(rounds_[round]);
  rounds_.erase(round);
}

/// A signal may end a run within a round: what is known of it counts.
void HealthReport::observe_rest() {
  for (const auto& [number, results] : rounds_) observe(results);
  rounds_.clear();
}

/// After the changes were written, so that each of them is told at least once; not where they could not be.
void HealthReport::save() {
  outputs_.out.flush();
  if (outputs_.out.failed()) return;
  save_health(facts_.tracker, options_.health);
}

void HealthReport::interval_over(std::chrono::system_clock::time_point now) {
  ReportGroup::interval_over(now);
  save();
}

void HealthReport::finish_without_targets() {
  ReportGroup::finish_without_targets();
  save();
}

void HealthReport::finish() {
  observe_rest();
  ReportGroup::finish();
  save();
}

std::optional<int> HealthReport::exit_status() const {
  if (const auto status = ReportGroup::exit_status()) return status;
  if (judge(facts_) == HealthJudgement::bad) return ExitStatus::some_unreachable;
  return view().unresolved.empty() ? ExitStatus::all_reachable : ExitStatus::some_unresolved;
}

}  // namespace multiping::command
