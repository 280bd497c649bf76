// A list without duplicates needs no table of targets after finish().
// See unique_targets.hpp.
#include "engine/unique_targets.hpp"

#include <numeric>
#include <utility>

namespace multiping::engine {

UniqueTargets::UniqueTargets(std::size_t positions) {
  if (positions > 1) index_.emplace(positions);
  targets_.reserve(positions);
  destinations_.reserve(positions);
}

void UniqueTargets::add(const TargetKey& destination) {
  const auto fresh = static_cast<std::uint32_t>(destinations_.size());
  const auto known = [this](std::uint32_t target) -> const TargetKey& { return destinations_[target]; };
  targets_.push_back(index_ ? index_->find_or_add(destination, fresh, known) : fresh);
  if (targets_.back() == fresh) destinations_.push_back(destination);
}

std::vector<TargetKey> UniqueTargets::finish() {
  index_.reset();
  if (destinations_.size() == targets_.size()) targets_ = {};
  return std::exchange(destinations_, {});
}

void UniqueTargets::assign(std::size_t position, std::uint32_t target, std::size_t positions) {
  if (targets_.empty()) {
    targets_.resize(positions);
    std::iota(targets_.begin(), targets_.end(), 0U);
  }
  targets_[position] = target;
}

}  // namespace multiping::engine
