// The hosts that packets of the tests come from and go to, at addresses meant for examples (RFC 5737, RFC 3849).
// 192.0.2.7 and 2001:db8:7::9 are asked by 198.51.100.1 and 2001:db8::1, through 203.0.113.1 and 2001:db8:ff::1.
#pragma once

#include "multiping/address.hpp"

namespace multiping::test {

inline const Address host_v4 = Address::v4({198, 51, 100, 1});
inline const Address host_v6 = Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
inline const Address target_v4 = Address::v4({192, 0, 2, 7});
inline const Address target_v6 = Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
inline const Address other_v4 = Address::v4({192, 0, 2, 8});
inline const Address router_v4 = Address::v4({203, 0, 113, 1});
inline const Address router_v6 = Address::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

}  // namespace multiping::test
