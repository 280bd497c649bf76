// A batch cut into slices, each with a session and a transport of its own.
// See slices.hpp.
#include "engine/slices.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "signals_blocked.hpp"

namespace multiping::engine {
namespace {

/// Runs `work(0) ... work(count - 1)`, the first on this thread, the others beside it as far as threads can be had.
/// The first exception is thrown again when all have ended.
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
    } catch (const std::exception&) {  // of the system, or for want of memory
      left.push_back(i);
    }
  }
  for (const std::size_t i : left) guarded(i);
  threads.clear();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

Slices::Slices(std::span<const Endpoint> endpoints, std::size_t most, const Rules& rules) {
  first_size_ = endpoints.size();
  const std::size_t count = std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, first_size_));
  length_ = std::max<std::size_t>(1, (first_size_ + count - 1) / count);
  slices_.reserve(count);
  std::size_t start = 0;
  do {
    Slice& slice = slices_.emplace_back(rules);
    const auto own = endpoints.subspan(start, std::min(length_, first_size_ - start));
    slice.first_size = own.size();
    slice.session.reserve(own.size());
    for (const Endpoint& endpoint : own) slice.session.add(endpoint);
    start += length_;
  } while (start < first_size_);
}

Slices::Spot Slices::spot_of(std::uint32_t target) const noexcept {
  if (target < first_size_) return {.slice = target / length_, .target = static_cast<TargetIndex>(target % length_)};
  const std::size_t later = target - first_size_;
  const std::size_t slice = later % slices_.size();
  return {.slice = slice, .target = static_cast<TargetIndex>(slices_[slice].first_size + later / slices_.size())};
}

std::uint32_t Slices::number_of(const Spot& spot) const noexcept {
  const std::size_t first = slices_[spot.slice].first_size;
  if (spot.target < first) return static_cast<std::uint32_t>(spot.slice * length_ + spot.target);
  return static_cast<std::uint32_t>(first_size_ + (spot.target - first) * slices_.size() + spot.slice);
}

std::uint32_t Slices::join(const Endpoint& endpoint, Session::Joins joins) {
  const bool may_take_vacancy = joins == Session::Joins::next_round;
  const auto vacant = std::ranges::find_if(slices_, [](const Slice& slice) { return slice.session.has_vacancy(); });
  const bool takes_vacancy = may_take_vacancy && vacant != slices_.end();
  const std::size_t slice =
      takes_vacancy ? static_cast<std::size_t>(vacant - slices_.begin()) : joined_ % slices_.size();
  const Spot spot{.slice = slice, .target = slices_[slice].session.join(endpoint, joins)};
  if (!takes_vacancy) ++joined_;
  return number_of(spot);
}

void Slices::retire(std::span<const std::uint32_t> targets) {
  std::vector<std::vector<TargetIndex>> gone(slices_.size());
  for (const std::uint32_t target : targets) {
    const Spot spot = spot_of(target);
    gone[spot.slice].push_back(spot.target);
  }
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    if (gone[i].empty()) continue;
    for (const net::Serial serial : slices_[i].session.retire(gone[i])) slices_[i].transport->forget(serial);
  }
}

void Slices::begin_round() {
  for (Slice& slice : slices_) slice.session.begin_round(slice.transport->now());
}

void Slices::end_round() {
  for (Slice& slice : slices_) slice.session.end_round();
}

bool Slices::run(Goal goal, net::Instant deadline, const std::stop_token& stop) {
  const auto run_one = [&](Slice& slice, net::Instant until) { return slice.driver->run(goal, until, stop); };
  if (slices_.size() == 1) return run_one(slices_[0], deadline);
  // Most slices have often nothing left to do, and no thread is worth that.
  std::vector<Slice*> busy;
  for (Slice& slice : slices_)
    if (!run_one(slice, net::Instant::min())) busy.push_back(&slice);
  std::atomic<bool> reached = true;
  side_by_side(busy.size(), [&](std::size_t i) {
    if (!run_one(*busy[i], deadline)) reached = false;
  });
  return reached;
}

bool Slices::has_reached(Goal goal) const noexcept {
  return std::ranges::all_of(slices_, [goal](const Slice& slice) { return slice.session.reached(goal); });
}

void Slices::time_out(const std::stop_token& stop) {
  for (Slice& slice : slices_) slice.session.time_out(slice.transport->now(), stop);
}

void Slices::reset() {
  for (Slice& slice : slices_) {
    slice.session.table().each_open_probe([&slice](net::Serial serial) { slice.transport->forget(serial); });
    slice.session.reset();
    slice.driver->forget();
  }
}

Slices::Place Slices::find(std::uint32_t target) noexcept {
  const Spot spot = spot_of(target);
  ProbeTable& table = slices_[spot.slice].session.table();
  return {.table = &table, .record = &table.record(spot.target)};
}

std::size_t Slices::unreported() const noexcept {
  std::size_t count = 0;
  for (const Slice& slice : slices_) count += slice.session.fates().unreported();
  return count;
}

void Slices::all_reported() noexcept {
  for (Slice& slice : slices_) slice.session.fates().all_reported();
}

net::Instant Slices::next_recovery() const noexcept {
  net::Instant next = net::Instant::max();
  for (const Slice& slice : slices_) next = std::min(next, slice.session.next_recovery());
  return next;
}

std::size_t Slices::awaited() const noexcept {
  std::size_t count = 0;
  for (const Slice& slice : slices_) count += slice.session.fates().awaited();
  return count;
}

Counters Slices::counters() const noexcept {
  Counters sum;
  for (const Slice& slice : slices_) add(sum, slice.session.fates().counters(), slice.transport->counters());
  return sum;
}

}  // namespace multiping::engine
