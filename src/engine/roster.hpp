// Which target each position of the caller's list stands for: a host listed twice, or two names of one address, are one
// target. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/endpoint.hpp"
#include "engine/endpoint_index.hpp"

namespace multiping::engine {

class Roster {
 public:
  static constexpr std::uint32_t no_target = EndpointIndex::no_target;

  /// Of no position.
  Roster() = default;
  explicit Roster(std::size_t positions);
  /// The next position stands for this endpoint.
  void add(const Endpoint& endpoint);
  /// The next position stands for nothing that could be probed.
  void skip() { targets_.push_back(no_target); }
  /// After the last position: keeps only what target_of() needs, and hands out the endpoints in order.
  [[nodiscard]] std::vector<Endpoint> finish();

  /// After finish(): what a position stands for has changed. `positions` is the length of the list.
  void assign(std::size_t position, std::uint32_t target, std::size_t positions);

  [[nodiscard]] std::uint32_t target_of(std::size_t position) const noexcept {
    return targets_.empty() ? static_cast<std::uint32_t>(position) : targets_[position];
  }
  /// Every position is a target of its own.
  [[nodiscard]] bool one_to_one() const noexcept { return targets_.empty(); }

 private:
  std::vector<std::uint32_t> targets_;  ///< By position; empty when position and target are the same number.
  std::vector<Endpoint> endpoints_;
  std::optional<EndpointIndex> index_{};  ///< Until finish().
};

}  // namespace multiping::engine
