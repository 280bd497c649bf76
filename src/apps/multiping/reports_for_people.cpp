// See reports_for_people.hpp.
#include "apps/multiping/reports_for_people.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "apps/multiping/histogram_report.hpp"
#include "apps/multiping/html_report.hpp"
#include "apps/multiping/progress_report.hpp"
#include "apps/multiping/report_group.hpp"
#include "apps/multiping/summary_report.hpp"
#include "apps/multiping/watch_report.hpp"

namespace multiping::command {
namespace {

bool probes(Mode mode) noexcept { return mode == Mode::once || sends_rounds(mode); }

bool is_own_lines(const CommandOptions& options) noexcept {
  return options.personality == Personality::multiping && options.format == Format::lines && probes(options.mode);
}

}  // namespace

void check_views(const CommandOptions& options, Outputs outputs) {
  const Views& views = options.views;
  const bool lines = options.format == Format::lines && options.personality != Personality::check_icmp;
  if (!lines && (views.watch || views.histogram))
    throw std::invalid_argument{"--watch and --histogram do not go together with formats for programs"};
  if (!probes(options.mode) && (views.watch || views.histogram || views.summary || !views.report.empty()))
    throw std::invalid_argument{"--watch, --histogram, --summary and --report go together with pings alone"};
  if (views.watch && !outputs.out.is_terminal())
    throw std::invalid_argument{"--watch needs a terminal as the standard output"};
}

bool shows_progress(const ViewFacts& facts) noexcept {
  const CommandOptions& options = facts.options;
  const bool lines_say_it = options.mode == Mode::loop && !options.printing.quiet;
  return facts.terminal && is_own_lines(options) && !lines_say_it && !options.views.watch;
}

bool shows_summary(const ViewFacts& facts) noexcept {
  const Printing& printing = facts.options.printing;
  return facts.terminal && is_own_lines(facts.options) && !printing.quiet && !printing.statistics;
}

std::unique_ptr<Report> with_views(const CommandOptions& options, Outputs outputs, std::unique_ptr<Report> lines) {
  auto group = std::make_unique<ReportGroup>();
  const Views& views = options.views;
  const ViewFacts facts{.options = options, .terminal = outputs.err.is_terminal()};
  if (shows_progress(facts)) group->add(std::make_unique<ProgressReport>(outputs));
  if (lines) group->add(std::move(lines));
  if (views.watch) group->add(std::make_unique<WatchReport>(outputs));
  const bool asked = views.summary || views.watch;
  if (asked || shows_summary(facts)) group->add(std::make_unique<SummaryReport>(outputs, asked));
  if (views.histogram) group->add(std::make_unique<HistogramReport>(outputs, views.histogram_hosts));
  if (!views.report.empty()) group->add(std::make_unique<HtmlReport>(views.report));
  return group;
}

}  // namespace multiping::command
