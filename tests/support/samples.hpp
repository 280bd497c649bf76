// Figures of round-trip times and losses that a test writes down.
// For tests only.
#pragma once

#include <cstdint>
#include <vector>

#include "multiping/result.hpp"
#include "multiping/statistics.hpp"

namespace multiping::test::samples {

inline Result result(Outcome outcome, Duration rtt = {}) {
  Result made;
  made.outcome = outcome;
  made.rtt = rtt;
  return made;
}

inline constexpr std::int64_t lost = -1;

/// Round-trip times in nanoseconds, or `lost`.
using Samples = std::vector<std::int64_t>;

inline Statistics figures_of(const Samples& samples) {
  Statistics figures;
  for (const std::int64_t sample : samples)
    figures.add(sample == lost ? result(Outcome::no_reply) : result(Outcome::reply, Duration{sample}));
  return figures;
}

/// The uplink is gone for seven of ten rounds.
inline Statistics without_uplink(Outcome outcome = Outcome::send_failed) {
  Statistics figures = figures_of({1'000'000, 2'000'000, 3'000'000});
  for (int i = 0; i < 7; ++i) figures.add(result(outcome));
  return figures;
}

}  // namespace multiping::test::samples
