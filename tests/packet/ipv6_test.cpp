// Tests of the IPv6 parser: extension headers, alone and in chains, quotes cut short, wrong lengths.
// The packets come from samples.hpp.
#include "packet/ipv6.hpp"

#include <boost/test/unit_test.hpp>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_ipv6)

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

// A packet with `count` hop-by-hop headers before the ICMPv6 message.
Bytes chain_of(std::size_t count) {
  Bytes headers;
  for (std::size_t i = 1; i <= count; ++i)
    headers = headers + hex(i < count ? "00 00" : "3a 00") + hex("0104 00000000");
  return test::ipv6_header(0, static_cast<std::uint8_t>(24 + headers.size())) + headers + test::echo_request_v6();
}

BOOST_AUTO_TEST_CASE(a_header_without_extensions) {
  const auto bytes = test::quoted_ipv6();
  const auto packet = parse_ipv6(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->header_length == 40U);
  BOOST_TEST(packet->traffic_class == 0x28);
  BOOST_TEST(packet->flow_label == 0xabcdeU);
  BOOST_TEST(packet->payload_length == 24);
  BOOST_TEST(packet->hop_limit == 1);
  BOOST_TEST(packet->protocol == 58);
  BOOST_TEST(packet->fragment_offset == 0);
  BOOST_TEST(!packet->more_fragments);
  BOOST_TEST(packet->source == test::host_v6);
  BOOST_TEST(packet->destination == test::target_v6);
  BOOST_TEST(Bytes(packet->payload.begin(), packet->payload.end()) == test::echo_request_v6(),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_extension_header_is_skipped) {
  const auto bytes = test::quoted_ipv6_with_extensions();
  const auto packet = parse_ipv6(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->header_length == bytes.size() - 24);
  BOOST_TEST(packet->protocol == 58);
  BOOST_TEST(packet->more_fragments);
  BOOST_TEST(packet->fragment_offset == 0);
  BOOST_TEST(Bytes(packet->payload.begin(), packet->payload.end()) == test::echo_request_v6(),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_authentication_header_counts_in_words_less_two) {
  for (const std::size_t length : {0U, 1U, 4U, 40U}) {  // 0 is too short for RFC 4302, but the parser still advances
    auto header = Bytes(length * 4 + 8);
    header[0] = 58;
    header[1] = static_cast<std::uint8_t>(length);
    const auto packet_length = static_cast<std::uint8_t>(header.size() + 24);
    const auto bytes = test::ipv6_header(51, packet_length) + header + test::echo_request_v6();
    const auto packet = parse_ipv6(bytes);
    BOOST_REQUIRE(packet);
    BOOST_TEST(packet->header_length == 40 + header.size());
    BOOST_TEST(packet->protocol == 58);
  }
}

BOOST_AUTO_TEST_CASE(behind_a_later_fragment_there_is_no_header) {
  const auto bytes = test::ipv6_header(44, 8 + 24) + hex("00 00 05a9 12345678") + test::echo_request_v6();
  const auto packet = parse_ipv6(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->fragment_offset == 1448);
  BOOST_TEST(packet->more_fragments);
  BOOST_TEST(packet->protocol == 0);  // hop-by-hop options, which are in the first fragment alone
  BOOST_TEST(packet->payload.size() == 24U);
}

BOOST_AUTO_TEST_CASE(the_reserved_byte_of_a_fragment_header_is_no_length) {
  const auto bytes = test::ipv6_header(44, 8 + 24) + hex("3a ff 0000 12345678") + test::echo_request_v6();
  const auto packet = parse_ipv6(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->header_length == 48U);
}

BOOST_AUTO_TEST_CASE(no_next_header_ends_the_chain) {
  const auto bytes = test::ipv6_header(59, 4) + hex("00000000");
  const auto packet = parse_ipv6(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->protocol == 59);
}

BOOST_AUTO_TEST_CASE(a_chain_has_a_limit) {
  const auto eight = parse_ipv6(chain_of(8));
  BOOST_REQUIRE(eight);
  BOOST_TEST(eight->protocol == 58);
  BOOST_TEST(!parse_ipv6(chain_of(9)));
}

BOOST_AUTO_TEST_CASE(a_quote_may_hold_less_than_the_packet_was) {
  const auto whole = test::quoted_ipv6();
  const auto packet = parse_ipv6(std::span{whole}.first(48));
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->payload_length == 24);
  BOOST_TEST(packet->payload.size() == 8U);
}

BOOST_AUTO_TEST_CASE(what_is_behind_the_packet_is_not_its_payload) {
  const auto packet = parse_ipv6(test::quoted_ipv6() + hex("deadbeef"));
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->payload.size() == 24U);
  BOOST_TEST(packet->header_length == 40U);
}

BOOST_AUTO_TEST_CASE(an_extension_header_may_not_leave_the_packet) {
  auto bytes = test::quoted_ipv6_with_extensions();
  bytes[4] = 0;
  bytes[5] = 7;  // the payload is shorter than the first extension header
  BOOST_TEST(!parse_ipv6(bytes));
  BOOST_TEST(!parse_ipv6(with(test::quoted_ipv6_with_extensions(), 41, 0xff)));  // a header of 2,048 bytes
}

BOOST_AUTO_TEST_CASE(refused_headers) {
  BOOST_TEST(!parse_ipv6({}));
  BOOST_TEST(!parse_ipv6(with(test::quoted_ipv6(), 0, 0x45)));  // version 4
  BOOST_TEST(!parse_ipv6(with(test::quoted_ipv6(), 0, 0x72)));  // version 7
}

BOOST_AUTO_TEST_CASE(a_mapped_address_is_not_taken_for_an_ipv4_one) {
  const auto mapped = hex("00 00 00 00 00 00 00 00 00 00 ff ff c0 00 02 07");
  for (const std::ptrdiff_t field : {8, 24}) {
    auto bytes = test::quoted_ipv6();
    std::copy(mapped.begin(), mapped.end(), bytes.begin() + field);
    BOOST_TEST(!parse_ipv6(bytes));
  }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_safe) {
  for (const auto& whole : {test::quoted_ipv6(), test::quoted_ipv6_with_extensions(), chain_of(8)}) {
    const auto header_length = parse_ipv6(whole).value().header_length;
    test::with_every_truncation(whole, [&](const Bytes& bytes) {
      const auto packet = parse_ipv6(bytes);
      BOOST_TEST(packet.has_value() == (bytes.size() >= header_length));
      if (packet) BOOST_TEST(test::lies_inside(packet->payload, bytes));
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
