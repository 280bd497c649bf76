// Which addresses may be probed at all, and as what they are known to the kernel.
// Asked before anything is sent.
#pragma once

#include <system_error>

#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping {

/// Why this host must not or cannot send to an address; none when it may.
[[nodiscard]] std::error_code objection(const Address& address) noexcept;
/// Of such a probe. Where a link-local address gets its zone from the device, one that is not there is what the device
/// says.
[[nodiscard]] std::error_code objection(const Address& address, const ProbeOptions& probe) noexcept;

/// The address without a zone where the kernel reports none: only link-local addresses have one.
[[nodiscard]] Address without_idle_zone(const Address& address) noexcept;

}  // namespace multiping
