// A fate that comes before an earlier round is known waits in a list in round order.
// See fates_in_round_order.hpp.
#include "engine/fates_in_round_order.hpp"

#include <algorithm>

#include "base/reserve_more.hpp"

namespace multiping::engine {

void FatesInRoundOrder::add(const RoundFate& fate, Statistics& statistics) {
  reserve_more(waiting_, 1);
  reserve_more(arrivals_, waiting_.size() + 1);
  if (waiting_.empty() && fate.round == next_) {
    ++next_;
    return settle(fate, statistics);
  }
  const auto place = std::ranges::upper_bound(waiting_, fate.round, {}, &RoundFate::round);
  waiting_.insert(place, fate);
  settle_in_order(statistics);
}

void FatesInRoundOrder::settle_in_order(Statistics& statistics) {
  auto waits = waiting_.begin();
  for (; waits != waiting_.end() && waits->round == next_; ++waits, ++next_) settle(*waits, statistics);
  waiting_.erase(waiting_.begin(), waits);
}

void FatesInRoundOrder::finish(Statistics& statistics) {
  reserve_more(arrivals_, waiting_.size());
  for (const RoundFate& fate : waiting_) settle(fate, statistics);
  waiting_.clear();
}

void FatesInRoundOrder::settle(const RoundFate& fate, Statistics& statistics) {
  Result result;
  result.outcome = fate.outcome;
  result.rtt = fate.rtt;
  statistics.add(result);
  if (!result.answered()) return;
  const Instant arrival = after(fate.sent_at, fate.rtt);
  for (; !arrivals_.empty() && arrivals_.back() > arrival; arrivals_.pop_back()) statistics.add_reordered();
  // The answer to a later probe cannot arrive before this probe was sent.
  const auto open = std::ranges::upper_bound(arrivals_, fate.sent_at);
  arrivals_.erase(arrivals_.begin(), open);
  arrivals_.push_back(arrival);
}

}  // namespace multiping::engine
