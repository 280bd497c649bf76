// Which addresses may be probed at all, and as what they are known to the kernel.
// See destination.hpp.
#include "destination.hpp"

#include <algorithm>
#include <array>

#include "multiping/error.hpp"
#include "net/address_facts.hpp"

namespace multiping {

std::error_code objection(const Address& address) noexcept {
  if (net::is_no_host(address)) return Errc::destination_denied;
  if (net::is_link_local(address) && address.scope_id() == 0) return Errc::zone_missing;
  return {};
}

Address without_idle_zone(const Address& address) noexcept {
  if (address.scope_id() == 0 || net::is_link_local(address)) return address;
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.bytes(), octets.begin());
  return Address::v6(octets);
}

}  // namespace multiping
