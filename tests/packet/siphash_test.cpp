// Tests of SipHash-2-4 against the test vectors of its authors.
// The key is 00 01 .. 0f, and the message of n bytes is 00 01 .. n-1.
#include "packet/siphash.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>
#include <vector>

namespace multiping::packet {
namespace {

BOOST_AUTO_TEST_SUITE(packet_siphash)

SipKey counting_key() {
  SipKey key;
  std::iota(key.bytes.begin(), key.bytes.end(), std::uint8_t{0});
  return key;
}

std::vector<std::uint8_t> counting_message(std::size_t size) {
  std::vector<std::uint8_t> message(size);
  std::iota(message.begin(), message.end(), std::uint8_t{0});
  return message;
}

BOOST_AUTO_TEST_CASE(the_example_in_the_paper) {
  BOOST_TEST(siphash(counting_key(), counting_message(15)) == 0xa129ca6149be45e5U);  // appendix A of the paper
}

BOOST_AUTO_TEST_CASE(the_vectors_of_the_reference) {
  constexpr std::array<std::uint64_t, 17> vectors{
      0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU, 0x85676696d7fb7e2dU, 0xcf2794e0277187b7U,
      0x18765564cd99a68dU, 0xcbc9466e58fee3ceU, 0xab0200f58b01d137U, 0x93f5f5799a932462U, 0x9e0082df0ba9e4b0U,
      0x7a5dbbc594ddb9f3U, 0xf4b32f46226bada7U, 0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU,
      0xa129ca6149be45e5U, 0x3f2acc7f57c29bdbU};
  for (std::size_t size = 0; size < vectors.size(); ++size) {
    BOOST_TEST(siphash(counting_key(), counting_message(size)) == vectors[size]);
  }
}

BOOST_AUTO_TEST_CASE(a_long_message) {
  BOOST_TEST(siphash(counting_key(), counting_message(63)) == 0x958a324ceb064572U);
}

BOOST_AUTO_TEST_CASE(every_bit_of_the_key_counts) {
  const auto message = counting_message(40);
  const auto hash = siphash(counting_key(), message);
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto key = counting_key();
    key.bytes[bit / 8] = static_cast<std::uint8_t>(key.bytes[bit / 8] ^ 1U << bit % 8);
    BOOST_TEST(siphash(key, message) != hash);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
