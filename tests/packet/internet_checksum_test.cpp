// Tests of the Internet checksum against RFC 1071, real packets and a plain summation.
// Such code usually fails for a byte order or an odd length.
#include "packet/internet_checksum.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;

BOOST_AUTO_TEST_SUITE(packet_checksum)

// Adds word by word, as RFC 1071 section 1 describes it.
std::uint16_t plain_checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const unsigned low = i + 1 < bytes.size() ? bytes[i + 1] : 0U;
    sum += static_cast<std::uint32_t>(bytes[i]) << 8 | low;
    sum = (sum & 0xFFFFU) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

Bytes random_bytes(std::size_t size, std::mt19937& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

BOOST_AUTO_TEST_CASE(the_example_of_rfc_1071) {
  BOOST_TEST(internet_checksum(hex("00 01 f2 03 f4 f5 f6 f7")) == 0x220d);  // section 3: the sum is ddf2
}

BOOST_AUTO_TEST_CASE(nothing_and_zeros_and_ones) {
  BOOST_TEST(internet_checksum({}) == 0xffff);
  BOOST_TEST(internet_checksum(hex("0000")) == 0xffff);
  BOOST_TEST(internet_checksum(hex("ffff")) == 0);
  BOOST_TEST(internet_checksum(Bytes(65536, 0xff)) == 0);
}

BOOST_AUTO_TEST_CASE(an_odd_byte_is_the_high_half_of_a_word) {
  BOOST_TEST(internet_checksum(hex("0001 02")) == internet_checksum(hex("0001 0200")));
  BOOST_TEST(internet_checksum(hex("ab")) == 0x54ff);
}

BOOST_AUTO_TEST_CASE(a_packet_with_its_right_checksum_gives_zero) {
  BOOST_TEST(internet_checksum(test::echo_reply_v4()) == 0);
  BOOST_TEST(internet_checksum(test::time_exceeded_v4()) == 0);
  const auto packet = test::ipv4_reply_with_options();
  BOOST_TEST(internet_checksum(std::span{packet}.first(60)) == 0);
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_anywhere_shows) {
  const auto packet = test::time_exceeded_v4();
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    auto damaged = packet;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
    BOOST_TEST(internet_checksum(damaged) != 0);
  }
}

BOOST_AUTO_TEST_CASE(equals_the_plain_summation_at_every_length_and_alignment) {
  std::mt19937 random{1071};
  for (std::size_t size = 0; size < 200; ++size) {
    const auto bytes = random_bytes(size + 3, random);
    for (std::size_t offset = 0; offset <= 3; ++offset) {
      const Bytes piece(bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.end());
      BOOST_TEST(internet_checksum(std::span{bytes}.subspan(offset)) == plain_checksum(piece));
    }
  }
  const auto largest = random_bytes(65515, random);
  BOOST_TEST(internet_checksum(largest) == plain_checksum(largest));
}

BOOST_AUTO_TEST_CASE(parts_add_up_wherever_they_are_cut) {
  std::mt19937 random{791};
  const auto bytes = random_bytes(73, random);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 2) {
    Checksum checksum;
    checksum.add(std::span{bytes}.first(cut));
    checksum.add(std::span{bytes}.subspan(cut));
    BOOST_TEST(checksum.value() == plain_checksum(bytes));
  }
}

BOOST_AUTO_TEST_CASE(words_count_as_the_bytes_they_stand_for) {
  Checksum checksum;
  checksum.add_u16(0x0001);
  checksum.add_u32(0xf203f4f5);
  checksum.add(hex("f6f7"));
  BOOST_TEST(checksum.value() == 0x220d);
}

BOOST_AUTO_TEST_CASE(carries_out_of_64_bits_are_not_lost) {
  Bytes bytes(24, 0xff);
  bytes.back() = 0xfe;
  BOOST_TEST(internet_checksum(bytes) == plain_checksum(bytes));
}

BOOST_AUTO_TEST_CASE(the_pseudo_header_of_ipv6) {
  const auto message = test::echo_request_v6();
  Checksum checksum;
  checksum.add_pseudo_header(test::host_v6, test::target_v6, static_cast<std::uint32_t>(message.size()), 58);
  checksum.add(message);
  BOOST_TEST(checksum.value() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
