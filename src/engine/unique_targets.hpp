// Maps each position of the caller's list to a target. A host that is listed twice is one target.
// Two names of one address are one target, too. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/target_key.hpp"
#include "engine/target_key_index.hpp"

namespace multiping::engine {

class UniqueTargets {
 public:
  static constexpr std::uint32_t no_target = TargetKeyIndex::no_target;

  /// Makes a map without positions.
  UniqueTargets() = default;
  explicit UniqueTargets(std::size_t positions);
  /// Adds the next position, which stands for this destination.
  void add(const TargetKey& destination);
  /// Adds the next position, which has no target, because it cannot be probed.
  void skip() { targets_.push_back(no_target); }
  /// To be called after the last position: returns the destinations in target order, and keeps only what target_of()
  /// needs.
  [[nodiscard]] std::vector<TargetKey> finish();

  /// To be called only after finish(): `position` stands for `target` now. `positions` is the length of the list.
  void assign(std::size_t position, std::uint32_t target, std::size_t positions);

  [[nodiscard]] std::uint32_t target_of(std::size_t position) const noexcept {
    return targets_.empty() ? static_cast<std::uint32_t>(position) : targets_[position];
  }
  /// True when each position has the same number as its target.
  [[nodiscard]] bool one_to_one() const noexcept { return targets_.empty(); }

 private:
  std::vector<std::uint32_t> targets_;  ///< By position; empty when each position equals its target.
  std::vector<TargetKey> destinations_;
  std::optional<TargetKeyIndex> index_{};  ///< Empty after finish(), and for one position.
};

}  // namespace multiping::engine
