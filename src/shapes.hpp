// Numbers for the distinct ProbeOptions in use: equal options share one, and what nobody uses any more gives its number
// to others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "multiping/options.hpp"

namespace multiping {

/// Each such probe takes a descriptor for as long as it is under way.
[[nodiscard]] inline bool connects(const ProbeOptions& options) noexcept {
  return options.protocol == Protocol::tcp && !options.half_open;
}

class Shapes {
 public:
  /// The number of `options`, for one more user; none when all 65,536 are taken. `fresh`: it was not these options'
  /// number before.
  struct Numbered {
    std::uint16_t number = 0;
    bool fresh = false;
  };
  [[nodiscard]] std::optional<Numbered> acquire(const ProbeOptions& options);
  /// One user less. The last one's number stays with these options until others need it.
  void release(std::uint16_t number);

  [[nodiscard]] const ProbeOptions& operator[](std::uint16_t number) const { return entries_[number].options; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// All of them, in the order of their numbers.
  [[nodiscard]] std::vector<ProbeOptions> take() &&;

 private:
  struct Entry {
    ProbeOptions options{};
    std::size_t users = 0;
    std::list<std::uint16_t>::iterator idle{};  ///< Its place in idle_, while it has no user.
  };
  [[nodiscard]] std::optional<std::uint16_t> find(const ProbeOptions& options) const;
  [[nodiscard]] std::optional<std::uint16_t> free_number();

  std::vector<Entry> entries_;
  std::list<std::uint16_t> idle_;  ///< Without a user, the longest so first.
  std::unordered_multimap<std::size_t, std::uint16_t> by_hash_;
};

}  // namespace multiping
