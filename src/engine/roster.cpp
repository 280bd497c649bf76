// Which target each position of the caller's list stands for.
// See roster.hpp.
#include "engine/roster.hpp"

#include <bit>
#include <functional>
#include <utility>

namespace multiping::engine {

Roster::Roster(std::size_t positions) : index_(std::bit_ceil(positions * 2 + 1)) {
  targets_.reserve(positions);
  endpoints_.reserve(positions);
}

void Roster::add(const Endpoint& endpoint) {
  // 64 bits wherever std::hash has fewer: the product spreads them over the half that tells endpoints apart.
  const std::uint64_t hash =
      (std::uint64_t{std::hash<Address>{}(endpoint.address)} + endpoint.shape) * 0x9e3779b97f4a7c15U;
  const auto part = static_cast<std::uint32_t>(hash >> 32U);
  const std::size_t mask = index_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  while (index_[at].target != no_target && (index_[at].hash != part || endpoints_[index_[at].target] != endpoint))
    at = (at + 1) & mask;
  if (index_[at].target == no_target) {
    index_[at] = {.hash = part, .target = static_cast<std::uint32_t>(endpoints_.size())};
    endpoints_.push_back(endpoint);
  }
  targets_.push_back(index_[at].target);
}

std::vector<Endpoint> Roster::finish() {
  index_ = {};
  if (endpoints_.size() == targets_.size()) targets_ = {};
  return std::exchange(endpoints_, {});
}

}  // namespace multiping::engine
