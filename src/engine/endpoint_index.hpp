// Which target an endpoint is: a hash table that keeps eight bytes for each place and no endpoint.
// Pure. The caller says what a target stands for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "engine/endpoint.hpp"

namespace multiping::engine {

class EndpointIndex {
 public:
  static constexpr std::uint32_t no_target = std::numeric_limits<std::uint32_t>::max();

  /// For at most so many targets.
  explicit EndpointIndex(std::size_t targets) : places_(std::bit_ceil(targets * 2 + 1)) {}

  /// The target of `endpoint`: the one that is known, else `fresh` from now on. `endpoint_of(target)` is what a known
  /// target stands for.
  template <class EndpointOf>
  std::uint32_t find_or_add(const Endpoint& endpoint, std::uint32_t fresh, EndpointOf endpoint_of) {
    const std::uint64_t hash = hash_of(endpoint);
    Place& place = places_[place_of(endpoint, hash, endpoint_of)];
    if (place.target == no_target) place = {.hash = upper_half(hash), .target = fresh};
    return place.target;
  }
  /// The target of `endpoint`; no_target where none is known.
  template <class EndpointOf>
  [[nodiscard]] std::uint32_t find(const Endpoint& endpoint, EndpointOf endpoint_of) const {
    return places_[place_of(endpoint, hash_of(endpoint), endpoint_of)].target;
  }

 private:
  /// Part of the hash is kept, so that another endpoint is told apart without looking at it.
  struct Place {
    std::uint32_t hash = 0;
    std::uint32_t target = no_target;
  };

  /// 64 bits wherever std::hash has fewer: the product spreads them over the half that tells endpoints apart.
  [[nodiscard]] static std::uint64_t hash_of(const Endpoint& endpoint) noexcept {
    return (std::uint64_t{std::hash<Address>{}(endpoint.address)} + endpoint.shape) * 0x9e3779b97f4a7c15U;
  }
  [[nodiscard]] static std::uint32_t upper_half(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32U);
  }
  /// Open addressing.
  template <class EndpointOf>
  [[nodiscard]] std::size_t place_of(const Endpoint& endpoint, std::uint64_t hash, EndpointOf endpoint_of) const {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (places_[at].target != no_target &&
           (places_[at].hash != upper_half(hash) || endpoint_of(places_[at].target) != endpoint))
      at = (at + 1) & mask;
    return at;
  }

  std::vector<Place> places_;
};

}  // namespace multiping::engine
