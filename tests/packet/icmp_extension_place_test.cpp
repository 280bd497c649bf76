// Tests of the place of extensions in ICMP errors and in quotes from an error queue: length fields, the legacy offset,
// short quotes, and long quotes that must not be taken for a structure. A structure must give its labels or nothing.
#include <boost/test/unit_test.hpp>
#include <initializer_list>
#include <span>

#include "packet/extension_samples.hpp"
#include "packet/icmp.hpp"
#include "packet/icmp_extension.hpp"
#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::check_labels;
using test::check_nothing;
using test::hex;
using test::interface_structure;
using test::mpls_structure;
using test::operator+;
using test::resized;
using test::with;
using test::without_checksum;

BOOST_AUTO_TEST_SUITE(packet_icmp_extension_place)

// The extensions of a time exceeded error, or one of `type`, with this number in its length field.
IcmpExtensions in_error_v4(std::uint8_t length, const Bytes& body, std::uint8_t type = icmpv4::time_exceeded) {
  const auto message = Bytes{type, 0, 0, 0, 0, length, 0, 0} + body;
  return extensions_of(Family::ipv4, parse_icmp(message).value());
}

IcmpExtensions in_error_v6(std::uint8_t length, const Bytes& body, std::uint8_t type = icmpv6::time_exceeded) {
  const auto message = Bytes{type, 0, 0, 0, length, 0, 0, 0} + body;
  return extensions_of(Family::ipv6, parse_icmp(message).value());
}

// A payload that does not look like a structure.
Bytes filler(std::size_t size) { return Bytes(size, 0x5a); }

BOOST_AUTO_TEST_CASE(an_error_of_ipv4_with_a_length_field) {
  const auto quote = resized(test::quoted_ipv4(), 128);
  check_labels(in_error_v4(32, quote + mpls_structure()));
  check_labels(in_error_v4(32, quote + mpls_structure(), icmpv4::destination_unreachable));
  check_labels(in_error_v4(32, quote + mpls_structure(), icmpv4::parameter_problem));
  check_labels(in_error_v4(32, quote + without_checksum(mpls_structure())));
  check_labels(in_error_v4(50, filler(200) + mpls_structure()));
  check_labels(in_error_v4(255, filler(1020) + mpls_structure()));
}

BOOST_AUTO_TEST_CASE(an_error_of_ipv6_with_a_length_field) {
  const auto quote = resized(test::quoted_ipv6(), 128);
  check_labels(in_error_v6(16, quote + mpls_structure()));
  check_labels(in_error_v6(16, quote + mpls_structure(), icmpv6::destination_unreachable));
  check_labels(in_error_v6(16, quote + without_checksum(mpls_structure())));
  check_labels(in_error_v6(152, filler(1216) + mpls_structure()));
}

BOOST_AUTO_TEST_CASE(the_length_field_is_one_octet_and_the_others_do_not_matter) {
  const auto body = resized(test::quoted_ipv4(), 128) + mpls_structure();
  const auto fragmentation_needed = hex("03 04 0000 ff 20 0514") + body;  // unused, 32 words, MTU 1300
  check_labels(extensions_of(Family::ipv4, parse_icmp(fragmentation_needed).value()));
  const auto parameter_problem = hex("0c 00 0000 14 20 0000") + body;  // pointer 20
  check_labels(extensions_of(Family::ipv4, parse_icmp(parameter_problem).value()));
  const auto v6 = hex("01 00 0000 10 ffffff") + resized(test::quoted_ipv6(), 128) + mpls_structure();
  check_labels(extensions_of(Family::ipv6, parse_icmp(v6).value()));
}

BOOST_AUTO_TEST_CASE(errors_that_have_no_extensions) {
  const auto v4 = resized(test::quoted_ipv4(), 128) + mpls_structure();
  for (const std::uint8_t type : {icmpv4::source_quench, icmpv4::redirect, icmpv4::echo_reply})
    check_nothing(in_error_v4(32, v4, type));
  const auto v6 = resized(test::quoted_ipv6(), 128) + mpls_structure();
  for (const std::uint8_t type : {icmpv6::packet_too_big, icmpv6::parameter_problem, icmpv6::redirect})
    check_nothing(in_error_v6(16, v6, type));
  check_nothing(extensions_of(Family::any, parse_icmp(hex("0b 00 0000 00 20 0000") + v4).value()));
}

BOOST_AUTO_TEST_CASE(the_legacy_offset_of_128_bytes) {
  check_labels(in_error_v4(0, resized(test::quoted_ipv4(), 128) + mpls_structure()));
  check_labels(in_error_v6(0, resized(test::quoted_ipv6(), 128) + mpls_structure()));
  check_nothing(in_error_v4(0, resized(test::quoted_ipv4(), 132) + mpls_structure()));
  check_nothing(in_error_v4(0, resized(test::quoted_ipv4(), 124) + mpls_structure()));
}

BOOST_AUTO_TEST_CASE(at_the_legacy_offset_the_checksum_must_be_there_and_right) {
  const auto quote = resized(test::quoted_ipv4(), 128);
  check_nothing(in_error_v4(0, quote + without_checksum(mpls_structure())));
  check_nothing(in_error_v4(0, quote + with(mpls_structure(), 3, 0x15)));
  check_nothing(in_error_v4(0, quote + with(mpls_structure(), 0, 0x10)));
}

BOOST_AUTO_TEST_CASE(a_length_of_17_words) {
  const auto quote = resized(test::quoted_ipv4(), 68);
  check_labels(in_error_v4(17, quote + mpls_structure()));
  check_nothing(in_error_v4(17, quote + without_checksum(mpls_structure())));
  check_nothing(in_error_v4(17, quote + with(mpls_structure(), 3, 0x15)));
  check_labels(in_error_v4(17, resized(quote, 128) + mpls_structure()));  // a quote of 68 bytes, padded
  check_nothing(in_error_v4(17, resized(quote, 128) + without_checksum(mpls_structure())));
  check_labels(in_error_v6(9, resized(test::quoted_ipv6(), 72) + mpls_structure()));
}

BOOST_AUTO_TEST_CASE(a_length_of_128_bytes_or_more_is_taken_at_its_word) {
  const auto quote = filler(128);
  check_nothing(in_error_v4(33, quote + mpls_structure()));  // the length points 4 bytes into a valid structure
  check_nothing(in_error_v4(32, quote + with(mpls_structure(), 3, 0x15)));
  check_nothing(in_error_v4(32, quote + filler(16)));
}

BOOST_AUTO_TEST_CASE(a_length_that_points_outside_is_none) {
  const auto quote = filler(128);
  check_labels(in_error_v4(255, quote + mpls_structure()));
  check_labels(in_error_v4(36, quote + mpls_structure()));  // the length points to the end
  check_nothing(in_error_v4(255, quote));
  check_nothing(in_error_v4(32, quote));
  check_nothing(in_error_v4(32, quote + hex("20 00 df")));
  check_nothing(in_error_v4(32, {}));
  check_nothing(in_error_v6(255, filler(2)));
}

BOOST_AUTO_TEST_CASE(a_long_quote_is_not_mistaken_for_a_structure) {
  check_nothing(in_error_v4(0, filler(1400)));
  check_nothing(in_error_v4(0, Bytes(1400)));
  check_nothing(in_error_v4(0, filler(128) + mpls_structure() + filler(600)));  // in a payload, not at the end
  check_nothing(in_error_v4(0, filler(128) + hex("2000 0000") + filler(600)));
  check_nothing(in_error_v4(0, Bytes(1400, 0x20)));
  check_nothing(in_error_v6(0, filler(1232)));
}

BOOST_AUTO_TEST_CASE(every_truncation_of_an_error_is_safe) {
  const auto body = resized(test::quoted_ipv4(), 128) + mpls_structure();
  test::with_every_truncation(body, [&](const Bytes& bytes) {
    for (const auto length : std::initializer_list<std::uint8_t>{0, 17, 32}) {
      const auto found = in_error_v4(length, bytes);
      BOOST_TEST(found.mpls.size() == (bytes.size() == body.size() ? 2U : 0U));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_quote_whose_extension_the_kernel_found) {
  const auto quoted = resized(test::echo_request_v4(), 108);  // 128 bytes minus a header of 20
  check_labels(extensions_of_quote(quoted + mpls_structure(), 108, 20));
  check_labels(extensions_of_quote(quoted + without_checksum(mpls_structure()), 108, 20));
  check_nothing(extensions_of_quote(quoted + with(mpls_structure(), 3, 0x15), 108, 20));
  check_nothing(extensions_of_quote(quoted + mpls_structure(), 104, 20));  // no other offset is tried
  check_nothing(extensions_of_quote(quoted + mpls_structure(), 5000, 20));
  check_labels(extensions_of_quote(filler(1200) + mpls_structure(), 1200, 20));
}

BOOST_AUTO_TEST_CASE(a_quote_at_the_legacy_offset_behind_headers_of_any_length) {
  for (const std::size_t header : {20U, 24U, 60U})  // IPv4
    check_labels(extensions_of_quote(resized(test::echo_request_v4(), 128 - header) + mpls_structure(), 0, 20));
  for (const std::size_t header : {40U, 48U, 96U})  // IPv6
    check_labels(extensions_of_quote(resized(test::echo_request_v6(), 128 - header) + mpls_structure(), 0, 40));
  for (const std::size_t header : {28U, 32U, 68U})  // IPv4 and UDP
    check_labels(extensions_of_quote(filler(128 - header) + mpls_structure(), 0, 28));
  check_labels(extensions_of_quote(filler(128 - 48) + mpls_structure(), 0, 48));  // IPv6 and UDP
}

BOOST_AUTO_TEST_CASE(a_short_quote_with_a_length_that_the_kernel_does_not_tell) {
  check_labels(extensions_of_quote(resized(test::echo_request_v4(), 68 - 20) + mpls_structure(), 0, 20));
  check_labels(extensions_of_quote(test::hex("00 50 c0 01 12 34 56 78") + mpls_structure(), 0, 20));
  check_labels(extensions_of_quote(mpls_structure(), 0, 28));  // a datagram without payload
}

BOOST_AUTO_TEST_CASE(a_quote_without_an_extension_has_none) {
  for (const std::size_t missing : {20U, 28U, 40U, 48U, 128U, 129U, 5000U}) {
    check_nothing(extensions_of_quote({}, 0, missing));
    check_nothing(extensions_of_quote(filler(1400), 0, missing));
    check_nothing(extensions_of_quote(Bytes(1400), 0, missing));
    check_nothing(extensions_of_quote(Bytes(1400, 0x20), 0, missing));
  }
  check_nothing(extensions_of_quote(resized(test::echo_request_v4(), 108) + without_checksum(mpls_structure()), 0, 20));
  check_nothing(extensions_of_quote(resized(test::echo_request_v4(), 108) + with(mpls_structure(), 3, 0x15), 0, 20));
  check_nothing(extensions_of_quote(filler(112) + mpls_structure(), 0, 20));  // at 132 bytes, after the legacy offset
}

BOOST_AUTO_TEST_CASE(a_quote_gives_what_the_whole_error_gives) {
  for (const std::size_t quoted_length : {28U, 68U, 128U}) {
    const auto quote = resized(test::quoted_ipv4(), quoted_length);
    const auto body = quote + interface_structure();
    const auto whole = in_error_v4(static_cast<std::uint8_t>(quoted_length / 4), body);
    BOOST_TEST(whole.interfaces.size() == 1U);
    BOOST_CHECK(extensions_of_quote(std::span{body}.subspan(20), 0, 20) == whole);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
