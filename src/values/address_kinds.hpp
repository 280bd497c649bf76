// Facts about an address that its octets alone tell.
// Header only, pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "multiping/address.hpp"

namespace multiping {

/// Compares the octets alone: a socket reports a zone, but a quoted packet carries none.
[[nodiscard]] inline bool same_octets(const Address& a, const Address& b) noexcept {
  return std::ranges::equal(a.bytes(), b.bytes());
}

/// True for fe80::/10, which needs a zone. IPv4 link-local addresses do not count.
[[nodiscard]] inline bool is_link_local(const Address& address) noexcept {
  const auto octets = address.bytes();
  return address.family() == Family::ipv6 && octets[0] == 0xfe && (octets[1] & 0xc0U) == 0x80;
}

/// Returns the same address, an IPv6 one with the zone of interface `index`; 0: without a zone.
[[nodiscard]] inline Address in_zone(const Address& address, std::uint32_t index) noexcept {
  if (address.family() != Family::ipv6) return address;
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  return Address::v6(octets, index);
}

/// True for an unspecified, broadcast or multicast address, and for an empty Address.
[[nodiscard]] inline bool is_no_host(const Address& address) noexcept {
  const auto octets = address.bytes();
  const auto all = [&](std::uint8_t value) { return std::ranges::count(octets, value) == std::ssize(octets); };
  if (all(0)) return true;
  if (address.family() == Family::ipv6) return octets[0] == 0xff;
  return all(0xff) || (octets[0] & 0xf0U) == 0xe0;
}

}  // namespace multiping
