// When which target of a series is probed: on a grid that every target keeps from start to start, or as fast as fates
// come. A state machine without I/O; time is an argument. O(1) for every probe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "net/instant.hpp"

namespace multiping::engine {

/// Targets are numbers from 0; rounds count from 0. With an interval, target i of n is due an i/n part of it behind the
/// first, and every interval from there on. Who comes late by less than an interval finds the grid where it was. Who
/// comes later than that finds it moved by the whole intervals that passed, for all targets alike, so that they stay
/// spread: no round is left out, and none is made up for. Without an interval, a target is due when the fate of its
/// probe is known.
class SeriesSession {
 public:
  struct Plan {
    std::uint32_t targets = 0;
    std::uint64_t count = 0;  ///< Rounds; 0: no end.
    Duration interval{};
    net::Instant start{};
    bool in_step = false;  ///< Without an interval: no target begins a round before all fates of the last are known.
  };
  struct Due {
    std::uint32_t target = 0;
    std::uint64_t round = 0;
  };

  explicit SeriesSession(const Plan& plan);

  /// A probe that is to leave now, the one that has been due longest first; to be asked until there is none.
  [[nodiscard]] std::optional<Due> take_due(net::Instant now);
  /// The fate of a target's probe is known. A probe that never left, without an interval, is followed by a pause, since
  /// nothing else slows down who asks for the next.
  void done(std::uint32_t target, bool was_sent, net::Instant now);
  /// Nothing is due before that.
  void hold(net::Instant until) noexcept { held_until_ = until; }

  /// When take_due() has something to give; long ago while it has, the end of time where it waits for fates.
  [[nodiscard]] net::Instant next() const noexcept;
  /// Every fate of every round is known.
  [[nodiscard]] bool over() const noexcept;
  /// How far the target's probes so far were put off in all.
  [[nodiscard]] Duration slip(std::uint32_t target) const noexcept;

 private:
  struct Paused {
    net::Instant until{};
    std::uint32_t target = 0;
  };

  [[nodiscard]] bool on_a_grid() const noexcept { return plan_.interval > Duration::zero(); }
  [[nodiscard]] net::Instant due_on_grid() const noexcept;
  [[nodiscard]] Due take_from_grid(net::Instant now);
  [[nodiscard]] Due take_ready(net::Instant now);
  void step(bool was_sent, net::Instant now);
  void line_up(std::uint32_t target, bool was_sent, net::Instant now);

  Plan plan_;
  std::uint64_t handed_out_ = 0;  ///< On a grid, targets follow one another in rounds, since all of them move alike.
  Duration slip_{};               ///< How far the grid was moved in all.
  std::uint64_t in_flight_ = 0;
  std::uint64_t open_rounds_ = 0;      ///< Not handed out yet, of all targets, where there is an end and no grid.
  std::vector<Duration> slips_;        ///< By target, on a grid: slip_ when it was last handed out.
  std::vector<std::uint64_t> rounds_;  ///< By target, without one: handed out so far.
  std::deque<std::uint32_t> ready_;
  std::deque<Paused> paused_;  ///< In the order of their times: all pauses are equally long.
  bool any_sent_ = false;      ///< In this round; in step.
  net::Instant held_until_ = net::Instant::min();
};

}  // namespace multiping::engine
