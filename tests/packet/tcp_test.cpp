// Tests of TCP segments: the SYN that is sent, its answers, the quotes in errors, and whole and unfinished checksums.
// Another program computed the checksums.
#include "packet/tcp.hpp"

#include <boost/test/unit_test.hpp>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_tcp)

const TcpSyn syn{.source_port = 0xc001, .destination_port = 80, .sequence = 0x12345678};

Bytes syn_with_checksum(const Bytes& checksum) {
  return hex("c001 0050"          // from port 49153 to 80
             "12345678 00000000"  // sequence, acknowledgment
             "60 02 faf0")        // six words, SYN, window
         + checksum +
         hex("0000"          // urgent pointer
             "02 04 05b4");  // largest segment 1460
}

Bytes syn_ack() {
  return hex(
      "0050 c001 9abcdef0 12345679"
      "60 12 faf0 0e3d 0000"  // six words, SYN and ACK, window, checksum, urgent pointer
      "02 04 05b4");
}

Bytes rst_ack() { return hex("0050 c001 00000000 12345679 50 14 0000 9a95 0000"); }

Bytes copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

Bytes with(Bytes packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  return packet;
}

BOOST_AUTO_TEST_CASE(an_encoded_syn_of_ipv4) {
  const auto segment = encode_tcp_syn(syn, test::host_v4, test::target_v4);
  BOOST_TEST(copy(segment) == syn_with_checksum(hex("87fb")), boost::test_tools::per_element());
  BOOST_TEST(tcp_checksum_ok(segment, test::host_v4, test::target_v4));
}

BOOST_AUTO_TEST_CASE(an_encoded_syn_of_ipv6) {
  const auto segment = encode_tcp_syn(syn, test::host_v6, test::target_v6);
  BOOST_TEST(copy(segment) == syn_with_checksum(hex("18b5")), boost::test_tools::per_element());
  BOOST_TEST(tcp_checksum_ok(segment, test::host_v6, test::target_v6));
}

BOOST_AUTO_TEST_CASE(without_a_source_the_checksum_is_left_to_the_kernel) {
  const auto segment = encode_tcp_syn(syn, {}, test::target_v6);
  BOOST_TEST(copy(segment) == syn_with_checksum(hex("0000")), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_syn_is_what_its_own_parsers_read) {
  const auto bytes = encode_tcp_syn(syn, test::host_v4, test::target_v4);
  const auto segment = parse_tcp(bytes);
  BOOST_REQUIRE(segment);
  BOOST_TEST(segment->source_port == 0xc001);
  BOOST_TEST(segment->destination_port == 80);
  BOOST_TEST(segment->sequence == 0x12345678U);
  BOOST_TEST(segment->acknowledgment == 0U);
  BOOST_TEST((segment->syn && !segment->ack && !segment->rst));
}

BOOST_AUTO_TEST_CASE(a_syn_ack) {
  const auto segment = parse_tcp(syn_ack());
  BOOST_REQUIRE(segment);
  BOOST_TEST(segment->source_port == 80);
  BOOST_TEST(segment->destination_port == 0xc001);
  BOOST_TEST(segment->sequence == 0x9abcdef0U);
  BOOST_TEST(segment->acknowledgment == 0x12345679U);
  BOOST_TEST((segment->syn && segment->ack && !segment->rst));
}

BOOST_AUTO_TEST_CASE(a_reset) {
  const auto segment = parse_tcp(rst_ack());
  BOOST_REQUIRE(segment);
  BOOST_TEST(segment->acknowledgment == 0x12345679U);
  BOOST_TEST((!segment->syn && segment->ack && segment->rst));
}

BOOST_AUTO_TEST_CASE(each_flag_is_its_own_bit) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    const auto segment = parse_tcp(with(syn_ack(), 13, static_cast<std::uint8_t>(flags)));
    BOOST_REQUIRE(segment);
    BOOST_TEST(segment->syn == ((flags & 0x02U) != 0));
    BOOST_TEST(segment->rst == ((flags & 0x04U) != 0));
    BOOST_TEST(segment->ack == ((flags & 0x10U) != 0));
  }
}

BOOST_AUTO_TEST_CASE(the_data_offset_points_behind_the_fixed_header_and_into_the_segment) {
  for (unsigned words = 0; words < 16; ++words) {
    const auto segment = parse_tcp(with(syn_ack(), 12, static_cast<std::uint8_t>(words << 4)));
    BOOST_TEST(segment.has_value() == (words == 5 || words == 6));
  }
  BOOST_TEST(parse_tcp(with(syn_ack() + Bytes(36), 12, 0xf0)).has_value());
  BOOST_TEST(parse_tcp(with(syn_ack(), 12, 0x6f)).has_value());  // the lower half is not part of the length
}

BOOST_AUTO_TEST_CASE(every_truncation_of_a_segment_is_safe) {
  test::with_every_truncation(syn_ack(), [](const Bytes& bytes) {
    BOOST_TEST(parse_tcp(bytes).has_value() == (bytes.size() == 24));
    BOOST_TEST(tcp_checksum_ok(bytes, test::target_v4, test::host_v4) == (bytes.size() == 24));
  });
  test::with_every_truncation(
      rst_ack(), [](const Bytes& bytes) { BOOST_TEST(parse_tcp(bytes).has_value() == (bytes.size() == 20)); });
}

BOOST_AUTO_TEST_CASE(eight_bytes_of_a_quote_are_enough) {
  test::with_every_truncation(syn_with_checksum(hex("0000")), [](const Bytes& bytes) {
    const auto quoted = parse_quoted_tcp(bytes);
    BOOST_REQUIRE(quoted.has_value() == (bytes.size() >= 8));
    if (!quoted) return;
    BOOST_TEST(quoted->source_port == 0xc001);
    BOOST_TEST(quoted->destination_port == 80);
    BOOST_TEST(quoted->sequence == 0x12345678U);
  });
}

BOOST_AUTO_TEST_CASE(right_checksums) {
  BOOST_TEST(tcp_checksum_ok(syn_ack(), test::target_v4, test::host_v4));
  BOOST_TEST(tcp_checksum_ok(rst_ack(), test::target_v4, test::host_v4));
  const auto v6 = with(with(syn_ack(), 16, 0x9e), 17, 0xf6);
  BOOST_TEST(tcp_checksum_ok(v6, test::target_v6, test::host_v6));
  const auto odd = with(with(syn_ack() + hex("41"), 16, 0xcd), 17, 0x3b);
  BOOST_TEST(tcp_checksum_ok(odd, test::target_v4, test::host_v4));
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_anywhere_shows) {
  const auto segment = syn_ack();
  for (std::size_t bit = 0; bit < segment.size() * 8; ++bit) {
    const auto flipped = static_cast<std::uint8_t>(segment[bit / 8] ^ 1U << bit % 8);
    BOOST_TEST(!tcp_checksum_ok(with(segment, bit / 8, flipped), test::target_v4, test::host_v4));
  }
}

BOOST_AUTO_TEST_CASE(the_checksum_covers_the_addresses) {
  BOOST_TEST(!tcp_checksum_ok(syn_ack(), Address::v4({192, 0, 2, 8}), test::host_v4));
  BOOST_TEST(!tcp_checksum_ok(syn_ack(), test::target_v4, Address::v4({198, 51, 100, 2})));
  BOOST_TEST(!tcp_checksum_ok(syn_ack(), test::target_v6, test::host_v6));
}

BOOST_AUTO_TEST_CASE(an_unfinished_checksum_is_the_sum_of_the_pseudo_header) {
  const auto v4 = with(with(syn_ack(), 16, 0xec), 17, 0x5a);
  BOOST_TEST(tcp_checksum_ok(v4, test::target_v4, test::host_v4));
  BOOST_TEST(!tcp_checksum_ok(with(v4, 17, 0x5b), test::target_v4, test::host_v4));
  BOOST_TEST(!tcp_checksum_ok(v4, Address::v4({192, 0, 2, 8}), test::host_v4));
  const auto v6 = with(with(syn_ack(), 16, 0x5b), 17, 0xa1);
  BOOST_TEST(tcp_checksum_ok(v6, test::target_v6, test::host_v6));
  BOOST_TEST(!tcp_checksum_ok(with(with(syn_ack(), 16, 0), 17, 0), test::target_v4, test::host_v4));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
