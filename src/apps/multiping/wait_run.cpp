// multi_ping() asks in a thread of its own, in slices after which names are looked up again; the caller's thread
// reports. See wait_run.hpp.
#include "apps/multiping/wait_run.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/multiping/stop_on_signal.hpp"
#include "apps/multiping/target_list.hpp"
#include "multiping/error.hpp"
#include "multiping/multi_ping.hpp"

namespace multiping::command {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration lookup_every = std::chrono::seconds{5}, tell_every = std::chrono::milliseconds{100};
constexpr Duration shortest = std::chrono::milliseconds{1};  // between two probes to a target, and of a call
constexpr Duration try_again = std::chrono::seconds{1};      // after an error of this host

/// A target with the position that it has in the whole list.
struct Asked {
  std::uint32_t position = 0;
  Target target;
};

/// When each target is asked.
struct Rhythm {
  Duration period{};
  Steady::time_point end{};
};

/// Asks what is not up until time is over. Its thread ends with it.
class Asking {
 public:
  Asking(std::vector<Asked> list, Options options, Rhythm rhythm)
      : list_{std::move(list)}, options_{std::move(options)}, rhythm_{rhythm} {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  /// What has come up since the last call, after a wait of at most `wait` for the first. Throws what ended the asking.
  std::vector<Result> news(Duration wait) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, wait, [this] { return !up_.empty() || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    return std::exchange(up_, {});
  }
  /// Ends the asking, before its time where it is not `over`. Returns the last results of what did not come up.
  std::vector<Result> end(bool over) {
    if (!over) thread_.request_stop();
    thread_.join();
    return std::exchange(silent_, {});
  }

 private:
  void run(const std::stop_token& stop) {
    options_.stop = stop;
    try {
      for (Steady::time_point now = Steady::now();
           !stop.stop_requested() && !list_.empty() && rhythm_.end - now >= shortest; now = Steady::now())
        ask(now, stop);
    } catch (...) {
      const std::scoped_lock lock{mutex_};
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  void ask(Steady::time_point round, const std::stop_token& stop) {
    std::vector<Target> targets;
    for (const Asked& each : list_) targets.push_back(each.target);
    const Duration period = std::max(rhythm_.period, shortest), left = rhythm_.end - round;
    const std::int64_t rounds = std::max<std::int64_t>(std::min(lookup_every, left) / period, 1);
    const Duration slice = std::min(rounds * period, left);
    const int retry = static_cast<int>(rounds) - 1;
    Steady::time_point next = round + period;
    std::vector<bool> up(list_.size());
    const auto take = [this, &up](const Result& result) {
      if (result.answered() && !up[result.position]) tell(result);
      if (result.answered()) up[result.position] = true;
      return true;
    };
    try {
      keep_silent(multi_ping(TargetList{std::move(targets)}, slice, retry, options_, take).no_responses);
    } catch (const PermissionError&) {
      throw;
    } catch (const std::system_error& error) {  // an interface or an address that may come yet
      keep_failed(error.code());
      next = std::min(next, round + try_again);
    }
    forget(up);
    std::unique_lock lock{mutex_};
    std::condition_variable_any pause;
    if (!list_.empty()) pause.wait_until(lock, stop, std::min(next, rhythm_.end), [] { return false; });
  }

  void tell(Result result) {
    result.position = list_[result.position].position;
    const std::scoped_lock lock{mutex_};
    up_.push_back(std::move(result));
    changed_.notify_all();
  }

  void keep_silent(std::vector<Result> results) {
    for (Result& result : results) result.position = list_[result.position].position;
    silent_ = std::move(results);
  }

  void keep_failed(std::error_code error) {
    silent_.clear();
    for (const Asked& each : list_) {
      Result result;
      result.position = each.position;
      result.outcome = Outcome::send_failed;
      result.error = error;
      silent_.push_back(std::move(result));
    }
  }

  void forget(const std::vector<bool>& up) {
    std::size_t at = 0;
    std::erase_if(list_, [&](const Asked&) { return up[at++]; });
  }

  std::vector<Asked> list_;
  Options options_;
  Rhythm rhythm_;
  std::vector<Result> silent_{};  ///< Of the thread, until it has ended.

  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::vector<Result> up_{};
  std::exception_ptr failure_{};
  std::jthread thread_{};
};

/// The names and addresses as the user wrote them.
std::vector<Asked> asked_of(const RunFigures& view) {
  std::vector<Asked> list;
  for (std::size_t at = 0; at < view.targets.size(); ++at) {
    ProbeOptions probe = view.options->probe;
    if (view.targets[at].port != 0) probe.port = view.targets[at].port;
    list.push_back(
        {.position = static_cast<std::uint32_t>(at), .target = Target{view.targets[at].host, std::move(probe)}});
  }
  return list;
}

Options options_of(const RunInputs& support) {
  const CommandOptions& options = *support.view.options;
  return {.ignore_lookup_errors = true,
          .resolve = {.family = options.probe.family},
          .probe = options.probe,
          .max_rate = probe_rate(options),
          .transport = support.transport,
          .any_source = options.any_source};
}

void take(const RunInputs& support, const Result& result) {
  RunFigures& view = support.view;
  RunTarget& target = view.targets[result.position];
  HostFigures& figures = view.figures[result.position];
  figures.all.add_answer(result.rtt);
  figures.decided = true;
  view.totals.times.add_answer(result.rtt);
  ++view.totals.alive;
  target.address = result.address;
  name_by_address(*view.options, target);
  support.report.came_up({.target = result.position, .sequence = result.attempt - 1, .result = result});
}

void give_up(const RunInputs& support, const Result& result) {
  RunFigures& view = support.view;
  HostFigures& figures = view.figures[result.position];
  if (figures.decided) return;
  RunTarget& target = view.targets[result.position];
  if (result.address) target.address = result.address;
  if (result.outcome == Outcome::unresolved) {
    target.error = result.error;
    ++view.totals.unresolved;
  } else {
    figures.all.add_loss();
  }
  figures.decided = true;
  support.report.timed_out({.target = result.position, .sequence = 0, .result = result});
}

}  // namespace

std::size_t wanted_of(const RunFigures& view) noexcept {
  const std::size_t wanted = view.options->wait_for.value_or(view.targets.size());
  return view.options->shard.count > 1 ? std::min(wanted, view.targets.size()) : wanted;
}

void run_wait(const RunInputs& support) {
  RunFigures& view = support.view;
  const std::size_t wanted = wanted_of(view);
  if (wanted > view.targets.size())
    throw std::invalid_argument{"--wait is " + std::to_string(wanted) + "; the list has only " +
                                std::to_string(view.targets.size()) + " targets"};
  const StopOnSignal stop{support.signals};
  const Steady::time_point start = Steady::now(), end = start + view.options->within;
  Asking asking{asked_of(view), options_of(support), {.period = view.options->period, .end = end}};
  while (!stop.stopped() && view.totals.alive < wanted && Steady::now() < end) {
    const Duration left = end - Steady::now();
    for (const Result& result : asking.news(std::clamp(left, Duration{0}, tell_every))) take(support, result);
    support.report.progress(view.totals.alive, wanted, end - Steady::now());
  }
  const std::vector<Result> silent = asking.end(!stop.stopped() && view.totals.alive < wanted);
  for (const Result& result : asking.news(Duration{0}))
    if (view.totals.alive < wanted) take(support, result);
  if (!stop.stopped() && view.totals.alive < wanted)
    for (const Result& result : silent) give_up(support, result);
  view.stopped = stop.stopped();
  view.totals.received = view.totals.alive;
  view.totals.elapsed = Steady::now() - start;
}

}  // namespace multiping::command
