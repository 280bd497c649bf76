// A table of address blocks, each with an index.
// Finds the longest block that contains an address. Single addresses are found by hash.
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
  /// Reads "10.0.0.0/24"; a single address is a block of one address. Throws std::invalid_argument.
  [[nodiscard]] static Prefix parse(const std::string& text);
  [[nodiscard]] bool contains(const Address& address) const noexcept;
};

/// Gives the index of the longest block that contains an address.
class PrefixTable {
 public:
  void add(const std::string& block, std::size_t index);
  [[nodiscard]] std::optional<std::size_t> find(const Address& address) const;

 private:
  std::unordered_map<Address, std::size_t> hosts_;  // single addresses, so that a million of them are found fast
  std::vector<std::pair<Prefix, std::size_t>> blocks_;
};

}  // namespace multiping::test
