// The figures of one target of a series: fates come in any order, and are added to the statistics in round order.
// Pure. Counts answers that overtook one another.
#pragma once

#include <cstdint>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/result.hpp"
#include "multiping/statistics.hpp"

namespace multiping::engine {

/// The fate of one round's probe.
struct RoundFate {
  std::uint64_t round = 0;
  Outcome outcome = Outcome::pending;
  Duration rtt{};
  Instant sent_at{};  ///< When the answered probe was sent.
};

class FatesInRoundOrder {
 public:
  /// Takes the fate of one round; each round comes once. It is added as soon as all earlier rounds are known.
  void add(const RoundFate& fate, Statistics& statistics);
  /// Adds the fates that still wait for an earlier round, which will not come any more.
  void finish(Statistics& statistics);

 private:
  void settle(const RoundFate& fate, Statistics& statistics);
  void settle_in_order(Statistics& statistics);

  std::uint64_t next_ = 0;
  std::vector<RoundFate> waiting_;  ///< In round order.
  std::vector<Instant> arrivals_;   ///< Ascending arrival times of answers that the answer to a later round may
                                    ///< have overtaken.
};

}  // namespace multiping::engine
