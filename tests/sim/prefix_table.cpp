// Keeps the blocks sorted by length, longest first, so that the first match is the longest.
// See prefix_table.hpp.
#include "sim/prefix_table.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

namespace multiping::test {

Prefix Prefix::parse(const std::string& text) {
  const auto slash = text.find('/');
  const auto base = Address::parse(std::string_view{text}.substr(0, slash));
  if (!base) throw std::invalid_argument{"no address block: " + text};
  auto length = static_cast<unsigned>(base->bytes().size() * 8);
  if (slash != std::string::npos) std::from_chars(text.data() + slash + 1, text.data() + text.size(), length);
  return {*base, length};
}

bool Prefix::contains(const Address& address) const noexcept {
  if (address.family() != base.family()) return false;
  for (unsigned bit = 0; bit < length; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if ((address.bytes()[bit / 8] & mask) != (base.bytes()[bit / 8] & mask)) return false;
  }
  return true;
}

void PrefixTable::add(const std::string& block, std::size_t index) {
  const Prefix prefix = Prefix::parse(block);
  if (prefix.length == prefix.base.bytes().size() * 8) {
    hosts_.emplace(prefix.base, index);
  } else {
    blocks_.emplace_back(prefix, index);
    std::ranges::stable_sort(blocks_, [](const auto& a, const auto& b) { return a.first.length > b.first.length; });
  }
}

std::optional<std::size_t> PrefixTable::find(const Address& address) const {
  if (const auto host = hosts_.find(address); host != hosts_.end()) return host->second;
  for (const auto& [prefix, index] : blocks_) {
    if (prefix.contains(address)) return index;
  }
  return {};
}

}  // namespace multiping::test
