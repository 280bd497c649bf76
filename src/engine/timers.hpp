// The next time of each of many items, and which of them is due first. Any of them can be moved or cleared.
// Pure: a binary heap that knows where each item stands, O(log n) for everything but a look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "net/instant.hpp"

namespace multiping::engine {

/// Items are small numbers; memory grows with the greatest.
class Timers {
 public:
  /// For items below `end`; then set() throws nothing.
  void make_room(std::size_t end);
  /// From now on the item's time is `time`, whether it had one or not.
  void set(std::uint32_t item, net::Instant time);
  void clear(std::uint32_t item) noexcept;

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  /// The earliest time; the end of time when no item has one.
  [[nodiscard]] net::Instant next() const noexcept { return empty() ? net::Instant::max() : heap_[0].time; }
  /// The item of the earliest time, where there is one.
  [[nodiscard]] std::uint32_t first() const noexcept { return heap_[0].item; }

 private:
  struct Due {
    net::Instant time{};
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
