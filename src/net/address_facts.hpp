// What an address tells by its octets alone.
// Header only, pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "multiping/address.hpp"

namespace multiping::net {

/// Same octets; the zone that a socket reports is left out where a packet quotes none.
[[nodiscard]] inline bool same_octets(const Address& a, const Address& b) noexcept {
  return std::ranges::equal(a.bytes(), b.bytes());
}

/// fe80::/10, which means nothing without a zone. Links of IPv4 have none.
[[nodiscard]] inline bool is_link_local(const Address& address) noexcept {
  const auto octets = address.bytes();
  return address.family() == Family::ipv6 && octets[0] == 0xfe && (octets[1] & 0xc0U) == 0x80;
}

/// The same IPv6 address on the interface of that index; 0: without a zone.
[[nodiscard]] inline Address in_zone(const Address& address, std::uint32_t index) noexcept {
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  return Address::v6(octets, index);
}

/// Unspecified, broadcast or multicast; or no address at all.
[[nodiscard]] inline bool is_no_host(const Address& address) noexcept {
  const auto octets = address.bytes();
  const auto all = [&](std::uint8_t value) { return std::ranges::count(octets, value) == std::ssize(octets); };
  if (all(0)) return true;
  if (address.family() == Family::ipv6) return octets[0] == 0xff;
  return all(0xff) || (octets[0] & 0xf0U) == 0xe0;
}

}  // namespace multiping::net
