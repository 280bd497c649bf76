// Which lines are printed follows fping 5.1: -c and -C override -a and -u, -Q is quiet, -l prints in spite of -q.
// See fping_report.hpp.
#include "apps/multiping/fping_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/multiping/fping_text.hpp"
#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/terminal_settings.hpp"
#include "apps/multiping/trace_mtu_wait_text.hpp"
#include "multiping/traceroute.hpp"

namespace multiping::command {
namespace {

using Clock = std::chrono::system_clock;

}  // namespace

void FpingReport::begin(const RunFigures& view) {
  Report::begin(view);
  const CommandOptions& options = *view.options;
  colors_ = {.out = colors_for(options, outputs_.out), .err = colors_for(options, outputs_.err)};
  const bool chosen = printing().alive || printing().unreachable || options.reachable > 0;
  verbose_ = options.mode == Mode::once && !chosen && !printing().quiet;
  each_probe_ = (options.mode == Mode::count && !chosen && !printing().quiet) ||
                (options.mode == Mode::loop && !printing().summary_every);
  width_ = 0;
  for (const RunTarget& target : view.targets) width_ = std::max(width_, target.shown().size());
  if (printing().times) times_.keep(view.targets.size());
  if (printing().quiet) return;
  for (const RunTarget& target : view.unresolved) err(in_err(Ink::warning, unresolved_line(target)));
}

/// The order of lines on a terminal is that of the events, though there are two streams.
void FpingReport::out(std::string_view line) {
  outputs_.err.flush();
  outputs_.out.write(line);
  outputs_.out.write("\n");
}

void FpingReport::err(std::string_view line) {
  outputs_.out.flush();
  outputs_.err.write(line);
  outputs_.err.write("\n");
}

void FpingReport::print_alive(const ProbeEvent& event) {
  if (!verbose_ && !printing().alive) return;
  outputs_.err.flush();
  outputs_.out.write(name(event.target));
  if (verbose_) outputs_.out.write(in_out(Ink::good, " is alive"));
  if (printing().elapsed) outputs_.out.write(fmt::format(" ({} ms)", time_text(event.result.rtt)));
  outputs_.out.write(answer_extras(printing(), event.result));
  outputs_.out.write("\n");
}

void FpingReport::answered(const ProbeEvent& event) {
  times_.add(event.target, event.sequence, event.result.rtt);
  if (view().options->mode == Mode::once) return print_alive(event);
  if (!each_probe_) return;
  const LineHead head{.name = name(event.target), .width = width_};
  out(timestamp_text(printing(), Clock::now()) +
      answer_line(head, event.sequence, event.result, view().figures[event.target].all) +
      answer_extras(printing(), event.result));
}

/// fping tells duplicates only where it prints no line for each probe.
void FpingReport::duplicate(const ProbeEvent& event) {
  if (each_probe_) return;
  err(duplicate_line(name(event.target), event.sequence, event.result));
}

void FpingReport::icmp_error(const ProbeEvent& event) {
  if (!printing().quiet) err(in_err(Ink::warning, icmp_error_line(name(event.target), event.result)));
}

void FpingReport::send_failed(const ProbeEvent& event) {
  if (printing().quiet) return;
  err(in_err(Ink::warning,
             fmt::format("{}: error while sending ping: {}", name(event.target), event.result.error.message())));
}

void FpingReport::timed_out(const ProbeEvent& event) {
  times_.add(event.target, event.sequence, ProbeTimes::lost);
  if (view().options->mode == Mode::once && event.result.responder && !event.result.icmp) {
    elsewhere_.resize(view().targets.size());
    elsewhere_[event.target] = event.result.responder;
  }
  if (view().options->mode == Mode::wait && !printing().quiet)
    err(in_err(Ink::bad, not_up_line(view().targets[event.target], event.result)));
  if (!each_probe_ || event.result.outcome == Outcome::send_failed) return;  // that it was not sent is told
  const LineHead head{.name = name(event.target), .width = width_};
  out(in_out(Ink::bad, timestamp_text(printing(), Clock::now()) +
                           timeout_line(head, event.sequence, view().figures[event.target].all) +
                           other_source(event.result)));
}

void FpingReport::print_summary(bool interval) {
  for (std::size_t at = 0; at < view().targets.size(); ++at) {
    const LineHead head{.name = name(at), .width = width_};
    const HostFigures& figures = view().figures[at];
    if (printing().times && !interval) {
      err(times_line(head, times_.of(at)));
    } else {
      err(summary_line(head, interval ? figures.interval : figures.all, *view().options));
    }
  }
}

void FpingReport::print_netdata() {
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    outputs_.out.write(netdata_text(name(at), view().figures[at].interval, *printing().summary_every, !charts_told_));
  charts_told_ = true;
}

void FpingReport::interval_over(Clock::time_point now) {
  if (printing().netdata) return print_netdata();
  if (each_probe_) err("");
  err(clock_text(now));
  print_summary(true);
}

void FpingReport::snapshot(Clock::time_point now) {
  if (verbose_ || each_probe_) err("");
  err(clock_text(now));
  const bool cleared = printing().summary_every && !printing().cumulative;
  print_summary(cleared);
}

void FpingReport::idle(std::chrono::steady_clock::time_point) {
  outputs_.out.flush();
  outputs_.err.flush();
}

void FpingReport::came_up(const ProbeEvent& event) {
  clear_progress();
  if (!printing().quiet) out(in_out(Ink::good, fmt::format("{} is up", name(event.target))));
}

void FpingReport::progress(std::size_t up, std::size_t wanted, Duration left) {
  outputs_.out.flush();
  if (!outputs_.err.is_terminal() || printing().quiet) return;
  outputs_.err.write(fmt::format("\r{} of {} up, {} left\033[K", up, wanted, seconds_text(left)));
  outputs_.err.flush();
  progress_shown_ = true;
}

void FpingReport::clear_progress() {
  if (!std::exchange(progress_shown_, false)) return;
  outputs_.err.write("\r\033[K");
  outputs_.err.flush();
}

/// With several flows a table for each distinct path.
void FpingReport::routes(std::span<const Route> routes) {
  if (view().options->flows == 1) {
    for (const Route& route : routes) outputs_.out.write(route_text(route, {}));
    return;
  }
  const std::vector<Path> paths = distinct_paths(routes);
  for (const Path& path : paths) {
    const auto shown = std::ranges::find_if(
        routes, [&](const Route& route) { return route.address == path.address && route.flow == path.flows.front(); });
    if (shown != routes.end()) outputs_.out.write(route_text(*shown, path.flows));
  }
}

void FpingReport::path_mtu(const PathMtu& path) { out(path_mtu_line(path)); }

void FpingReport::why(std::size_t target, const Result& result, const Route* route) {
  reasons_ += fmt::format("{}: {}\n", name(target), why_text(result, route));
}

/// Mode::once: after the lines of the targets, which finish() ends.
void FpingReport::health(const HealthFacts& facts, std::span<const Transition> changes) {
  health_ = &facts;
  for (std::string& line : transition_lines(changes)) changes_.push_back(std::move(line));
  if (view().options->mode != Mode::once) print_health();
}

void FpingReport::print_health() {
  for (const std::string& line : std::exchange(changes_, {})) out(line);
}

void FpingReport::print_judgement() {
  if (health_ == nullptr || printing().quiet) return;
  if (const std::string text = down_text(*health_); !text.empty()) err(in_err(Ink::bad, text));
  if (const std::string text = unknown_text(*health_); !text.empty()) err(in_err(Ink::warning, text));
}

void FpingReport::print_unreachable() {
  if (!verbose_ && !printing().unreachable) return;
  outputs_.err.flush();
  for (std::size_t at = 0; at < view().targets.size(); ++at) {
    const HostFigures& figures = view().figures[at];
    if (figures.all.received > 0 || !figures.decided) continue;
    outputs_.out.write(name(at));
    if (verbose_) outputs_.out.write(in_out(Ink::bad, " is unreachable"));
    if (!elsewhere_.empty() && elsewhere_[at]) outputs_.out.write(fmt::format(" [<- {}]", elsewhere_[at].to_string()));
    outputs_.out.write("\n");
  }
}

void FpingReport::print_reachable() {
  const std::size_t wanted = view().options->reachable, alive = view().totals.alive;
  if (wanted == 0) return;
  out(fmt::format("{} hosts reachable (required: {}, reachable: {})", alive >= wanted ? "Enough" : "Not enough", wanted,
                  alive));
}

void FpingReport::part_over() {
  print_unreachable();
  outputs_.out.write(std::exchange(reasons_, {}));
  elsewhere_.clear();
}

void FpingReport::print_hosts() {
  if (sends_rounds(view().options->mode)) {
    if (each_probe_) err("");
    print_summary(false);
  }
  if (view().options->mode == Mode::once) print_unreachable();
  outputs_.out.write(reasons_);
  print_health();
}

void FpingReport::finish() {
  clear_progress();
  EachStep steps;
  steps.step([this] { outputs_.out.flush(); });
  steps.step([this] { print_hosts(); });
  steps.step([this] { outputs_.out.flush(); });
  steps.step([this] { print_judgement(); });
  if (printing().statistics) outputs_.err.write(totals_text(view().totals));
  steps.step([this] { print_reachable(); });
  steps.end();
}

}  // namespace multiping::command
