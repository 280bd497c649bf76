// Address blocks and what belongs to them.
// Finds the longest block around an address, and whole addresses at no cost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::test {

/// An address block.
struct Prefix {
  Address base{};
  unsigned length = 0;
  /// "10.0.0.0/24"; a lone address is a block of one. Throws std::invalid_argument.
  [[nodiscard]] static Prefix parse(const std::string& text);
  [[nodiscard]] bool contains(const Address& address) const noexcept;
};

/// Blocks in any number to an index: the longest that contains an address.
class PrefixTable {
 public:
  void add(const std::string& block, std::size_t index);
  [[nodiscard]] std::optional<std::size_t> find(const Address& address) const;

 private:
  std::unordered_map<Address, std::size_t> hosts_;  // whole addresses, so that a million of them cost nothing
  std::vector<std::pair<Prefix, std::size_t>> blocks_;
};

}  // namespace multiping::test
