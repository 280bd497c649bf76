// Finds the descriptor of a token: a hash table in one piece of memory, with linear probing.
// Its memory grows with the most tokens held at once; only reserve_one() allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace multiping::os {

class ConnectionDescriptors {
 public:
  /// Makes room for one more entry. Only this function may throw.
  void reserve_one();
  /// Adds a token that is not in the table; reserve_one() was called before.
  void insert(std::uint64_t token, int descriptor) noexcept;
  [[nodiscard]] std::optional<int> find(std::uint64_t token) const noexcept;
  void erase(std::uint64_t token) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Entry {
    std::uint64_t token = 0;
    int descriptor = -1;  ///< -1: free
  };
  [[nodiscard]] std::size_t home(std::uint64_t token) const noexcept;
  [[nodiscard]] std::size_t next(std::size_t place) const noexcept { return (place + 1) & (entries_.size() - 1); }
  [[nodiscard]] std::size_t place_of(std::uint64_t token) const noexcept;

  std::vector<Entry> entries_;  ///< A power of two of them, at most half of them taken.
  std::size_t size_ = 0;
};

}  // namespace multiping::os
