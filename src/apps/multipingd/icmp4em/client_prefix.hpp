// A block of addresses from which clients are allowed.
// Header only, pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "multiping/address.hpp"

namespace multiping::daemon {

/// The addresses that begin with the same `prefix` bits as `address`. Ipv6Zones are not compared.
struct ClientPrefix {
  Address address{};
  unsigned prefix = 0;

  [[nodiscard]] bool contains(const Address& client) const noexcept {
    const auto mine = address.bytes();
    const auto theirs = client.bytes();
    if (mine.empty() || mine.size() != theirs.size() || prefix > 8 * mine.size()) return false;
    const std::size_t whole = prefix / 8;
    const unsigned rest = prefix % 8;
    if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) return false;
    return rest == 0 || (mine[whole] ^ theirs[whole]) >> (8 - rest) == 0;
  }
};

/// 127.0.0.0/8 and ::1.
[[nodiscard]] inline bool is_loopback(const Address& address) noexcept {
  const auto octets = address.bytes();
  if (address.family() == Family::ipv4) return octets[0] == 127;
  const auto is_zero = [](std::uint8_t octet) { return octet == 0; };
  return address.family() == Family::ipv6 && octets[15] == 1 && std::all_of(octets.begin(), octets.end() - 1, is_zero);
}

}  // namespace multiping::daemon
