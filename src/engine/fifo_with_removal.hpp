// A queue of items, first come, first served, which any item may leave at any time.
// Pure: a doubly linked list whose links are item numbers; each operation takes O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace multiping::engine {

/// Items are small numbers; memory grows with the greatest number.
class FifoWithRemoval {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nobody; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t front() const noexcept { return first_; }
  [[nodiscard]] bool holds(std::uint32_t item) const noexcept { return item < links_.size() && links_[item].waits; }

  /// Makes room for items below `end`.
  void make_room(std::size_t end) {
    if (end > links_.size()) links_.resize(end);
  }
  /// Puts an item at the end or at the front. There must be room for the item, and it must not be in the line.
  void push_back(std::uint32_t item) noexcept { link(item, last_, nobody); }
  void push_front(std::uint32_t item) noexcept { link(item, nobody, first_); }
  /// Does nothing if the item is not in the line.
  void remove(std::uint32_t item) noexcept {
    if (!holds(item)) return;
    const Link gone = links_[item];
    (gone.before == nobody ? first_ : links_[gone.before].behind) = gone.behind;
    (gone.behind == nobody ? last_ : links_[gone.behind].before) = gone.before;
    links_[item] = {};
    --size_;
  }

 private:
  static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
  struct Link {
    std::uint32_t before = nobody, behind = nobody;
    bool waits = false;
  };

  void link(std::uint32_t item, std::uint32_t before, std::uint32_t behind) noexcept {
    links_[item] = {.before = before, .behind = behind, .waits = true};
    (before == nobody ? first_ : links_[before].behind) = item;
    (behind == nobody ? last_ : links_[behind].before) = item;
    ++size_;
  }

  std::vector<Link> links_;
  std::uint32_t first_ = nobody, last_ = nobody;
  std::size_t size_ = 0;
};

}  // namespace multiping::engine
