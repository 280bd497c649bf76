// The time of each probe of each target, for -C.
// Answers may come out of order; what has no time is lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "multiping/duration.hpp"

namespace multiping::command {

class ProbeTimes {
 public:
  static constexpr Duration lost{-1};

  /// From now on times are kept, for so many targets; without this call add() does nothing.
  void keep(std::size_t targets) { times_.resize(targets); }
  void add(std::size_t target, std::uint64_t sequence, Duration time) {
    if (times_.empty()) return;
    auto& times = times_[target];
    if (times.size() <= sequence) times.resize(sequence + 1, lost);
    times[sequence] = time;
  }
  [[nodiscard]] std::span<const Duration> of(std::size_t target) const noexcept { return times_[target]; }

 private:
  std::vector<std::vector<Duration>> times_{};
};

}  // namespace multiping::command
