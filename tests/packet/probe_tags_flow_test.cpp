// Tests of flows in the probe codec: all messages of a flow have one checksum, and the tag gets shorter.
// The tests check properties over many probes, flows and payload sizes.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <set>

#include "packet/codec_samples.hpp"
#include "packet/icmp.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/probe_tags.hpp"
#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_probe_codec_flow)

// The checksum over all words of a message. For IPv6 it also covers the length in the pseudo header.
std::uint16_t sum_on_the_wire(Bytes message, const Address& target) {
  message[2] = message[3] = 0;
  Checksum sum;
  sum.add(message);
  if (target.family() == Family::ipv6) sum.add_u32(static_cast<std::uint32_t>(message.size()));
  return sum.value();
}

BOOST_AUTO_TEST_CASE(all_messages_of_a_flow_have_one_checksum) {
  for (const auto* target : {&test::target_v4, &test::target_v6}) {
    for (const auto flow : std::array<std::uint16_t, 5>{0, 1, 0x1234, 0xfffe, 0xffff}) {
      std::set<std::uint16_t> sums, checksums;
      for (std::uint64_t serial = 0; serial < 1000; ++serial) {
        const auto image = counting_image(static_cast<std::size_t>(2 + serial % 62));
        const auto id = static_cast<std::uint16_t>(serial * 77);
        const auto message = encoded({*target, id, serial, flow}, image);
        sums.insert(sum_on_the_wire(message, *target));
        checksums.insert(parse_icmp(message)->checksum);
        if (target == &test::target_v4) BOOST_REQUIRE(icmpv4_checksum_ok(message));
      }
      BOOST_TEST(sums.size() == 1U);
      BOOST_TEST(checksums.size() == 1U);
      if (target == &test::target_v4) BOOST_TEST(*sums.begin() == *checksums.begin());
    }
  }
}

BOOST_AUTO_TEST_CASE(no_two_flows_of_a_key_have_the_same_checksum_but_the_first_and_the_last) {
  const auto image = counting_image(10);
  for (const auto seed : std::array<std::uint8_t, 2>{1, 2}) {
    const ProbeTags other{key_of(seed)};
    const auto checksum_of = [&](std::uint16_t flow) {
      return other.echo_request_checksum({test::target_v4, 7, std::uint64_t{flow} * 3, flow}, image);
    };
    std::set<std::uint16_t> checksums;
    for (std::uint32_t flow = 0; flow < 0xffff; ++flow) checksums.insert(checksum_of(static_cast<std::uint16_t>(flow)));
    BOOST_TEST(checksums.size() == 0xffffU);  // all values that a checksum can have
    BOOST_TEST(checksum_of(0xffff) == checksum_of(0));
  }
  const auto of_key = [&](std::uint8_t seed) {
    return ProbeTags{key_of(seed)}.echo_request_checksum({test::target_v4, 7, 1, 1}, image);
  };
  BOOST_TEST(std::set({of_key(1), of_key(2), of_key(3), of_key(4)}).size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_flow_leaves_the_tag_the_room_that_its_compensation_does_not_need) {
  const std::array<std::size_t, 11> tags{0, 0, 2, 2, 4, 4, 4, 4, 8, 8, 8};  // for payloads of 2 to 12 bytes
  for (std::size_t size = 2; size <= 12; ++size) {
    const ProbeIdentity probe{test::target_v4, 0xbeef, 99, std::uint16_t{5}}, without{test::target_v4, 0xbeef, 99};
    const auto image = counting_image(size);
    const auto payload = payload_of(probe, image), plain = payload_of(without, image);
    const auto tag = tags[size - 2];
    BOOST_TEST(tag_size(size, probe.flow) == tag);
    BOOST_TEST(std::ranges::equal(std::span{payload}.first(tag), std::span{plain}.first(tag)));
    BOOST_TEST(std::ranges::equal(std::span{payload}.subspan(tag + 2), std::span{image}.subspan(tag + 2)));
    const auto check = codec.check_payload(probe, image, payload);
    BOOST_TEST(check.authentic);
    BOOST_TEST(check.tag_bits == 8 * tag);
    BOOST_TEST(!check.altered);
    test::with_every_truncation(payload, [&](const Bytes& quoted) {
      const auto of_quote = codec.check_quoted_payload(probe, size, quoted);
      BOOST_TEST(of_quote.authentic == (tag > 0 && quoted.size() >= tag));
    });
  }
  for (const std::size_t too_small : {0U, 1U}) BOOST_TEST(tag_size(too_small, std::uint16_t{1}) == 0U);
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_payload_with_a_flow_is_looked_at) {
  const ProbeIdentity probe{test::target_v6, 0xbeef, 99, std::uint16_t{0x4711}};
  for (const std::size_t size : {2U, 3U, 4U, 9U, 10U, 11U, 56U}) {
    const auto image = counting_image(size);
    const auto payload = payload_of(probe, image);
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      auto damaged = payload;
      damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
      const auto check = codec.check_payload(probe, image, damaged);
      const bool in_tag = bit / 8 < tag_size(size, probe.flow);
      BOOST_TEST(check.authentic != in_tag);
      BOOST_TEST(check.altered != in_tag);
    }
    const auto cut = codec.check_payload(probe, image, std::span{payload}.first(size - 1));
    BOOST_TEST((!cut.authentic || cut.altered));
    BOOST_TEST(codec.check_payload(probe, image, payload + hex("00")).altered);
  }
}

BOOST_AUTO_TEST_CASE(another_probe_of_the_same_flow_is_not_authentic) {
  const auto image = counting_image(56);
  constexpr std::uint16_t flow = 3;
  const auto payload = payload_of({test::target_v4, 0xbeef, 99, flow}, image);
  BOOST_TEST(!codec.check_payload({test::target_v4, 0xbeef, 100, flow}, image, payload).authentic);
  BOOST_TEST(!codec.check_payload({test::target_v4, 0xbeef, 99 + round_trip, flow}, image, payload).authentic);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
