// Tests of SCTP packets: the INIT that is sent, its answers, the quotes in errors, and CRC32c.
// Another program computed the checksums of the packets.
#include "packet/sctp.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <string_view>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_sctp)

Bytes init() {
  return hex(
      "c001 0050 00000000 c12038b4"  // ports 49153 and 80, no verification tag, checksum
      "01 00 0014"                   // INIT, flags, length
      "12345678 00010000"            // initiate tag, window
      "0001 0001 12345678");         // streams out and in, first number
}

Bytes init_ack() {
  return hex(
      "0050 c001 12345678 647ef1d4"   // ports, verification tag, checksum
      "02 00 001c 9abcdef0 0001a000"  // INIT ACK, flags, length, its own tag, window
      "000a 0010 11223344"            // streams, first number
      "0007 0008 01020304");          // state cookie
}

Bytes abort_chunk() { return hex("0050 c001 12345678 8b64c3cd 06 01 0004"); }

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

BOOST_AUTO_TEST_CASE(crc32c_of_digits) {
  constexpr std::string_view digits = "123456789";
  BOOST_TEST(crc32c(Bytes(digits.begin(), digits.end())) == 0xe3069283U);
  BOOST_TEST(crc32c({}) == 0U);
}

BOOST_AUTO_TEST_CASE(crc32c_of_the_examples_of_rfc_3720) {  // appendix B.4
  BOOST_TEST(crc32c(Bytes(32)) == 0x8a9136aaU);
  BOOST_TEST(crc32c(Bytes(32, 0xff)) == 0x62a8ab43U);
  Bytes counting(32);
  std::iota(counting.begin(), counting.end(), std::uint8_t{0});
  BOOST_TEST(crc32c(counting) == 0x46dd794eU);
  std::ranges::reverse(counting);
  BOOST_TEST(crc32c(counting) == 0x113fdb5cU);
  BOOST_TEST(crc32c(hex("01c00000 00000000 00000000 00000000 14000000 00000400"
                        "00000014 00000018 28000000 00000000 02000000 00000000")) == 0xd9963a56U);
}

BOOST_AUTO_TEST_CASE(an_encoded_init) {
  const auto packet = encode_sctp_init({.source_port = 0xc001, .destination_port = 80, .initiate_tag = 0x12345678});
  BOOST_TEST(Bytes(packet.begin(), packet.end()) == init(), boost::test_tools::per_element());
  BOOST_TEST(sctp_checksum_ok(packet));
}

BOOST_AUTO_TEST_CASE(an_init_ack) {
  const auto packet = parse_sctp(init_ack());
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->source_port == 80);
  BOOST_TEST(packet->destination_port == 0xc001);
  BOOST_TEST(packet->verification_tag == 0x12345678U);
  BOOST_TEST(packet->chunk_type == sctp_init_ack);
  BOOST_TEST(packet->chunk_flags == 0);
}

BOOST_AUTO_TEST_CASE(an_abort) {
  const auto packet = parse_sctp(abort_chunk());
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->verification_tag == 0x12345678U);
  BOOST_TEST(packet->chunk_type == sctp_abort);
  BOOST_TEST(packet->chunk_flags == 1);
}

BOOST_AUTO_TEST_CASE(the_length_of_a_chunk_is_its_headers_at_least_and_what_is_there_at_most) {
  for (unsigned length = 0; length < 64; ++length) {
    const auto packet = parse_sctp(with(init_ack(), 15, static_cast<std::uint8_t>(length)));
    BOOST_TEST(packet.has_value() == (length >= 4 && length <= 28));
  }
  BOOST_TEST(!parse_sctp(with(init_ack(), 14, 0xff)));
}

BOOST_AUTO_TEST_CASE(further_chunks_may_follow) {
  const auto packet = parse_sctp(abort_chunk() + hex("09 00 0004"));
  BOOST_REQUIRE(packet);
  BOOST_TEST(packet->chunk_type == sctp_abort);
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_packet_is_safe) {
  test::with_every_truncation(init_ack(), [](const Bytes& bytes) {
    BOOST_TEST(parse_sctp(bytes).has_value() == (bytes.size() == 40));
    BOOST_TEST(sctp_checksum_ok(bytes) == (bytes.size() == 40));
  });
  test::with_every_truncation(
      abort_chunk(), [](const Bytes& bytes) { BOOST_TEST(parse_sctp(bytes).has_value() == (bytes.size() == 16)); });
}

BOOST_AUTO_TEST_CASE(checksums) {
  BOOST_TEST(sctp_checksum_ok(init()));
  BOOST_TEST(sctp_checksum_ok(init_ack()));
  BOOST_TEST(sctp_checksum_ok(abort_chunk()));
  const auto packet = init_ack();
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    const auto flipped = static_cast<std::uint8_t>(packet[bit / 8] ^ 1U << bit % 8);
    BOOST_TEST(!sctp_checksum_ok(with(packet, bit / 8, flipped)));
  }
}

BOOST_AUTO_TEST_CASE(a_checksum_of_zero_is_one_that_was_left_to_hardware) {
  auto packet = init_ack();
  std::fill_n(packet.begin() + 8, 4, std::uint8_t{0});
  BOOST_TEST(sctp_checksum_ok(packet));
  BOOST_TEST(!sctp_checksum_ok(with(packet, 11, 1)));
  BOOST_TEST(!sctp_checksum_ok({}));
}

BOOST_AUTO_TEST_CASE(a_quote_gives_the_ports_from_eight_bytes_on_and_the_tag_from_twenty_on) {
  test::with_every_truncation(init(), [](const Bytes& bytes) {
    const auto quoted = parse_quoted_sctp(bytes);
    BOOST_REQUIRE(quoted.has_value() == (bytes.size() >= 8));
    if (!quoted) return;
    BOOST_TEST(quoted->source_port == 0xc001);
    BOOST_TEST(quoted->destination_port == 80);
    BOOST_TEST(quoted->initiate_tag.has_value() == (bytes.size() >= 20));
    BOOST_TEST(quoted->initiate_tag.value_or(0x12345678) == 0x12345678U);
  });
}

BOOST_AUTO_TEST_CASE(padding_behind_a_short_quote_is_no_tag) {
  auto padded = init();
  padded.resize(8);
  padded.resize(108);
  const auto quoted = parse_quoted_sctp(padded);
  BOOST_REQUIRE(quoted);
  BOOST_TEST(!quoted->initiate_tag);

  padded = init();
  padded.resize(16);
  padded.resize(108);  // the quote has the chunk header, but not the tag
  BOOST_REQUIRE(parse_quoted_sctp(padded));
  BOOST_TEST(!parse_quoted_sctp(padded)->initiate_tag);
}

BOOST_AUTO_TEST_CASE(what_is_no_init_has_no_tag_or_is_none_of_ours) {
  BOOST_REQUIRE(parse_quoted_sctp(with(init(), 12, 10)));
  BOOST_TEST(!parse_quoted_sctp(with(init(), 12, 10))->initiate_tag);  // COOKIE ECHO
  BOOST_TEST(!parse_quoted_sctp(with(init(), 7, 1)));                  // has a verification tag
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
