// Tells some ICMP errors apart by type and code, in both address families.
// RFC 792, RFC 1122 section 3.2.2, RFC 4443.
#pragma once

#include "multiping/address.hpp"
#include "multiping/result.hpp"

namespace multiping::engine {

/// Fragment reassembly time exceeded: one fragment of the probe came to its target, and another was lost. Nothing is
/// unreachable, and the error does not come from a router.
inline bool is_lost_fragment(const IcmpError& error, Family family) noexcept {
  return error.type == (family == Family::ipv6 ? 3 : 11) && error.code == 1;
}

inline bool is_port_unreachable(const IcmpError& error, Family family) noexcept {
  return family == Family::ipv6 ? error.type == 1 && error.code == 4 : error.type == 3 && error.code == 3;
}

/// Fragmentation needed, or packet too big.
inline bool is_too_big(const IcmpError& error, Family family) noexcept {
  return family == Family::ipv6 ? error.type == 2 : error.type == 3 && error.code == 4;
}

}  // namespace multiping::engine
