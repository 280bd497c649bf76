// The root of the heap has the earliest time; place_ leads from an item to its place in the heap.
// See timer_heap.hpp.
#include "engine/timer_heap.hpp"

#include "base/reserve_more.hpp"

namespace multiping::engine {

void TimerHeap::put(std::size_t place, const Due& due) noexcept {
  heap_[place] = due;
  place_[due.item] = static_cast<std::uint32_t>(place);
}

void TimerHeap::rise(std::size_t place) noexcept {
  const Due due = heap_[place];
  for (; place > 0; place = (place - 1) / 2) {
    const Due& parent = heap_[(place - 1) / 2];
    if (parent.time <= due.time) break;
    put(place, parent);
  }
  put(place, due);
}

void TimerHeap::sink(std::size_t place) noexcept {
  const Due due = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].time < heap_[child].time) ++child;
    if (due.time <= heap_[child].time) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, due);
}

void TimerHeap::make_room(std::size_t end) {
  if (end > place_.size()) place_.resize(end, nowhere);
  reserve_more(heap_, place_.size() - heap_.size());
}

void TimerHeap::set(std::uint32_t item, Instant time) {
  if (item >= place_.size()) place_.resize(item + std::size_t{1}, nowhere);
  if (place_[item] == nowhere) {
    heap_.push_back({.time = time, .item = item});
    return rise(heap_.size() - 1);
  }
  const std::size_t place = place_[item];
  const bool earlier = time < heap_[place].time;
  heap_[place].time = time;
  earlier ? rise(place) : sink(place);
}

void TimerHeap::clear(std::uint32_t item) noexcept {
  if (item >= place_.size() || place_[item] == nowhere) return;
  const std::size_t place = place_[item];
  place_[item] = nowhere;
  const Due last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  const bool earlier = last.time < heap_[place].time;  // heap_[place] still holds the cleared item
  put(place, last);
  earlier ? rise(place) : sink(place);
}

}  // namespace multiping::engine
