// What an address tells by its octets alone.
// Header only, pure.
#pragma once

#include <algorithm>
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

/// Unspecified, broadcast or multicast; or no address at all.
[[nodiscard]] inline bool is_no_host(const Address& address) noexcept {
  const auto octets = address.bytes();
  const auto all = [&](std::uint8_t value) { return std::ranges::count(octets, value) == std::ssize(octets); };
  if (all(0)) return true;
  if (address.family() == Family::ipv6) return octets[0] == 0xff;
  return all(0xff) || (octets[0] & 0xf0U) == 0xe0;
}

}  // namespace multiping::net
