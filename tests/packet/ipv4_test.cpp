// Tests of the IPv4 parser: headers of every length, quotes cut short, wrong lengths.
// The packets come from samples.hpp.
#include "packet/ipv4.hpp"

#include <boost/test/unit_test.hpp>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_ipv4)

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

BOOST_AUTO_TEST_CASE(a_header_without_options) {
  const auto bytes = test::ipv4_reply();
  const auto packet = parse_ipv4(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->header_length == 20U);
  BOOST_TEST(packet->tos == 0x10);
  BOOST_TEST(packet->total_length == 44);
  BOOST_TEST(packet->ttl == 57);
  BOOST_TEST(packet->protocol == 1);
  BOOST_TEST(packet->fragment_offset == 0);
  BOOST_TEST(!packet->more_fragments);
  BOOST_TEST(packet->source == test::target_v4);
  BOOST_TEST(packet->destination == test::host_v4);
  BOOST_TEST(Bytes(packet->payload.begin(), packet->payload.end()) == test::echo_reply_v4(),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_of_every_length) {
  for (std::size_t words = 5; words <= 15; ++words) {
    auto bytes = test::ipv4_reply();
    bytes.insert(bytes.begin() + 20, (words - 5) * 4, 0x01);  // option "no operation"
    bytes[0] = static_cast<std::uint8_t>(0x40 | words);
    bytes[3] = static_cast<std::uint8_t>(bytes.size());
    const auto packet = parse_ipv4(bytes);
    BOOST_REQUIRE(packet);
    BOOST_TEST(packet->header_length == words * 4);
    BOOST_TEST(packet->payload.data() == bytes.data() + words * 4);
    BOOST_TEST(packet->payload.size() == 24U);
  }
}

BOOST_AUTO_TEST_CASE(the_longest_header) {
  const auto bytes = test::ipv4_reply_with_options();
  const auto packet = parse_ipv4(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->header_length == 60U);
  BOOST_TEST(packet->payload.size() == 24U);
}

BOOST_AUTO_TEST_CASE(fragments) {
  const auto middle = parse_ipv4(with(with(test::ipv4_reply(), 6, 0x20), 7, 0xb9));
  BOOST_REQUIRE(middle);
  BOOST_TEST(middle->more_fragments);
  BOOST_TEST(middle->fragment_offset == 1480);
  const auto farthest = parse_ipv4(with(with(test::ipv4_reply(), 6, 0x1f), 7, 0xff));
  BOOST_REQUIRE(farthest);
  BOOST_TEST(!farthest->more_fragments);
  BOOST_TEST(farthest->fragment_offset == 65528);
}

BOOST_AUTO_TEST_CASE(a_quote_may_hold_less_than_the_packet_was) {
  const auto whole = test::ipv4_reply();
  const auto packet = parse_ipv4(std::span{whole}.first(28));
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->total_length == 44);
  BOOST_TEST(packet->payload.size() == 8U);
}

BOOST_AUTO_TEST_CASE(what_is_behind_the_packet_is_not_its_payload) {
  const auto bytes = test::ipv4_reply() + hex("deadbeef");
  const auto packet = parse_ipv4(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->payload.size() == 24U);
}

BOOST_AUTO_TEST_CASE(a_header_alone_is_a_packet_without_payload) {
  auto bytes = with(test::ipv4_reply(), 3, 20);
  const auto packet = parse_ipv4(bytes);
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->payload.empty());
}

BOOST_AUTO_TEST_CASE(refused_headers) {
  BOOST_TEST(!parse_ipv4({}));
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 0, 0x65)));  // version 6
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 0, 0x05)));  // version 0
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 0, 0x44)));  // header of 16 bytes
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 0, 0x40)));  // header of 0 bytes
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 0, 0x4f)));  // header longer than the packet
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 3, 19)));    // total length less than the header
  BOOST_TEST(!parse_ipv4(with(test::ipv4_reply(), 3, 0)));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_safe) {
  for (const auto& whole : {test::ipv4_reply(), test::ipv4_reply_with_options(), test::quoted_ipv4_with_options()}) {
    const auto header_length = parse_ipv4(whole).value().header_length;
    test::with_every_truncation(whole, [&](const Bytes& bytes) {
      const auto packet = parse_ipv4(bytes);
      BOOST_TEST(packet.has_value() == (bytes.size() >= header_length));
      if (packet) BOOST_TEST(test::lies_inside(packet->payload, bytes));
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
