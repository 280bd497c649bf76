// See command.hpp.
#include "apps/multiping/command.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "apps/multiping/batch_sweep.hpp"
#include "apps/multiping/probe_run.hpp"
#include "apps/multiping/report_choice.hpp"
#include "apps/multiping/target_list.hpp"
#include "apps/multiping/trace_mtu_wait_runs.hpp"

namespace multiping::command {
namespace {

int status_of(const RunFigures& view) {
  const CommandOptions& options = *view.options;
  if (options.reachable > 0)
    return view.totals.alive >= options.reachable ? ExitStatus::all_reachable : ExitStatus::some_unreachable;
  if (options.mode == Mode::wait)
    return view.totals.alive >= wanted_of(view) ? ExitStatus::all_reachable : ExitStatus::some_unreachable;
  if (!view.unresolved.empty()) return ExitStatus::some_unresolved;
  return view.totals.alive == view.totals.targets && view.totals.targets > 0 ? ExitStatus::all_reachable
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
  if (fits_sweep(options, support.view.targets.size())) return BatchSweep{support}.run();
  ProbeRun{support}.run();
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

/// Rounds and tasks keep all targets at once.
void check_length(const CommandOptions& options, std::size_t addresses) {
  if (options.mode == Mode::once || addresses <= most_at_once) return;
  throw std::invalid_argument{"-g: " + std::to_string(addresses) + " addresses; with -c, -C, -l and tasks it takes " +
                              std::to_string(most_at_once) + " at most, without them as many as a block has"};
}

/// -g: a block may be too long to be asked at once.
void run_blocks(const RunInputs& support) {
  RunFigures& view = support.view;
  const std::vector<Address> all = block_addresses(*view.options);
  check_length(*view.options, all.size());
  const std::size_t part = view.options->mode == Mode::once ? most_at_once : all.size();
  view.totals.targets = all.size();
  for (std::size_t from = 0; from < all.size() && !view.stopped; from += part) {
    if (from > 0) support.report.part_over();
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
  begin_part(support);
  if (!view.targets.empty()) run_and_explain(support);
}

}  // namespace

int run_command(const CommandOptions& options, std::shared_ptr<Transport> transport, Outputs outputs) {
  RunFigures view{.options = &options};
  Signals signals;
  const auto report = make_report(options, outputs);
  const RunInputs support{.view = view, .report = *report, .signals = signals, .transport = std::move(transport)};
  options.generate ? run_blocks(support) : run_list(support);
  view.totals.unreachable = view.totals.targets - view.totals.alive;
  view.totals.targets > 0 ? report->finish() : report->finish_without_targets();
  return report->exit_status().value_or(status_of(view));
}

}  // namespace multiping::command
