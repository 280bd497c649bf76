// See command.hpp.
#include "apps/multiping/command.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/multiping/batch_sweep.hpp"
#include "apps/multiping/probe_run.hpp"
#include "apps/multiping/report_choice.hpp"
#include "apps/multiping/target_list.hpp"
#include "apps/multiping/trace_mtu_runs.hpp"
#include "apps/multiping/wait_run.hpp"
#include "multiping/error.hpp"

namespace multiping::command {
namespace {

int status_of(const RunFigures& view) {
  const CommandOptions& options = *view.options;
  if (options.reachable > 0)
    return view.totals.alive >= options.reachable ? ExitStatus::all_reachable : ExitStatus::some_unreachable;
  if (options.mode == Mode::wait)
    return view.totals.targets > 0 && view.totals.alive < wanted_of(view) ? ExitStatus::some_unreachable
                                                                          : ExitStatus::all_reachable;
  if (!view.unresolved.empty()) return ExitStatus::some_unresolved;
  // An empty part of a list has no target that is unreachable; an empty list is a mistake.
  const bool may_be_empty = options.shard.count > 1;
  return view.totals.alive == view.totals.targets && (view.totals.targets > 0 || may_be_empty)
             ? ExitStatus::all_reachable
             : ExitStatus::some_unreachable;
}

}  // namespace

bool needs_privilege_later(const CommandOptions& options) noexcept {
  const ProbeOptions& probe = options.probe;
  return probe.mark || probe.dont_fragment || !probe.device.empty() || probe.protocol == Protocol::sctp ||
         options.mode == Mode::mtu || options.mode == Mode::trace || options.why;
}

bool needs_no_privilege(const CommandOptions& options) noexcept {
  const auto& kinds = options.transport.kinds;
  return !kinds.empty() && (kinds.front() == TransportKind::broker || kinds.front() == TransportKind::proxy);
}

std::shared_ptr<Transport> open_way(const CommandOptions& options) {
  TransportOptions how = options.transport;
  // Without these, a way would be found that can ask by UDP and TCP alone, and each target would fail.
  const bool needs_icmp = options.probe.protocol == Protocol::icmp || options.probe.protocol == Protocol::sctp;
  if (how.kinds.empty() && needs_icmp)
    how.kinds = {TransportKind::raw, TransportKind::ping_socket, TransportKind::broker};
  auto transport = open_transport(how);
  constexpr std::size_t many_words = 4096;
  const bool may_be_long = options.mode == Mode::once && (options.file || options.generate || options.targets.empty() ||
                                                          options.targets.size() >= many_words || options.threads > 1);
  if (may_be_long && capabilities(*transport).kind == TransportKind::raw) prepare_sweep(transport);
  return transport;
}

namespace {

void run_task(const RunInputs& support) {
  const CommandOptions& options = *support.view.options;
  if (options.mode == Mode::trace) return run_trace(support);
  if (options.mode == Mode::mtu) return run_mtu(support);
  if (options.mode == Mode::wait) return run_wait(support);
  std::optional<BatchSweep> sweep;
  if (fits_sweep(options, support.view.targets.size())) {
    try {
      sweep.emplace(support);
    } catch (const PermissionError&) {
      throw;
    } catch (const std::system_error&) {  // as -I of an interface that does not exist: a run tells it for each target
    }
  }
  sweep ? sweep->run() : ProbeRun{support}.run();
}

void run_and_explain(const RunInputs& support) {
  run_task(support);
  if (!support.view.failures.empty() && !support.view.stopped) explain_failures(support);
  support.view.failures.clear();
}

void begin_part(const RunInputs& support) {
  support.signals.watch();
  RunFigures& view = support.view;
  view.statistics.assign(support.report.wants_statistics() ? view.targets.size() : 0, {});
  support.report.begin(view);
}

std::size_t failed_of(const RunFigures& view) {
  return static_cast<std::size_t>(std::ranges::count_if(
      view.figures, [](const HostFigures& each) { return each.decided && each.all.received == 0; }));
}

/// Rounds and tasks keep all targets at once.
void check_length(const CommandOptions& options, std::size_t addresses) {
  if (options.mode == Mode::once || addresses <= most_at_once) return;
  throw std::invalid_argument{"-g: " + std::to_string(addresses) + " addresses; with -c, -C, -l and tasks it takes " +
                              std::to_string(most_at_once) + " at most, without them as many as a block has"};
}

/// An empty list is a mistake, an empty part of a list is not.
void check_wait(const RunFigures& view) {
  if (view.options->mode == Mode::wait && view.totals.targets == 0 && view.options->shard.count == 1)
    throw std::invalid_argument{"--wait: the list has no target"};
}

/// -g: a block may be too long to be asked at once.
void run_blocks(const RunInputs& support) {
  RunFigures& view = support.view;
  const std::vector<Address> all = block_addresses(*view.options);
  check_length(*view.options, all.size());
  const std::size_t part = view.options->mode == Mode::once ? most_at_once : all.size();
  view.totals.targets = all.size();
  check_wait(view);
  if (all.empty()) return begin_part(support);
  for (std::size_t from = 0; from < all.size() && !view.stopped; from += part) {
    if (from > 0) {
      support.report.part_over();
      view.totals.unreachable += failed_of(view);
    }
    take_addresses(*view.options, std::span{all}.subspan(from, std::min(part, all.size() - from)), view);
    begin_part(support);
    run_and_explain(support);
    if (view.options->fast_reachable && view.totals.alive >= view.options->reachable) return;
  }
}

void run_list(const RunInputs& support) {
  RunFigures& view = support.view;
  make_targets(*view.options, view);
  view.totals.targets = view.targets.size();
  check_wait(view);
  begin_part(support);
  if (!view.targets.empty()) run_and_explain(support);
}

void run_targets(const RunInputs& support) { support.view.options->generate ? run_blocks(support) : run_list(support); }

/// Of a run that was stopped, those count whose probes have ended: nothing is known of the others.
std::size_t unreachable_of(const RunFigures& view) {
  const RunTotals& totals = view.totals;
  const std::size_t silent = totals.targets - totals.alive;
  if (view.stopped) return std::min(silent, totals.unreachable + failed_of(view));
  return view.options->mode == Mode::wait ? silent - std::min(silent, totals.unresolved) : silent;
}

}  // namespace

int run_command(const CommandOptions& options, std::shared_ptr<Transport> transport, Outputs outputs) {
  RunFigures view{.options = &options};
  Signals signals;
  const auto report = make_report(options, outputs);
  const RunInputs support{.view = view, .report = *report, .signals = signals, .transport = std::move(transport)};
  EachStep steps;
  steps.step([&] { run_targets(support); });
  view.stopped = view.stopped || steps.failed();
  view.totals.unreachable = unreachable_of(view);
  steps.step([&] { view.totals.targets > 0 ? report->finish() : report->finish_without_targets(); });
  if (steps.failed()) {
    steps.step([&] { outputs.out.commit(); });
    steps.step([&] { outputs.err.commit(); });
  }
  steps.end();
  return report->exit_status().value_or(status_of(view));
}

}  // namespace multiping::command
