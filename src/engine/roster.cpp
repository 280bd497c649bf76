// A list without duplicates needs no table of targets after finish().
// See roster.hpp.
#include "engine/roster.hpp"

#include <numeric>
#include <utility>

namespace multiping::engine {

Roster::Roster(std::size_t positions) : index_{positions} {
  targets_.reserve(positions);
  endpoints_.reserve(positions);
}

void Roster::add(const Endpoint& endpoint) {
  const auto fresh = static_cast<std::uint32_t>(endpoints_.size());
  const auto known = [this](std::uint32_t target) -> const Endpoint& { return endpoints_[target]; };
  targets_.push_back(index_->find_or_add(endpoint, fresh, known));
  if (targets_.back() == fresh) endpoints_.push_back(endpoint);
}

std::vector<Endpoint> Roster::finish() {
  index_.reset();
  if (endpoints_.size() == targets_.size()) targets_ = {};
  return std::exchange(endpoints_, {});
}

void Roster::assign(std::size_t position, std::uint32_t target, std::size_t positions) {
  if (targets_.empty()) {
    targets_.resize(positions);
    std::iota(targets_.begin(), targets_.end(), 0U);
  }
  targets_[position] = target;
}

}  // namespace multiping::engine
