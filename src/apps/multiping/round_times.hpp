// Who is asked next, and when: target after target, each again after a period, and never two within an interval.
// Pure: time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "multiping/duration.hpp"

namespace multiping::command {

class RoundTimes {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Timing {
    Duration interval{};       ///< Between any two probes; 0: none.
    Duration period{};         ///< Between two probes to one target.
    std::uint64_t rounds = 1;  ///< 0: without end.
  };
  struct Slot {
    std::size_t target = 0;
    std::uint64_t round = 0;  ///< From 0.
  };

  RoundTimes(std::size_t targets, const Timing& timing, Time start);

  /// True when all probes were taken.
  [[nodiscard]] bool done() const noexcept;
  /// When the next probe is due; Time::max() when done().
  [[nodiscard]] Time next() const noexcept;
  /// Returns the next probe where it is due, and counts it as sent.
  std::optional<Slot> take(Time now) noexcept;

  /// For a probe beside the schedule, a retry: when the interval allows it.
  [[nodiscard]] Time next_beside() const noexcept { return earliest_; }
  /// True where the interval allows one now, which is then counted as sent.
  bool take_beside(Time now) noexcept;

  [[nodiscard]] const Timing& timing() const noexcept { return timing_; }
  /// Twice as many probes per second, of all and of each target.
  void go_faster() noexcept;
  /// Half as many. Without an interval: one each millisecond from now on.
  void go_slower() noexcept;

 private:
  Timing timing_;
  std::vector<Time> due_;  ///< Of each target's next probe.
  std::size_t at_ = 0;
  std::uint64_t round_ = 0;
  Time earliest_{};  ///< By the interval.
};

}  // namespace multiping::command
