// The figures of one target of a series: fates come as they become known, and are added in the order of rounds.
// Pure. Tells answers that overtook one another.
#pragma once

#include <cstdint>
#include <vector>

#include "multiping/result.hpp"
#include "multiping/statistics.hpp"
#include "net/instant.hpp"

namespace multiping::engine {

/// What figures are made of.
struct RoundFate {
  std::uint64_t round = 0;
  Outcome outcome = Outcome::pending;
  Duration rtt{};
  net::Instant sent_at{};  ///< Of what was answered.
};

class SeriesFigures {
 public:
  /// Each round comes once. It is added as soon as all before it are known.
  void add(const RoundFate& fate, Statistics& statistics);
  /// Adds what waits for rounds that won't come any more.
  void finish(Statistics& statistics);

 private:
  void settle(const RoundFate& fate, Statistics& statistics);
  void settle_in_order(Statistics& statistics);

  std::uint64_t next_ = 0;
  std::vector<RoundFate> waiting_;      ///< By round.
  std::vector<net::Instant> arrivals_;  ///< Of answers in the order of rounds, and ascending: those that the answer to
                                        ///< a later round may yet have overtaken.
};

}  // namespace multiping::engine
