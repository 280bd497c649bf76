// Numbers for the distinct ProbeOptions in use: equal options share one, and what nobody uses any more gives its number
// to others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/waiting_line.hpp"
#include "multiping/options.hpp"
#include "net/shape_number.hpp"

namespace multiping {

/// Each such probe takes a descriptor for as long as it is under way.
[[nodiscard]] inline bool connects(const ProbeOptions& options) noexcept {
  return options.protocol == Protocol::tcp && !options.half_open;
}

class Shapes {
 public:
  /// The number of `options`, for one more user. Throws std::bad_alloc, with nothing changed, where there is no memory
  /// for one more, and when all net::most_shapes are in use.
  struct Numbered {
    net::ShapeNumber number = 0;
    bool fresh = false;  ///< What these options are was not made known yet: see note_known().
  };
  [[nodiscard]] Numbered acquire(const ProbeOptions& options);
  /// Who has to know the options of this number knows them.
  void note_known(net::ShapeNumber number) noexcept { entries_[number].known = true; }
  /// One user less. The last one's number stays with these options until others need it.
  void release(net::ShapeNumber number) noexcept;

  [[nodiscard]] const ProbeOptions& operator[](net::ShapeNumber number) const noexcept {
    return entries_[number].options;
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// All of them, in the order of their numbers.
  [[nodiscard]] std::vector<ProbeOptions> take() &&;

 private:
  struct Entry {
    ProbeOptions options{};
    std::size_t users = 0;
    bool known = false;
  };
  [[nodiscard]] std::optional<net::ShapeNumber> find(const ProbeOptions& options) const;
  [[nodiscard]] net::ShapeNumber add(Entry entry);
  [[nodiscard]] net::ShapeNumber replace_idle(Entry entry) noexcept;

  std::vector<Entry> entries_;
  engine::WaitingLine idle_;  ///< Without a user, the longest so first.
  std::size_t idle_count_ = 0;
  std::unordered_multimap<std::size_t, net::ShapeNumber> by_hash_;
};

}  // namespace multiping
