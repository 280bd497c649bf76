// Keeps the next time of each of many items, and finds the item that is due first. Any time can be changed or cleared.
// Pure: a binary heap that knows the place of each item. Changes take O(log n), look-ups O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/monotonic_time.hpp"

namespace multiping::engine {

/// Items are small numbers; memory grows with the greatest number.
class TimerHeap {
 public:
  /// Reserves memory for items below `end`; set() of these items then throws nothing.
  void make_room(std::size_t end);
  /// Sets the item's time, whether it had one or not.
  void set(std::uint32_t item, Instant time);
  void clear(std::uint32_t item) noexcept;

  /// The item's time; none when it has none.
  [[nodiscard]] std::optional<Instant> time_of(std::uint32_t item) const noexcept {
    if (item >= place_.size() || place_[item] == nowhere) return std::nullopt;
    return heap_[place_[item]].time;
  }
  /// Calls `visit(item, time)` for each item that has a time, in no order.
  template <class Visit>
  void each(Visit visit) const {
    for (const Due& due : heap_) visit(due.item, due.time);
  }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  /// The earliest time; Instant::max() when no item has a time.
  [[nodiscard]] Instant next() const noexcept { return empty() ? Instant::max() : heap_[0].time; }
  /// The item with the earliest time. Must not be called when empty().
  [[nodiscard]] std::uint32_t first() const noexcept { return heap_[0].item; }

 private:
  struct Due {
    Instant time{};
    std::uint32_t item = 0;
  };
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

  void put(std::size_t place, const Due& due) noexcept;
  void rise(std::size_t place) noexcept;
  void sink(std::size_t place) noexcept;

  std::vector<Due> heap_;
  std::vector<std::uint32_t> place_;  ///< By item.
};

}  // namespace multiping::engine
