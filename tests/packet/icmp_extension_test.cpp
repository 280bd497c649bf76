// Tests of ICMP extensions: the structure and its objects, well-formed and not.
// icmp_extension_place_test.cpp tests where errors and quotes hold a structure.
#include "packet/icmp_extension.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "packet/extension_samples.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::check_labels;
using test::check_nothing;
using test::hex;
using test::interface_structure;
using test::labels;
using test::mpls_structure;
using test::operator+;
using test::reported_interface;
using test::with;
using test::without_checksum;

BOOST_AUTO_TEST_SUITE(packet_icmp_extension)

Bytes mpls_object() { return hex("000c 01 01 05dcfa 01 000101 ff"); }
Bytes unknown_object() { return hex("0009 c8 07 aabbccddee"); }

// A structure of these objects, with the right checksum.
Bytes structure_of(const Bytes& objects) {
  auto structure = hex("20 00 0000") + objects;
  const auto checksum = internet_checksum(structure);
  structure[2] = static_cast<std::uint8_t>(checksum >> 8);
  structure[3] = static_cast<std::uint8_t>(checksum);
  return structure;
}

Bytes repeated(const Bytes& part, int count) {
  Bytes all;
  for (int i = 0; i < count; ++i) all = std::move(all) + part;
  return all;
}

std::optional<IcmpExtensions> parsed(const Bytes& structure) { return parse_icmp_extensions(structure, true); }

// The interface in an object of this C-Type and these parts; nothing when the parser drops it.
std::optional<InterfaceInfo> parsed_interface(std::uint8_t c_type, const Bytes& parts) {
  const Bytes header{0, static_cast<std::uint8_t>(4 + parts.size()), 2, c_type};
  const auto extensions = parsed(structure_of(header + parts)).value();
  if (extensions.interfaces.empty()) return std::nullopt;
  return extensions.interfaces.front();
}

BOOST_AUTO_TEST_CASE(a_label_stack) {
  const auto found = parsed(mpls_structure());
  BOOST_REQUIRE(found);
  check_labels(*found);
}

BOOST_AUTO_TEST_CASE(the_fields_of_a_label_are_20_3_1_and_8_bits) {
  const auto found = parsed(structure_of(hex("0010 01 01 fffff000 00000e00 000001ff"))).value().mpls;
  const std::vector<MplsLabel> expected{
      {.label = 0xfffff}, {.traffic_class = 7}, {.bottom_of_stack = true, .ttl = 255}};
  BOOST_CHECK(found == expected);
}

BOOST_AUTO_TEST_CASE(several_objects_in_one_structure) {
  const auto found =
      parsed(structure_of(hex("0008 01 01 05dcfa01") + unknown_object() + hex("0008 01 01 000101ff"))).value();
  check_labels(found);
}

BOOST_AUTO_TEST_CASE(a_structure_without_objects_is_one) {
  const auto found = parsed(hex("2000 dfff"));
  BOOST_REQUIRE(found);
  check_nothing(*found);
}

BOOST_AUTO_TEST_CASE(unknown_classes_and_types_are_skipped) {
  check_labels(parsed(structure_of(unknown_object() + mpls_object() + unknown_object())).value());
  check_labels(parsed(structure_of(hex("0004 c8 00") + mpls_object())).value());  // an object without contents
  check_nothing(parsed(structure_of(hex("0008 01 02 05dcfa01"))).value());        // MPLS of another type
  check_nothing(parsed(structure_of(hex("0008 00 01 05dcfa01"))).value());
}

BOOST_AUTO_TEST_CASE(the_version_must_be_2) {
  for (unsigned version = 0; version < 16; ++version) {
    const auto changed = with(without_checksum(mpls_structure()), 0, static_cast<std::uint8_t>(version << 4));
    BOOST_TEST(parse_icmp_extensions(changed, false).has_value() == (version == 2));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_anywhere_shows) {
  const auto structure = mpls_structure();
  for (std::size_t bit = 0; bit < structure.size() * 8; ++bit) {
    auto damaged = structure;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
    BOOST_TEST(!parse_icmp_extensions(damaged, true));
    BOOST_TEST(!parse_icmp_extensions(damaged, false));
  }
}

BOOST_AUTO_TEST_CASE(a_checksum_of_zero_stands_for_none_where_that_is_allowed) {
  const auto structure = without_checksum(mpls_structure());
  BOOST_TEST(!parse_icmp_extensions(structure, true));
  const auto found = parse_icmp_extensions(structure, false);
  BOOST_REQUIRE(found);
  check_labels(*found);
}

BOOST_AUTO_TEST_CASE(an_objects_length_is_its_headers_at_least_and_what_remains_at_most) {
  for (const unsigned length : {0U, 1U, 2U, 3U, 13U, 16U, 256U, 65535U}) {
    const Bytes claimed{static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    const auto object = claimed + hex("01 01 05dcfa01 000101ff");
    BOOST_TEST(!parsed(structure_of(object)));
    BOOST_TEST(!parsed(structure_of(mpls_object() + object)));  // the valid object before it is dropped too
  }
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_last_object_are_no_object) {
  for (std::size_t size = 1; size < 4; ++size) BOOST_TEST(!parsed(structure_of(mpls_object() + Bytes(size, 0))));
}

BOOST_AUTO_TEST_CASE(a_label_stack_that_is_no_whole_number_of_labels_is_skipped) {
  check_nothing(parsed(structure_of(hex("0004 01 01"))).value());
  check_nothing(parsed(structure_of(hex("0006 01 01 05dc"))).value());
  check_labels(parsed(structure_of(hex("0009 01 01 05dcfa01 00") + mpls_object())).value());
}

BOOST_AUTO_TEST_CASE(a_hundred_objects) {
  const auto found = parsed(structure_of(repeated(hex("0008 01 01 000101ff"), 100))).value();
  BOOST_TEST(found.mpls.size() == 100U);
  for (const auto& label : found.mpls) BOOST_CHECK(label == labels[1]);
  check_labels(parsed(structure_of(repeated(unknown_object(), 100) + mpls_object())).value());
}

BOOST_AUTO_TEST_CASE(the_first_of_too_many_are_kept) {
  const auto stack = parsed(structure_of(repeated(mpls_object(), 5000))).value();
  BOOST_TEST(stack.mpls.size() == most_labels);
  BOOST_CHECK(stack.mpls[0] == labels[0]);
  BOOST_CHECK(stack.mpls[1] == labels[1]);
  const auto roles = parsed(structure_of(repeated(hex("0008 02 08 00000007"), 5000))).value();
  BOOST_TEST(roles.interfaces.size() == most_interfaces);
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_structure_is_safe) {
  for (const auto& structure : {mpls_structure(), interface_structure()}) {
    test::with_every_truncation(structure, [&](const Bytes& bytes) {
      const bool whole = bytes.size() == structure.size();
      BOOST_TEST(parse_icmp_extensions(bytes, true).has_value() == whole);
      const bool header_alone = bytes.size() == 4;
      if (bytes.size() >= 4)
        BOOST_TEST(parse_icmp_extensions(without_checksum(bytes), false).has_value() == (whole || header_alone));
    });
  }
}

BOOST_AUTO_TEST_CASE(an_interface_with_all_its_parts) {
  const auto found = parsed(interface_structure());
  BOOST_REQUIRE(found);
  BOOST_TEST(found->mpls.empty());
  BOOST_REQUIRE(found->interfaces.size() == 1U);
  BOOST_CHECK(found->interfaces[0] == reported_interface);
}

BOOST_AUTO_TEST_CASE(each_part_of_an_interface_may_stand_alone) {
  using Role = InterfaceInfo::Role;
  BOOST_CHECK(parsed_interface(0x08, hex("000002a1")) == InterfaceInfo{.index = 673});
  BOOST_CHECK(parsed_interface(0x44, hex("0001 0000 c0000205")) ==
              (InterfaceInfo{.role = Role::sub_ip, .address = Address::v4({192, 0, 2, 5})}));
  BOOST_CHECK(parsed_interface(0xc4, hex("0002 0000 20010db8000700000000000000000009")) ==
              (InterfaceInfo{.role = Role::next_hop, .address = test::target_v6}));
  BOOST_CHECK(parsed_interface(0x82, hex("08 65 74 68 30 00 00 00")) ==
              (InterfaceInfo{.role = Role::outgoing, .name = "eth0"}));
  BOOST_CHECK(parsed_interface(0x01, hex("000005dc")) == InterfaceInfo{.mtu = 1500});
  BOOST_CHECK(parsed_interface(0xc0, {}) == InterfaceInfo{.role = Role::next_hop});
  BOOST_CHECK(parsed_interface(0x39, hex("000002a1 000005dc")) ==
              (InterfaceInfo{.index = 673, .mtu = 1500}));  // reserved bits are ignored
}

BOOST_AUTO_TEST_CASE(an_interface_lacking_a_part_that_it_announces_is_skipped) {
  const auto structure = interface_structure();
  const Bytes parts(structure.begin() + 8, structure.end());
  test::with_every_truncation(parts, [&](const Bytes& some) {
    const auto found = parsed_interface(0x8f, some);
    BOOST_TEST(found.has_value() == (some.size() == parts.size()));
  });
}

BOOST_AUTO_TEST_CASE(a_malformed_interface_does_not_take_the_labels_with_it) {
  check_labels(parsed(structure_of(hex("0006 02 08 0000") + mpls_object())).value());
}

BOOST_AUTO_TEST_CASE(an_address_of_an_unknown_family_has_no_known_length) {
  BOOST_TEST(!parsed_interface(0x04, hex("0003 0000 c0000205")));
  BOOST_TEST(!parsed_interface(0x05, hex("0000 0000 c0000205 000005dc")));
  BOOST_TEST(!parsed_interface(0x04, hex("0002 0000 c0000205")));  // IPv6 of four octets
}

BOOST_AUTO_TEST_CASE(a_names_length_is_a_multiple_of_four_up_to_64) {
  for (unsigned length = 0; length < 256; ++length) {
    const auto name = Bytes{static_cast<std::uint8_t>(length)} + Bytes(127, 'x');
    const auto found = parsed_interface(0x02, name);
    const bool possible = length > 0 && length % 4 == 0 && length <= 64;
    BOOST_TEST(found.has_value() == possible);
    if (found) BOOST_TEST(found->name == std::string(length - 1, 'x'));
  }
}

BOOST_AUTO_TEST_CASE(a_name_ends_at_its_first_zero_and_is_kept_as_it_came) {
  BOOST_TEST(parsed_interface(0x02, hex("08 61 00 62 63 00 00 00")).value().name == "a");
  BOOST_TEST(parsed_interface(0x02, hex("04 00 00 00")).value().name.empty());
  BOOST_TEST(parsed_interface(0x02, hex("08 1b 5b 33 31 6d c3 a4")).value().name == "\x1b[31m\xc3\xa4");
}

BOOST_AUTO_TEST_CASE(labels_and_interfaces_side_by_side) {
  const auto structure = interface_structure();
  const Bytes object(structure.begin() + 4, structure.end());
  const auto found = parsed(structure_of(object + mpls_object() + object)).value();
  BOOST_CHECK(found.mpls == labels);
  BOOST_CHECK((found.interfaces == std::vector<InterfaceInfo>{reported_interface, reported_interface}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
