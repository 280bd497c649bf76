// Series of probes as the caller sees them: each result when it is known, or rounds of results, and the statistics of
// each position. The loop that sends and waits is series_loop.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/fork_guard.hpp"
#include "batch/native_handle_descriptor.hpp"
#include "batch/series_loop.hpp"
#include "engine/fates_in_round_order.hpp"
#include "multiping/ping_series.hpp"

namespace multiping {

/// As ping_series(), with arguments in range.
[[nodiscard]] std::vector<Series> run_series(TargetList targets, const SeriesOptions& options,
                                             const OnResult& on_result);

/// The figures of all positions. Those of a target are kept at its first position; publish() copies them to the others.
class FigureTable {
 public:
  explicit FigureTable(SeriesLoop& run) : run_{run}, figures_(run.targets()), series_(run.positions().size()) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
      series_[i].host = run.positions()[i].host;
      series_[i].address = run.positions()[i].address;
    }
  }

  void add(std::uint32_t target, const engine::RoundFate& fate) { figures_[target].add(fate, statistics(target)); }
  /// Also adds the fates that still wait for earlier rounds, which do not come any more.
  void finish() {
    for (std::uint32_t target = 0; target < figures_.size(); ++target) figures_[target].finish(statistics(target));
  }
  void publish();
  [[nodiscard]] const std::vector<Series>& series() const noexcept { return series_; }
  [[nodiscard]] std::vector<Series> take() && { return std::move(series_); }

 private:
  Statistics& statistics(std::uint32_t target) { return series_[run_.first_position(target)].statistics; }

  SeriesLoop& run_;
  std::vector<engine::FatesInRoundOrder> figures_;
  std::vector<Series> series_;
};

/// A PingSeries at work: collects the fates of a series into rounds. For one thread at a time, and only in the process
/// that made the object.
class SeriesRun {
 public:
  SeriesRun(TargetList targets, SeriesOptions options)
      : run_{std::move(targets), std::move(options), SeriesLoop::Pace::in_step}, table_{run_} {}

  /// Collects the first round. Throws std::logic_error when it was called before, since rounds come once.
  void begin();
  /// Collects the next round, and waits for it.
  void advance();
  /// Waits at most `wait` for the next round. Throws std::logic_error after begin(), and begin() does after poll().
  [[nodiscard]] std::optional<Round> poll(Duration wait);
  /// No further round comes.
  [[nodiscard]] bool done() const noexcept { return run_.stopped() || (run_.over() && !fate_ && gathering_.empty()); }
  [[nodiscard]] int native_handle() noexcept;
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const Round& round() const noexcept { return round_; }
  [[nodiscard]] const std::vector<Series>& series() const noexcept { return table_.series(); }
  [[nodiscard]] Counters counters() const noexcept { return run_.counters(); }

 private:
  /// A round with the fates that are known so far.
  struct Gathering {
    std::vector<Result> results;           ///< By position.
    std::vector<engine::RoundFate> fates;  ///< By target.
    std::size_t missing = 0;               ///< Targets whose fate is not known yet.
  };
  void collect(Instant until);
  [[nodiscard]] bool has_round() const noexcept {
    return !run_.stopped() && !gathering_.empty() && gathering_.front().missing == 0;
  }
  [[nodiscard]] Instant next_work() const noexcept {
    return run_.stopped() || has_round() ? Instant::min() : run_.next_work();
  }
  void set_alarm() noexcept {
    descriptor_.set([this] { return next_work(); });
  }
  void place(const SeriesLoop::Fate& fate);
  void hand_out();

  SeriesLoop run_;
  FigureTable table_;
  std::deque<Gathering> gathering_;
  std::uint64_t first_ = 0;                 ///< The round of gathering_[0].
  std::optional<SeriesLoop::Fate> fate_{};  ///< A known fate that is not in its round yet.
  std::uint32_t added_ = 0;                 ///< How many targets of gathering_[0] are in the figures already.
  Round round_;
  bool begun_ = false, polled_ = false, ended_ = false;
  NativeHandleDescriptor descriptor_;
  ForkGuard owner_{"a PingSeries"};
};

}  // namespace multiping
