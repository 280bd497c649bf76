// Rounds of send() and receive() whose waits grow as those of fping do.
// See batch_sweep.hpp.
#include "apps/multiping/batch_sweep.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "apps/multiping/output_streams.hpp"

#include "multiping/prober.hpp"

namespace multiping::command {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t worth_it = 4096;       // targets; the library takes a second thread from here on
constexpr std::size_t told_between = 65536;  // silent targets up to which answers are told during a wait
constexpr Duration tell_every = std::chrono::milliseconds{100};
constexpr std::size_t most_threads = 4;  // as many sockets as a transport keeps

Target to_library(const CommandOptions& options, const RunTarget& target) {
  std::string host = target.numeric ? target.host : target.address.to_string();
  if (target.port == 0) return Target{std::move(host)};
  ProbeOptions probe = options.probe;
  probe.port = target.port;
  return Target{std::move(host), std::move(probe)};
}

TargetList list_of(const RunFigures& view) {
  std::vector<Target> list;
  list.reserve(view.targets.size());
  for (const RunTarget& target : view.targets) list.push_back(to_library(*view.options, target));
  return TargetList{std::move(list)};
}

Options sweep_options(const RunInputs& support, const StopOnSignal& stop) {
  const CommandOptions& options = *support.view.options;
  return {.probe = options.probe,
          .threads = options.threads,
          .transport = support.transport,
          .stop = stop.token(),
          .any_source = options.any_source};
}

}  // namespace

bool fits_sweep(const CommandOptions& options, std::size_t targets) noexcept {
  const bool alone = options.interval == Duration{0} && !options.fast_reachable;
  return options.mode == Mode::once && alone && (targets >= worth_it || options.threads > 1);
}

void prepare_sweep(const std::shared_ptr<Transport>& transport) {
  std::vector<Prober> openers;
  const std::size_t threads = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), most_threads);
  for (std::size_t i = 0; i < threads; ++i) openers.emplace_back(Options{.transport = transport});
}

BatchSweep::BatchSweep(const RunInputs& support)
    : view_{support.view},
      report_{support.report},
      options_{*support.view.options},
      stop_{support.signals},
      pings_{list_of(support.view), sweep_options(support, stop_)} {}

void BatchSweep::run() {
  const Steady::time_point start = Steady::now();
  EachStep steps;
  steps.step([this] { ask(); });
  sum_up(Steady::now() - start);
  steps.end();
}

void BatchSweep::ask() {
  std::chrono::duration<double, std::nano> wait_time{probe_timeout(options_)};
  for (int attempt = 0; attempt <= options_.retry && pings_.unanswered() > 0 && !stop_.stopped(); ++attempt) {
    pings_.send();
    wait(Timeout{wait_time});
    wait_time *= options_.backoff;
  }
  view_.stopped = stop_.stopped();
  if (!view_.stopped) give_up();
}

/// Each look at the results takes as long as the list is, so a long list is told at the end of the wait only.
void BatchSweep::wait(Duration time) {
  const Steady::time_point until = Steady::now() + time;
  for (;;) {
    const Duration left = until - Steady::now();
    const bool often = pings_.unanswered() <= told_between;
    pings_.wait(often ? std::min(left, tell_every) : left);
    take_news();
    report_.idle(Steady::now());
    if (Steady::now() >= until || pings_.awaited() == 0 || stop_.stopped()) return;
  }
}

void BatchSweep::take_news() {
  for (const Result& result : pings_.results())
    if (result.answered() && !view_.figures[result.position].decided) take_answer(result);
  for (const Result& result : pings_.results())
    if (result.icmp && !result.answered()) take_error(result);
}

void BatchSweep::take_answer(const Result& result) {
  HostFigures& figures = view_.figures[result.position];
  ++view_.totals.alive;
  figures.all.add_answer(result.rtt);
  figures.decided = true;
  view_.totals.times.add_answer(result.rtt);
  view_.totals.timeouts += result.attempt - 1;
  if (!view_.statistics.empty()) view_.statistics[result.position].add(result);
  report_.answered({.target = result.position, .sequence = result.attempt - 1, .result = result});
}

void BatchSweep::take_error(const Result& result) {
  told_errors_.resize(view_.targets.size());
  std::uint32_t& told = told_errors_[result.position];
  if (std::exchange(told, result.attempt) == result.attempt) return;
  ++view_.totals.other_icmp;
  report_.icmp_error({.target = result.position, .sequence = result.attempt - 1, .result = result});
}

void BatchSweep::give_up() {
  for (const Result& result : pings_.results()) {
    HostFigures& figures = view_.figures[result.position];
    if (figures.decided) continue;
    figures.all.add_loss();
    figures.decided = true;
    if (!view_.statistics.empty()) view_.statistics[result.position].add(result);
    const ProbeEvent event{.target = result.position, .sequence = 0, .result = result};
    if (result.outcome == Outcome::send_failed) report_.send_failed(event);
    if (result.outcome != Outcome::send_failed) view_.totals.timeouts += result.attempt;
    if (options_.why) view_.failures.push_back({.target = result.position, .result = result});
    report_.timed_out(event);
  }
}

void BatchSweep::sum_up(Duration elapsed) {
  view_.totals.sent += pings_.counters().sent;
  view_.totals.received = view_.totals.times.received;
  view_.totals.elapsed += elapsed;
}

}  // namespace multiping::command
