// Decides when each target of a series is probed: on a grid of equal intervals, or as fast as the fates become known.
// A state machine without I/O; time is an argument. O(1) for each probe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/monotonic_time.hpp"

namespace multiping::engine {

/// Targets are numbers from 0; rounds count from 0. With an interval, target i of n is due i/n of the interval after
/// the first target, and then once in each interval. If take_due() comes late by less than an interval, the grid stays.
/// If it comes later, the grid moves by the whole intervals that have passed, for all targets alike, so that the
/// targets stay spread: no round is left out, and no two rounds follow closely to catch up. Without an interval, a
/// target is due when the fate of its probe is known.
class SeriesSchedule {
 public:
  struct Plan {
    std::uint32_t targets = 0;
    std::uint64_t count = 0;  ///< Number of rounds; 0: no end.
    Duration interval{};
    Instant start{};
    bool in_step = false;  ///< Without an interval: a round begins only when all fates of the round before are known.
  };
  struct Due {
    std::uint32_t target = 0;
    std::uint64_t round = 0;
  };

  explicit SeriesSchedule(const Plan& plan);

  /// The next probe that is to leave now, in the order in which probes became due. To be called until it returns none.
  [[nodiscard]] std::optional<Due> take_due(Instant now);
  /// The fate of a target's probe is known. Without an interval, a pause follows a probe that was not sent, since
  /// nothing else would slow down the next one.
  void done(std::uint32_t target, bool was_sent, Instant now);
  /// No probe is due before `until`.
  void hold(Instant until) noexcept { held_until_ = until; }

  /// The earliest time at which take_due() returns a probe; this may be in the past. Instant::max() while it waits for
  /// fates, and after the last round.
  [[nodiscard]] Instant next() const noexcept;
  /// The fates of all rounds of all targets are known.
  [[nodiscard]] bool over() const noexcept;
  /// The total time by which the target's probes so far were put off because the grid moved; 0 without an interval.
  [[nodiscard]] Duration slip(std::uint32_t target) const noexcept;

 private:
  struct Paused {
    Instant until{};
    std::uint32_t target = 0;
  };

  [[nodiscard]] bool on_a_grid() const noexcept { return plan_.interval > Duration::zero(); }
  [[nodiscard]] Instant due_on_grid() const noexcept;
  [[nodiscard]] Due take_from_grid(Instant now);
  [[nodiscard]] Due take_ready(Instant now);
  void step(bool was_sent, Instant now);
  void line_up(std::uint32_t target, bool was_sent, Instant now);

  Plan plan_;
  std::uint64_t handed_out_ = 0;  ///< Probes taken from the grid, where targets follow one another in each round.
  Duration slip_{};               ///< The total time by which the grid has moved.
  std::uint64_t in_flight_ = 0;
  std::uint64_t open_rounds_ = 0;      ///< Without an interval and with an end: probes of all targets not yet taken.
  std::vector<Duration> slips_;        ///< With an interval, by target: slip_ when its last probe was taken.
  std::vector<std::uint64_t> rounds_;  ///< Without an interval, by target: probes taken so far.
  std::deque<std::uint32_t> ready_;
  std::deque<Paused> paused_;  ///< In the order of their times, since all pauses are equally long.
  bool any_sent_ = false;      ///< Plan::in_step: a probe of this round was sent.
  Instant held_until_ = Instant::min();
};

}  // namespace multiping::engine
