// Tells whether this host has a route to an address: asks the kernel, and sends nothing.
// For names with addresses of both families, RFC 6724 section 6, rule 1.
#pragma once

#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping::os {

/// Whether there is a route for such a probe, given its device, mark, traffic class and source address. True also when
/// that cannot be found out.
[[nodiscard]] bool has_route(const Address& to, const ProbeOptions& probe) noexcept;

}  // namespace multiping::os
