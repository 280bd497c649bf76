// What a run tells, as it comes. A format or a view is one implementation of Report; the run does not know which.
//
// The parts of the command, and who calls whom:
//   main.cpp       opens the transport, gives privileges up, and runs command.cpp, which wires the parts:
//   command_line   argv -> CommandOptions, by option_table (names, groups, help, setters: a row for each option)
//   target_file    text -> entries            target_list  entries, -g, --shard, names -> RunTargets
//   round_times    who is asked next, and when; attempt_table  which attempts of Mode::once are under way (both pure)
//   probe_run      the loop: Prober, signals, timers; calls a Report for each event
//   batch_sweep    Mode::once for long lists, by MultiPing and its threads; calls the same Report
//   wait_run       --wait; trace_mtu_runs  the other tasks beyond fping: --trace, --mtu, --why, --check
//   report         this file; report_choice.cpp chooses the implementation by CommandOptions::format
//   fping_report   fping's lines; its texts are made by the pure functions of fping_text
//   jsonl_report, csv_report, openmetrics_report, check_icmp_report
//                  formats for machines; their texts are in *_text, what they share in last_failures
//   health_report  --health: around the others, keeps a HealthTracker; health_facts says what is judged (pure)
//   output_streams all text goes through it: buffered, errors of writing kept, atomic files
// To add a format: a class that derives from Report, its texts as pure functions, a line in report_choice.cpp.
// To add an option: a member of CommandOptions and a row of option_table.cpp (and a paragraph of multiping.1).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "apps/multiping/run_figures.hpp"
#include "multiping/health.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"

namespace multiping::command {

/// One probe of one target, and what became of it.
struct ProbeEvent {
  std::size_t target = 0;      ///< Index in RunFigures::targets.
  std::uint64_t sequence = 0;  ///< Which probe of this target, from 0; in Mode::once which attempt.
  const Result& result;        ///< Its host is the address as text, not RunTarget::host.
};

struct HealthFacts;

/// Receives what happens in a run. All calls come from one thread, between begin() and finish(). The figures of the
/// view include the event that is told. Every method but finish() may be left out by an implementation.
class Report {
 public:
  Report() = default;
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  virtual ~Report() = default;

  /// True where RunFigures::statistics shall be kept: 4 KiB for each target.
  [[nodiscard]] virtual bool wants_statistics() const { return false; }
  /// The run begins. Reports keep the pointer. Names were looked up; what has none is in RunFigures::unresolved.
  virtual void begin(const RunFigures& view) { view_ = &view; }

  /// A probe was answered: in Mode::once the first answer of the target.
  virtual void answered(const ProbeEvent&) {}
  /// A further answer to a probe that was answered.
  virtual void duplicate(const ProbeEvent&) {}
  /// An ICMP error about a probe, as it comes. timed_out() follows when the probe's time is over.
  virtual void icmp_error(const ProbeEvent&) {}
  /// This host did not send the probe: Result::error. timed_out() follows.
  virtual void send_failed(const ProbeEvent&) {}
  /// A probe's time is over without an answer. Rounds: of each probe. Mode::once: of the target, after all attempts.
  virtual void timed_out(const ProbeEvent&) {}
  /// All probes of a round have their results; rounds end in order.
  virtual void round_over(std::uint64_t round) { static_cast<void>(round); }
  /// -Q: the time of an interval is over. The interval figures are cleared after this call, but for -Q SECS,cumulative.
  virtual void interval_over(std::chrono::system_clock::time_point now) { static_cast<void>(now); }
  /// SIGQUIT: what is known now.
  virtual void snapshot(std::chrono::system_clock::time_point now) { static_cast<void>(now); }
  /// Called before the run waits, at least ten times a second: progress, screens, keys.
  virtual void idle(std::chrono::steady_clock::time_point now) { static_cast<void>(now); }

  /// --wait: a target is up.
  virtual void came_up(const ProbeEvent&) {}
  /// --wait: so many targets of those wanted are up, and so much time is left. At least ten times a second.
  virtual void progress(std::size_t up, std::size_t wanted, Duration left) {
    static_cast<void>(up), static_cast<void>(wanted), static_cast<void>(left);
  }
  /// --trace: the routes to all targets; with several flows those of one target follow each other.
  virtual void routes(std::span<const Route>) {}
  /// --mtu
  virtual void path_mtu(const PathMtu&) {}
  /// --why: one target that failed; `route` leads to the last hop that answered, or is null where none was looked for.
  virtual void why(std::size_t target, const Result& result, const Route* route) {
    static_cast<void>(target), static_cast<void>(result), static_cast<void>(route);
  }

  /// --health: after begin(), and when a round was observed, with its changes. The facts live until after finish().
  virtual void health(const HealthFacts& facts, std::span<const Transition> changes) {
    static_cast<void>(facts), static_cast<void>(changes);
  }

  /// A block of more than most_at_once addresses (-g, Mode::once) is asked in parts, so that memory stays bounded. This
  /// ends a part that is not the last: all its targets are decided. RunFigures::targets and figures are then those of
  /// the next part, begin() is called again, and the totals go on. finish() ends the last part and the run.
  virtual void part_over() {}
  /// No target has an address, so that there is no run, and no finish() follows. fping prints nothing then.
  virtual void finish_without_targets() {}
  /// The run is over, the totals are complete; the summary.
  virtual void finish() = 0;
  /// What the program ends with, where it is not for the totals to say: as check_icmp.
  [[nodiscard]] virtual std::optional<int> exit_status() const { return std::nullopt; }
  /// True when a view for people asks the run to end: the key q.
  [[nodiscard]] virtual bool wants_to_end() const { return false; }

 protected:
  [[nodiscard]] const RunFigures& view() const noexcept { return *view_; }

 private:
  const RunFigures* view_ = nullptr;
};

}  // namespace multiping::command
