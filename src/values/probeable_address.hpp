// Says which addresses may be probed, and in which form the kernel reports an address.
// The caller asks before it sends anything.
#pragma once

#include <system_error>

#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping {

/// Why this host must not or cannot send to an address; none when it may.
[[nodiscard]] std::error_code objection(const Address& address) noexcept;
/// The same for a probe with options. A link-local address may lack a zone when the probe has a device, which gives the
/// zone. A device that does not exist is no objection here; sending reports it.
[[nodiscard]] std::error_code objection(const Address& address, const ProbeOptions& probe) noexcept;

/// The address as the kernel reports it: without its zone unless it is link-local.
[[nodiscard]] Address without_idle_zone(const Address& address) noexcept;

}  // namespace multiping
