// Extension structures for the tests of ICMP extensions, and the expected results.
// Another program computed the checksums.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "packet/icmp_extension.hpp"
#include "support/hex.hpp"

namespace multiping::test {

using packet::IcmpExtensions;

inline Bytes mpls_structure() {
  return hex(
      "20 00 dd14"             // version 2, reserved, checksum
      "000c 01 01"             // object: length, MPLS, incoming stack
      "05dcfa 01 000101 ff");  // 24015, class 5, TTL 1; 16, class 0, bottom, TTL 255
}

inline const std::vector<MplsLabel> labels{{.label = 24015, .traffic_class = 5, .bottom_of_stack = false, .ttl = 1},
                                           {.label = 16, .traffic_class = 0, .bottom_of_stack = true, .ttl = 255}};

inline Bytes interface_structure() {
  return hex(
      "20 00 bd5f"
      "0020 02 8f"                           // interface: outgoing, with all parts
      "000002a1"                             // index 673
      "0001 0000 c0000205"                   // IPv4, 192.0.2.5
      "0c 67 65 2d 30 2f 30 2f 31 2e 35 00"  // 12 bytes: "ge-0/0/1.5", padding
      "00002328");                           // MTU 9000
}

inline const InterfaceInfo reported_interface{.role = InterfaceInfo::Role::outgoing,
                                              .index = 673,
                                              .address = Address::v4({192, 0, 2, 5}),
                                              .name = "ge-0/0/1.5",
                                              .mtu = 9000};

inline Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

inline Bytes resized(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

inline void check_labels(const IcmpExtensions& found) {
  BOOST_CHECK(found.mpls == labels);
  BOOST_TEST(found.interfaces.empty());
}

inline void check_nothing(const IcmpExtensions& found) { BOOST_CHECK(found == IcmpExtensions{}); }

// The same structure with a checksum of zero, which means that there is none.
inline Bytes without_checksum(const Bytes& structure) { return with(with(structure, 2, 0), 3, 0); }

}  // namespace multiping::test
