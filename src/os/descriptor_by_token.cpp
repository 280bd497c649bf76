// An erased entry leaves no marker: entries after it move up into the hole.
// See descriptor_by_token.hpp.
#include "os/descriptor_by_token.hpp"

#include <utility>

namespace multiping::os {

std::size_t ConnectionDescriptors::home(std::uint64_t token) const noexcept {
  // Fibonacci hashing, so that tokens at equal distances do not cluster.
  return static_cast<std::size_t>((token * 0x9e3779b97f4a7c15U) >> 32U) & (entries_.size() - 1);
}

/// The place of the token, or the free place where it would be.
std::size_t ConnectionDescriptors::place_of(std::uint64_t token) const noexcept {
  std::size_t place = home(token);
  while (entries_[place].descriptor >= 0 && entries_[place].token != token) place = next(place);
  return place;
}

void ConnectionDescriptors::reserve_one() {
  if (2 * (size_ + 1) <= entries_.size()) return;
  std::vector<Entry> old(entries_.empty() ? 16 : 2 * entries_.size());
  std::swap(old, entries_);
  for (const Entry& entry : old)
    if (entry.descriptor >= 0) entries_[place_of(entry.token)] = entry;
}

void ConnectionDescriptors::insert(std::uint64_t token, int descriptor) noexcept {
  entries_[place_of(token)] = {.token = token, .descriptor = descriptor};
  ++size_;
}

std::optional<int> ConnectionDescriptors::find(std::uint64_t token) const noexcept {
  if (size_ == 0) return std::nullopt;
  const Entry& entry = entries_[place_of(token)];
  return entry.descriptor >= 0 ? std::optional{entry.descriptor} : std::nullopt;
}

void ConnectionDescriptors::erase(std::uint64_t token) noexcept {
  if (!find(token)) return;
  std::size_t hole = place_of(token);
  entries_[hole] = {};
  --size_;
  // An entry after the hole, up to the next free place, moves into the hole if it could no longer be found otherwise.
  for (std::size_t place = next(hole); entries_[place].descriptor >= 0; place = next(place)) {
    const std::size_t mask = entries_.size() - 1;
    const std::size_t from_home = (place - home(entries_[place].token)) & mask;
    const std::size_t from_hole = (place - hole) & mask;
    if (from_home < from_hole) continue;
    entries_[hole] = std::exchange(entries_[place], {});
    hole = place;
  }
}

}  // namespace multiping::os
