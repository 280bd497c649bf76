// Finds the target number of a destination: a hash table that keeps eight bytes for each place and no destination.
// Pure. The caller provides the destination of each target number.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "engine/target_key.hpp"

namespace multiping::engine {

class TargetKeyIndex {
 public:
  static constexpr std::uint32_t no_target = std::numeric_limits<std::uint32_t>::max();

  /// Has room for at most `targets` targets.
  explicit TargetKeyIndex(std::size_t targets) : places_(std::bit_ceil(targets * 2 + 1)) {}

  /// Returns the known target of `destination`. If there is none, `fresh` becomes its target. `destination_of(target)`
  /// returns the destination of a known target.
  template <class EndpointOf>
  std::uint32_t find_or_add(const TargetKey& destination, std::uint32_t fresh, EndpointOf destination_of) {
    const std::uint64_t hash = hash_of(destination);
    Place& place = places_[place_of(destination, hash, destination_of)];
    if (place.target == no_target) place = {.hash = upper_half(hash), .target = fresh};
    return place.target;
  }
  /// Returns the known target of `destination`, or no_target.
  template <class EndpointOf>
  [[nodiscard]] std::uint32_t find(const TargetKey& destination, EndpointOf destination_of) const {
    return places_[place_of(destination, hash_of(destination), destination_of)].target;
  }

 private:
  /// Keeps half of the hash, so that most comparisons need no look at the destination itself.
  struct Place {
    std::uint32_t hash = 0;
    std::uint32_t target = no_target;
  };

  /// Returns 64 bits even where std::hash has fewer: the product spreads them over the upper half, which a Place keeps.
  [[nodiscard]] static std::uint64_t hash_of(const TargetKey& destination) noexcept {
    return (std::uint64_t{std::hash<Address>{}(destination.address)} + destination.profile) * 0x9e3779b97f4a7c15U;
  }
  [[nodiscard]] static std::uint32_t upper_half(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32U);
  }
  /// Open addressing with linear probing: the place of `destination`, or the empty place where it belongs.
  template <class EndpointOf>
  [[nodiscard]] std::size_t place_of(const TargetKey& destination, std::uint64_t hash,
                                     EndpointOf destination_of) const {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (places_[at].target != no_target &&
           (places_[at].hash != upper_half(hash) || destination_of(places_[at].target) != destination))
      at = (at + 1) & mask;
    return at;
  }

  std::vector<Place> places_;
};

}  // namespace multiping::engine
