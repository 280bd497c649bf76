// Tests of ICMP parsing in both families: messages, the meaning of errors, and the echo requests that errors quote.
// The packets come from samples.hpp.
#include "packet/icmp.hpp"

#include <boost/test/unit_test.hpp>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_icmp)

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

Bytes copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

void check_is_our_probe(const std::optional<QuotedEcho>& echo) {
  BOOST_REQUIRE(echo);
  BOOST_TEST(echo->id == 0xbeef);
  BOOST_TEST(echo->sequence == 0x0102);
}

BOOST_AUTO_TEST_CASE(an_echo_reply) {
  const auto bytes = test::echo_reply_v4();
  const auto message = parse_icmp(bytes);
  BOOST_REQUIRE(message);
  BOOST_TEST(message->type == icmpv4::echo_reply);
  BOOST_TEST(message->code == 0);
  BOOST_TEST(message->checksum == 0xad77);
  BOOST_TEST(message->word1 == 0xbeef);
  BOOST_TEST(message->word2 == 0x0102);
  BOOST_TEST(copy(message->body) == test::echo_payload(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_message_has_eight_bytes_at_least) {
  test::with_every_truncation(test::echo_reply_v4(), [](const Bytes& bytes) {
    const auto message = parse_icmp(bytes);
    BOOST_TEST(message.has_value() == (bytes.size() >= 8));
    if (message) BOOST_TEST(message->body.size() == bytes.size() - 8);
  });
}

BOOST_AUTO_TEST_CASE(checksums) {
  BOOST_TEST(icmpv4_checksum_ok(test::echo_reply_v4()));
  BOOST_TEST(icmpv4_checksum_ok(test::echo_request_v4()));
  BOOST_TEST(icmpv4_checksum_ok(test::time_exceeded_v4()));
  BOOST_TEST(icmpv4_checksum_ok(test::fragmentation_needed_v4()));
  BOOST_TEST(!icmpv4_checksum_ok(with(test::echo_reply_v4(), 23, 1)));
  BOOST_TEST(!icmpv4_checksum_ok(Bytes(24)));  // for all zeros, zero is a wrong checksum
  BOOST_TEST(!icmpv4_checksum_ok({}));
}

BOOST_AUTO_TEST_CASE(what_icmpv4_messages_mean) {
  const auto kind = [](int type, int code) {
    return classify_error(Family::ipv4, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code));
  };
  for (int code = 0; code <= 15; ++code) BOOST_CHECK(kind(3, code) == ErrorKind::unreachable);
  BOOST_CHECK(kind(11, 0) == ErrorKind::ttl_expired);
  BOOST_CHECK(kind(11, 1) == ErrorKind::unreachable);
  BOOST_CHECK(kind(12, 0) == ErrorKind::unreachable);
  BOOST_CHECK(kind(4, 0) == ErrorKind::ignored);
  BOOST_CHECK(kind(5, 1) == ErrorKind::ignored);
  for (const int type : {0, 1, 2, 8, 13, 14, 128, 255}) BOOST_CHECK(kind(type, 0) == ErrorKind::not_an_error);
}

BOOST_AUTO_TEST_CASE(what_icmpv6_messages_mean) {
  const auto kind = [](int type, int code) {
    return classify_error(Family::ipv6, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code));
  };
  for (int code = 0; code <= 8; ++code) BOOST_CHECK(kind(1, code) == ErrorKind::unreachable);
  BOOST_CHECK(kind(2, 0) == ErrorKind::unreachable);
  BOOST_CHECK(kind(3, 0) == ErrorKind::ttl_expired);
  BOOST_CHECK(kind(3, 1) == ErrorKind::unreachable);
  BOOST_CHECK(kind(4, 1) == ErrorKind::unreachable);
  BOOST_CHECK(kind(137, 0) == ErrorKind::ignored);
  for (const int type : {0, 5, 11, 100, 127}) BOOST_CHECK(kind(type, 0) == ErrorKind::ignored);
  for (const int type : {128, 129, 130, 135, 136, 255}) BOOST_CHECK(kind(type, 0) == ErrorKind::not_an_error);
}

BOOST_AUTO_TEST_CASE(no_family_has_no_errors) {
  BOOST_CHECK(classify_error(Family::any, 3, 0) == ErrorKind::not_an_error);
}

BOOST_AUTO_TEST_CASE(reported_mtus) {
  const auto mtu = [](Family family, const Bytes& bytes) { return reported_mtu(family, parse_icmp(bytes).value()); };
  BOOST_TEST(mtu(Family::ipv4, test::fragmentation_needed_v4()) == 1300U);
  BOOST_TEST(mtu(Family::ipv6, test::packet_too_big_v6()) == 1280U);
  BOOST_TEST(mtu(Family::ipv6, hex("0200 0000 89abcdef")) == 0x89abcdefU);
  BOOST_TEST(mtu(Family::ipv4, hex("0304 0000 ffff0514")) == 1300U);  // the unused half of the word is ignored
  BOOST_TEST(mtu(Family::ipv4, hex("0301 0000 00000514")) == 0U);     // host unreachable
  BOOST_TEST(mtu(Family::ipv4, hex("0b04 0000 00000514")) == 0U);     // time exceeded
  BOOST_TEST(mtu(Family::ipv6, hex("0304 0000 00000514")) == 0U);
}

BOOST_AUTO_TEST_CASE(an_error_that_quotes_the_whole_probe) {
  const auto bytes = test::time_exceeded_v4();
  const auto echo = parse_quoted_echo(Family::ipv4, parse_icmp(bytes).value().body);
  check_is_our_probe(echo);
  BOOST_TEST(echo->checksum == 0xa577);
  BOOST_TEST(echo->source == test::host_v4);
  BOOST_TEST(echo->destination == test::target_v4);
  BOOST_TEST(copy(echo->payload) == test::echo_payload(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_that_quotes_eight_bytes) {
  const auto bytes = test::fragmentation_needed_v4();
  const auto echo = parse_quoted_echo(Family::ipv4, parse_icmp(bytes).value().body);
  check_is_our_probe(echo);
  BOOST_TEST(echo->destination == test::target_v4);
  BOOST_TEST(echo->payload.empty());
}

BOOST_AUTO_TEST_CASE(an_error_of_ipv6) {
  const auto bytes = test::packet_too_big_v6();
  const auto echo = parse_quoted_echo(Family::ipv6, parse_icmp(bytes).value().body);
  check_is_our_probe(echo);
  BOOST_TEST(echo->checksum == 0xd1a1);
  BOOST_TEST(echo->source == test::host_v6);
  BOOST_TEST(echo->destination == test::target_v6);
  BOOST_TEST(copy(echo->payload) == test::echo_payload(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_and_extension_headers_in_the_quote) {
  check_is_our_probe(parse_quoted_echo(Family::ipv4, test::quoted_ipv4_with_options()));
  check_is_our_probe(parse_quoted_echo(Family::ipv6, test::quoted_ipv6_with_extensions()));
}

BOOST_AUTO_TEST_CASE(first_fragments_are_accepted_later_ones_refused) {
  check_is_our_probe(parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 6, 0x20)));  // more fragments
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 7, 1)));

  const auto fragment = [](const Bytes& header) {
    return test::ipv6_header(44, 8 + 24) + header + test::echo_request_v6();
  };
  check_is_our_probe(parse_quoted_echo(Family::ipv6, fragment(hex("3a 00 0001 12345678"))));
  BOOST_TEST(!parse_quoted_echo(Family::ipv6, fragment(hex("3a 00 0008 12345678"))));
}

BOOST_AUTO_TEST_CASE(other_things_quoted_are_refused) {
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 9, 17)));    // UDP
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 9, 58)));    // ICMPv6 over IPv4
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 20, 0)));    // an echo reply
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 20, 128)));  // the type of the other family
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, with(test::quoted_ipv4(), 21, 1)));    // no such code
  BOOST_TEST(!parse_quoted_echo(Family::ipv6, with(test::quoted_ipv6(), 6, 1)));     // ICMP over IPv6
  BOOST_TEST(!parse_quoted_echo(Family::ipv6, with(test::quoted_ipv6(), 40, 129)));  // an echo reply
  BOOST_TEST(!parse_quoted_echo(Family::ipv6, test::quoted_ipv4()));
  BOOST_TEST(!parse_quoted_echo(Family::ipv4, test::quoted_ipv6()));
}

BOOST_AUTO_TEST_CASE(a_quote_from_the_icmp_header_on) {
  const auto v4 = test::echo_request_v4();
  const auto echo = parse_quoted_icmp_header(Family::ipv4, v4);
  check_is_our_probe(echo);
  BOOST_TEST(echo->checksum == 0xa577);
  BOOST_TEST(echo->payload.size() == 16U);
  BOOST_TEST(!echo->source);
  BOOST_TEST(!echo->destination);
  check_is_our_probe(parse_quoted_icmp_header(Family::ipv6, test::echo_request_v6()));
  BOOST_TEST(!parse_quoted_icmp_header(Family::ipv6, v4));
  BOOST_TEST(!parse_quoted_icmp_header(Family::ipv4, test::echo_request_v6()));
  BOOST_TEST(!parse_quoted_icmp_header(Family::ipv4, test::echo_reply_v4()));
  BOOST_TEST(!parse_quoted_icmp_header(Family::ipv4, std::span{v4}.first(7)));
  check_is_our_probe(parse_quoted_icmp_header(Family::ipv4, std::span{v4}.first(8)));
}

// Parses every beginning of `quote`. The parser must find an echo in beginnings of `header_length` + 8 bytes and more.
void check_truncations(Family family, const Bytes& quote, std::size_t header_length) {
  test::with_every_truncation(quote, [&](const Bytes& bytes) {
    const auto echo = parse_quoted_echo(family, bytes);
    BOOST_TEST(echo.has_value() == (bytes.size() >= header_length + 8));
    if (echo) BOOST_TEST(test::lies_inside(echo->payload, bytes));
  });
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_quote_is_safe) {
  check_truncations(Family::ipv4, test::quoted_ipv4(), 20);
  check_truncations(Family::ipv4, test::quoted_ipv4_with_options(), 24);
  check_truncations(Family::ipv6, test::quoted_ipv6(), 40);
  const auto extended = test::quoted_ipv6_with_extensions();
  check_truncations(Family::ipv6, extended, extended.size() - 24);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
