// The loop of most runs: asks each target when round_schedule says so, and tells a report of each event as it comes.
// Mode::once, count and loop. One thread; it waits for answers, signals and timers at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "apps/multiping/attempt_table.hpp"
#include "apps/multiping/round_times.hpp"
#include "apps/multiping/run_inputs.hpp"
#include "multiping/prober.hpp"

namespace multiping::command {

class ProbeRun {
 public:
  /// Throws what Prober throws.
  explicit ProbeRun(const RunInputs& support);

  /// Returns when all probes have their results, when enough targets answered (-X), or at a signal.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Sent {
    std::size_t target = 0;
    std::uint64_t sequence = 0;  ///< The round; in Mode::once the attempt, from 0.
  };
  /// What happens later: in Mode::once the next attempt of a target; else the loss of a probe about which an ICMP error
  /// came, when the time of the probe is over.
  struct Later {
    Clock::time_point at{};
    Sent sent{};
    Result result{};
  };
  struct IsAfter {
    bool operator()(const Later& a, const Later& b) const noexcept { return a.at > b.at; }
  };

  [[nodiscard]] bool once() const noexcept { return options_.mode == Mode::once; }
  [[nodiscard]] bool over() const noexcept;
  [[nodiscard]] Submission submission_for(const Sent& sent) const;
  [[nodiscard]] Duration wait_of(std::uint64_t attempt) const noexcept;
  [[nodiscard]] Duration waits_from(std::uint64_t attempt) const noexcept;
  void send_due(Clock::time_point now);
  bool send_one(Clock::time_point now);
  void submit(const Sent& sent);
  void ask(std::size_t target);
  void end_delays(Clock::time_point now);
  void wait(Clock::time_point now);
  void take(const Prober::Completion& completion);
  void take_attempt(const Sent& sent, Prober::Token token, const Result& found);
  void take_answer(const Sent& sent, const Result& result);
  void take_error(const Sent& sent, const Result& result);
  void take_loss(const Sent& sent, const Result& result);
  void remember(Prober::Token token);
  void take_signals();
  void tick(Clock::time_point now);
  void tell_idle(Clock::time_point now);
  void end_probe(const Sent& sent);
  void keep_statistics(std::size_t target, const Result& result);
  void keep_failure(std::size_t target, const Result& result);
  void loop();
  void sum_up();

  RunFigures& view_;
  Report& report_;
  Signals& signals_;
  const CommandOptions& options_;
  Prober prober_;
  Clock::time_point start_ = Clock::now();
  RoundTimes schedule_;
  std::unordered_map<Prober::Token, Sent> sent_{};
  std::deque<Prober::Token> answered_{};  ///< Kept in sent_ for duplicates.
  AttemptTable attempts_;                 ///< Mode::once.
  std::deque<std::size_t> again_{};       ///< Mode::once: targets whose next attempt is due, in order.
  std::priority_queue<Later, std::vector<Later>, IsAfter> later_{};
  std::deque<std::size_t> open_rounds_{};  ///< Probes without a result, of each round from first_round_ on.
  std::uint64_t first_round_ = 0;
  std::optional<Clock::time_point> next_summary_{};
  std::unordered_map<std::size_t, std::size_t> failures_{};  ///< Target to index in RunFigures::failures.
  Clock::time_point told_idle_ = start_;
  bool stop_ = false;
};

}  // namespace multiping::command
