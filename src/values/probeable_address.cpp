// Only looks at the address and the options; asks the kernel nothing.
// See values/probeable_address.hpp.
#include "values/probeable_address.hpp"

#include "multiping/error.hpp"
#include "values/address_kinds.hpp"

namespace multiping {

std::error_code objection(const Address& address) noexcept {
  if (is_no_host(address)) return Errc::destination_denied;
  if (is_link_local(address) && address.scope_id() == 0) return Errc::zone_missing;
  return {};
}

std::error_code objection(const Address& address, const ProbeOptions& probe) noexcept {
  const std::error_code error = objection(address);
  return error == Errc::zone_missing && !probe.device.empty() ? std::error_code{} : error;
}

Address without_idle_zone(const Address& address) noexcept {
  return address.scope_id() == 0 || is_link_local(address) ? address : in_zone(address, 0);
}

}  // namespace multiping
