// A request's place in the deque is its number less that of the oldest.
// See proxy_requests.hpp.
#include "icmp4em/proxy_requests.hpp"

#include <utility>

namespace multiping::icmp4em {

void ProxyRequests::set_time(Instant now) noexcept {
  while (!entries_.empty() && after(entries_.front().sent_at, longest_wait) <= now) forget_oldest();
  for (; stale_ < entries_.size() && after(entries_[stale_].sent_at, freshness) <= now; ++stale_)
    if (entries_[stale_].awaited) --fresh_awaited_;
}

Instant ProxyRequests::fresh_until() const noexcept {
  for (std::size_t place = stale_; place < entries_.size(); ++place)
    if (entries_[place].awaited) return after(entries_[place].sent_at, freshness);
  return Instant::max();
}

std::uint32_t ProxyRequests::next_number() const noexcept {
  return first_ + static_cast<std::uint32_t>(entries_.size());
}

void ProxyRequests::add(const ProxyEntry& entry) {
  entries_.push_back(entry);
  ++awaited_;
  ++fresh_awaited_;
  if (entries_.size() > most_entries) forget_oldest();
}

void ProxyRequests::take_back() noexcept {
  end_at(entries_.size() - 1);
  entries_.pop_back();
  if (stale_ > entries_.size()) stale_ = entries_.size();
}

void ProxyRequests::forget_oldest() noexcept {
  end_at(0);
  entries_.pop_front();
  ++first_;
  if (stale_ > 0) --stale_;
}

const ProxyEntry* ProxyRequests::find(std::uint32_t number) const noexcept {
  const std::uint32_t place = number - first_;
  return place < entries_.size() ? &entries_[place] : nullptr;
}

void ProxyRequests::end(std::uint32_t number) noexcept {
  const std::uint32_t place = number - first_;
  if (place < entries_.size()) end_at(place);
}

void ProxyRequests::end_at(std::size_t place) noexcept {
  if (!std::exchange(entries_[place].awaited, false)) return;
  --awaited_;
  if (place >= stale_) --fresh_awaited_;
}

}  // namespace multiping::icmp4em
