// Finds the item of a token. Tokens are handed out in order, so that few share a bucket.
// Pure: chains of items in buckets, without an allocation for each token. Changes and look-ups take O(1).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace multiping::engine {

/// Items are small numbers; memory grows with the greatest number. An item has one token at a time.
class SingleProbeByToken {
 public:
  /// Makes room for items below `end`; add() of these items then needs no memory.
  void make_room(std::size_t end) {
    if (end <= entries_.size()) return;
    const std::size_t size = std::bit_ceil(end);
    std::vector<std::uint32_t> buckets(size, nobody);
    entries_.resize(size);
    buckets_.swap(buckets);
    for (const std::uint32_t first : buckets)
      for (std::uint32_t item = first; item != nobody;) {
        const std::uint32_t next = entries_[item].next;
        add(entries_[item].token, item);
        item = next;
      }
  }
  void add(std::uint64_t token, std::uint32_t item) noexcept {
    std::uint32_t& first = bucket(token);
    entries_[item] = {.token = token, .next = first};
    first = item;
  }
  /// The token must be there.
  void remove(std::uint64_t token) noexcept {
    std::uint32_t* at = &bucket(token);
    while (entries_[*at].token != token) at = &entries_[*at].next;
    *at = entries_[*at].next;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t token) const noexcept {
    if (buckets_.empty()) return std::nullopt;
    for (std::uint32_t item = buckets_[place(token)]; item != nobody; item = entries_[item].next)
      if (entries_[item].token == token) return item;
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
  struct Entry {
    std::uint64_t token = 0;
    std::uint32_t next = nobody;
  };

  [[nodiscard]] std::size_t place(std::uint64_t token) const noexcept {
    return static_cast<std::size_t>(token) & (buckets_.size() - 1);
  }
  [[nodiscard]] std::uint32_t& bucket(std::uint64_t token) noexcept { return buckets_[place(token)]; }

  std::vector<Entry> entries_;          ///< By item.
  std::vector<std::uint32_t> buckets_;  ///< The first item of each chain; their number is a power of two.
};

}  // namespace multiping::engine
