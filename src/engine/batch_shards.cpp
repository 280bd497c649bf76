// run() starts threads only for shards that still have work, and runs a shard itself if no thread can be started.
// See batch_shards.hpp.
#include "engine/batch_shards.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "base/signals_blocked.hpp"

namespace multiping::engine {
namespace {

/// Runs `work(0) ... work(count - 1)`: the first on this thread, the others on threads of their own. Where no thread
/// can be started, this thread does the work. When all have ended, throws the first exception again, by index.
template <class Work>
void side_by_side(std::size_t count, Work work) {
  if (count == 0) return;
  std::vector<std::exception_ptr> failures(count);
  const auto guarded = [&](std::size_t i) {
    try {
      work(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  };
  std::vector<std::jthread> threads;
  std::vector<std::size_t> left;
  threads.reserve(count);
  left.reserve(count);
  left.push_back(0);
  for (std::size_t i = 1; i < count; ++i) {
    const SignalsBlocked blocked;
    try {
      threads.emplace_back(guarded, i);
    } catch (const std::exception&) {  // a system error, or no memory
      left.push_back(i);
    }
  }
  for (const std::size_t i : left) guarded(i);
  threads.clear();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

Shards::Shards(std::span<const TargetKey> destinations, std::size_t most, const Rules& rules) {
  first_size_ = destinations.size();
  const std::size_t count = std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, first_size_));
  length_ = std::max<std::size_t>(1, (first_size_ + count - 1) / count);
  shards_.reserve(count);
  std::size_t start = 0;
  do {
    Shard& shard = shards_.emplace_back(rules);
    const auto own = destinations.subspan(start, std::min(length_, first_size_ - start));
    shard.first_size = own.size();
    shard.schedule.reserve(own.size());
    for (const TargetKey& destination : own) shard.schedule.add(destination);
    start += length_;
  } while (start < first_size_);
}

Shards::Spot Shards::spot_of(std::uint32_t target) const noexcept {
  if (shards_.size() == 1) return {.shard = 0, .target = target};  // as below, without the divisions
  if (target < first_size_) return {.shard = target / length_, .target = static_cast<TargetIndex>(target % length_)};
  const std::size_t later = target - first_size_;
  const std::size_t shard = later % shards_.size();
  return {.shard = shard, .target = static_cast<TargetIndex>(shards_[shard].first_size + later / shards_.size())};
}

std::uint32_t Shards::number_of(const Spot& spot) const noexcept {
  const std::size_t first = shards_[spot.shard].first_size;
  if (spot.target < first) return static_cast<std::uint32_t>(spot.shard * length_ + spot.target);
  return static_cast<std::uint32_t>(first_size_ + (spot.target - first) * shards_.size() + spot.shard);
}

std::uint32_t Shards::join(const TargetKey& destination, BatchSchedule::Joins joins) {
  const bool may_take_vacancy = joins == BatchSchedule::Joins::next_round;
  const auto vacant = std::ranges::find_if(shards_, [](const Shard& shard) { return shard.schedule.has_vacancy(); });
  const bool takes_vacancy = may_take_vacancy && vacant != shards_.end();
  const std::size_t shard =
      takes_vacancy ? static_cast<std::size_t>(vacant - shards_.begin()) : joined_ % shards_.size();
  const Spot spot{.shard = shard, .target = shards_[shard].schedule.join(destination, joins)};
  if (!takes_vacancy) ++joined_;
  return number_of(spot);
}

void Shards::retire(std::span<const std::uint32_t> targets) {
  std::vector<std::vector<TargetIndex>> gone(shards_.size());
  for (const std::uint32_t target : targets) {
    const Spot spot = spot_of(target);
    gone[spot.shard].push_back(spot.target);
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (gone[i].empty()) continue;
    for (const net::Serial serial : shards_[i].schedule.retire(gone[i])) shards_[i].transport->forget(serial);
  }
}

void Shards::begin_round(Instant now) {
  for (Shard& shard : shards_) shard.schedule.begin_round(now);
}

void Shards::end_round() {
  for (Shard& shard : shards_)
    if (shard.schedule.sending()) shard.schedule.end_round(shard.transport->now());
}

bool Shards::run(Goal goal, Instant deadline, const std::stop_token& stop) {
  const auto run_one = [&](Shard& shard, Instant until) { return shard.loop->run(goal, until, stop); };
  if (shards_.size() == 1) return run_one(shards_[0], deadline);
  // Often most shards have nothing left to do, and then a thread is not worth its cost.
  std::vector<Shard*> busy;
  for (Shard& shard : shards_)
    if (!run_one(shard, Instant::min())) busy.push_back(&shard);
  std::atomic<bool> reached = true;
  side_by_side(busy.size(), [&](std::size_t i) {
    if (!run_one(*busy[i], deadline)) reached = false;
  });
  return reached;
}

bool Shards::has_reached(Goal goal) const noexcept {
  return std::ranges::all_of(shards_, [goal](const Shard& shard) { return shard.schedule.reached(goal); });
}

void Shards::time_out(const std::stop_token& stop) {
  for (Shard& shard : shards_) shard.schedule.time_out(shard.transport->now(), stop);
}

void Shards::reset() {
  for (Shard& shard : shards_) {
    shard.schedule.table().each_open_probe([&shard](net::Serial serial) { shard.transport->forget(serial); });
    shard.schedule.reset();
    shard.loop->forget();
  }
}

Shards::Place Shards::find(std::uint32_t target) noexcept {
  const Spot spot = spot_of(target);
  ProbeTable& table = shards_[spot.shard].schedule.table();
  return {.table = &table, .record = &table.record(spot.target)};
}

std::vector<std::uint32_t> Shards::take_answered() {
  std::vector<std::uint32_t> targets;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    for (const TargetIndex target : shards_[i].schedule.answered())
      targets.push_back(number_of({.shard = i, .target = target}));
    shards_[i].schedule.answered().clear();
  }
  return targets;
}

bool Shards::has_answered() noexcept {
  return std::ranges::any_of(shards_, [](Shard& shard) { return !shard.schedule.answered().empty(); });
}

std::size_t Shards::unreported() const noexcept {
  std::size_t count = 0;
  for (const Shard& shard : shards_) count += shard.schedule.outcomes().unreported();
  return count;
}

void Shards::all_reported() noexcept {
  for (Shard& shard : shards_) shard.schedule.outcomes().all_reported();
}

Duration Shards::wall_offset() const noexcept {
  return shards_.empty() ? Duration{} : shards_.front().transport->wall_offset();
}

Instant Shards::next_recovery() const noexcept {
  Instant next = Instant::max();
  for (const Shard& shard : shards_) next = std::min(next, shard.schedule.next_recovery());
  return next;
}

std::size_t Shards::awaited() const noexcept {
  std::size_t count = 0;
  for (const Shard& shard : shards_) count += shard.schedule.outcomes().awaited();
  return count;
}

std::size_t Shards::unanswered() const noexcept {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.schedule.outcomes().unanswered();
  return sum;
}

Counters Shards::counters() const noexcept {
  Counters sum;
  for (const Shard& shard : shards_) add(sum, shard.schedule.outcomes().counters(), shard.transport->counters());
  return sum;
}

}  // namespace multiping::engine
