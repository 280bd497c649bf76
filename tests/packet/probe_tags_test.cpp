// Tests of the probe codec: the permutation, the tag, and payloads that return whole, altered, short, long or forged.
// The tests check properties over every sequence number and many payload sizes.
#include "packet/probe_tags.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <set>

#include "packet/codec_samples.hpp"
#include "packet/icmp.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/samples.hpp"

namespace multiping::packet {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(packet_probe_codec)

const std::vector<std::size_t> payload_sizes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 56, 1472, 65507};

std::size_t tag_bytes(std::size_t payload_size) {
  return payload_size < 2 ? 0 : payload_size < 4 ? 2 : payload_size < 8 ? 4 : 8;
}

Bytes sequence_bytes(std::uint64_t serial) {
  const auto sequence = codec.sequence(serial);
  return {static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence)};
}

// The hash in the byte order of a tag: the most significant byte first.
Bytes siphash_bytes(const Bytes& input) {
  const auto hash = siphash(key_of(1), input);
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(hash >> shift));
  return bytes;
}

BOOST_AUTO_TEST_CASE(sequence_numbers_are_a_permutation_and_newest_serial_inverts_it) {
  for (const auto seed : std::array<std::uint8_t, 5>{0, 1, 2, 100, 255}) {
    const ProbeTags other{key_of(seed)};
    std::vector<bool> seen(round_trip);
    for (std::uint64_t serial = 0; serial < round_trip; ++serial) {
      const auto sequence = other.sequence(serial);
      BOOST_REQUIRE(!seen[sequence]);
      seen[sequence] = true;
      BOOST_REQUIRE(other.newest_serial(sequence, round_trip) == serial);
    }
  }
}

BOOST_AUTO_TEST_CASE(sequence_numbers_depend_on_the_key_and_show_no_order) {
  const ProbeTags other{key_of(2)};
  int same = 0, steps_of_one = 0;
  for (std::uint64_t serial = 0; serial < round_trip; ++serial) {
    same += codec.sequence(serial) == other.sequence(serial) ? 1 : 0;
    const auto step = static_cast<std::uint16_t>(codec.sequence(serial + 1) - codec.sequence(serial));
    steps_of_one += step == 1 ? 1 : 0;
  }
  BOOST_TEST(same < 20);  // two random permutations are expected to agree once
  BOOST_TEST(steps_of_one < 20);
}

BOOST_AUTO_TEST_CASE(sequence_numbers_come_again_after_65536_serials) {
  for (const std::uint64_t serial : {std::uint64_t{0}, std::uint64_t{77}, std::uint64_t{65535}}) {
    BOOST_TEST(codec.sequence(serial) == codec.sequence(serial + round_trip));
    BOOST_TEST(codec.sequence(serial) == codec.sequence(serial + (round_trip << 30)));
  }
}

BOOST_AUTO_TEST_CASE(the_newest_serial_is_the_greatest_below_the_end) {
  const std::uint64_t serial = 3 * round_trip + 12345;
  const auto sequence = codec.sequence(serial);
  BOOST_CHECK(codec.newest_serial(sequence, serial + 1) == serial);
  BOOST_CHECK(codec.newest_serial(sequence, serial + round_trip) == serial);
  BOOST_CHECK(codec.newest_serial(sequence, serial + round_trip + 1) == serial + round_trip);
  BOOST_CHECK(codec.newest_serial(sequence, serial) == serial - round_trip);
  BOOST_CHECK(codec.newest_serial(sequence, 12346) == 12345U);
  BOOST_CHECK(codec.newest_serial(sequence, 12345) == std::nullopt);
  BOOST_CHECK(codec.newest_serial(sequence, 0) == std::nullopt);
  BOOST_CHECK(codec.newest_serial(codec.sequence(UINT64_MAX - 1), UINT64_MAX) == UINT64_MAX - 1);
}

BOOST_AUTO_TEST_CASE(an_encoded_request_of_ipv4) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 70000};
  for (const auto size : payload_sizes) {
    const auto image = counting_image(size);
    const auto bytes = encoded(probe, image);
    const auto message = parse_icmp(bytes).value();
    BOOST_TEST(message.type == icmpv4::echo_request);
    BOOST_TEST(message.code == 0);
    BOOST_TEST(message.word1 == 0xbeef);
    BOOST_TEST(message.word2 == codec.sequence(70000));
    BOOST_TEST(icmpv4_checksum_ok(bytes));
    BOOST_TEST(message.checksum == codec.echo_request_checksum(probe, image));
    const auto tag = tag_bytes(size);
    BOOST_TEST(std::ranges::equal(message.body.subspan(tag), std::span{image}.subspan(tag)));
  }
}

BOOST_AUTO_TEST_CASE(an_encoded_request_of_ipv6_leaves_the_checksum_to_the_kernel) {
  const auto bytes = encoded({test::target_v6, 0xbeef, 7}, counting_image(56));
  const auto message = parse_icmp(bytes).value();
  BOOST_TEST(message.type == icmpv6::echo_request);
  BOOST_TEST(message.checksum == 0);
  BOOST_TEST(message.word2 == codec.sequence(7));
}

BOOST_AUTO_TEST_CASE(a_longer_pattern_image_serves_shorter_payloads) {
  const ProbeIdentity probe{test::target_v4, 1, 2};
  const auto image = counting_image(56);
  Bytes message(8 + 20);
  codec.encode_echo_request(probe, image, message);
  BOOST_TEST(message == encoded(probe, std::span{image}.first(20)), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_tag_is_the_siphash_of_the_identity_of_ipv4) {
  const auto input = hex("0000000000011170 beef")  // serial 70000, id
                     + sequence_bytes(70000) + hex("c0000207");
  BOOST_TEST(input.size() == 16U);
  BOOST_TEST(payload_of({test::target_v4, 0xbeef, 70000}, counting_image(8)) == siphash_bytes(input),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_tag_is_the_siphash_of_the_identity_of_ipv6) {
  const auto target = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3);
  const auto input = hex("0000000000011170 beef") + sequence_bytes(70000) +
                     hex("00000003"  // zone
                         "fe80000000000000 0000000000000001");
  BOOST_TEST(input.size() == 32U);
  BOOST_TEST(payload_of({target, 0xbeef, 70000}, counting_image(8)) == siphash_bytes(input),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_tag_changes_with_each_field) {
  const auto zeros = Bytes(8);
  const auto link_local = [](std::uint32_t zone) {
    return Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, zone);
  };
  const auto twin = Address::v6({192, 0, 2, 7});  // the octets of target_v4, then zeros alone
  const auto neighbour = Address::v4({192, 0, 2, 6});
  const auto zone1 = link_local(1), zone2 = link_local(2), no_zone = link_local(0);
  const std::set<Bytes> tags{
      payload_of({test::target_v4, 1, 1}, zeros),
      payload_of({test::target_v4, 2, 1}, zeros),
      payload_of({test::target_v4, 1, 2}, zeros),
      payload_of({test::target_v4, 1, 1 + round_trip}, zeros),  // has the same sequence number
      payload_of({test::target_v4, 1, 1 + (round_trip << 40)}, zeros),
      payload_of({neighbour, 1, 1}, zeros),
      payload_of({twin, 1, 1}, zeros),
      payload_of({zone1, 1, 1}, zeros),
      payload_of({zone2, 1, 1}, zeros),
      payload_of({no_zone, 1, 1}, zeros),
  };
  BOOST_TEST(tags.size() == 10U);

  Bytes message(16);
  ProbeTags{key_of(2)}.encode_echo_request({test::target_v4, 1, 1}, zeros, message);
  BOOST_TEST(!tags.contains(Bytes(message.begin() + 8, message.end())));  // the tag changes with the key, too
}

BOOST_AUTO_TEST_CASE(a_payload_that_comes_back_is_authentic) {
  for (const auto* target : {&test::target_v4, &test::target_v6}) {
    const ProbeIdentity probe{*target, 0xbeef, 99};
    for (const auto size : payload_sizes) {
      const auto image = counting_image(size);
      const auto check = codec.check_payload(probe, image, payload_of(probe, image));
      BOOST_TEST(check.authentic);
      BOOST_TEST(check.tag_bits == 8 * tag_bytes(size));
      BOOST_TEST(!check.altered);
    }
  }
}

BOOST_AUTO_TEST_CASE(another_probes_payload_is_not_authentic) {
  const auto image = counting_image(56);
  const auto payload = payload_of({test::target_v4, 0xbeef, 99}, image);
  const auto elsewhere = Address::v4({192, 0, 2, 8});
  BOOST_TEST(!codec.check_payload({elsewhere, 0xbeef, 99}, image, payload).authentic);
  BOOST_TEST(!codec.check_payload({test::target_v4, 0xbeee, 99}, image, payload).authentic);
  BOOST_TEST(!codec.check_payload({test::target_v4, 0xbeef, 99 + round_trip}, image, payload).authentic);
  BOOST_TEST(!ProbeTags{key_of(2)}.check_payload({test::target_v4, 0xbeef, 99}, image, payload).authentic);
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_payload_is_looked_at) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 99};
  for (const std::size_t size : {2U, 3U, 4U, 7U, 8U, 9U, 56U}) {
    const auto image = counting_image(size);
    const auto payload = payload_of(probe, image);
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      auto damaged = payload;
      damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1U << bit % 8);
      const auto check = codec.check_payload(probe, image, damaged);
      const bool in_tag = bit / 8 < tag_bytes(size);
      BOOST_TEST(check.authentic != in_tag);
      BOOST_TEST(check.altered != in_tag);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_payload_without_room_for_a_tag_can_only_be_altered) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 99};
  const auto image = counting_image(1);
  const auto check = codec.check_payload(probe, image, hex("ff"));
  BOOST_TEST(check.authentic);
  BOOST_TEST(check.tag_bits == 0);
  BOOST_TEST(check.altered);
}

BOOST_AUTO_TEST_CASE(a_payload_cut_short_does_not_get_by_with_less_of_the_tag) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 99};
  const auto image = counting_image(56);
  test::with_every_truncation(payload_of(probe, image), [&](const Bytes& returned) {
    const auto check = codec.check_payload(probe, image, returned);
    BOOST_TEST(check.authentic == (returned.size() >= 8));
    BOOST_TEST(check.tag_bits == (returned.size() >= 8 ? 64 : 0));
    if (check.authentic) BOOST_TEST(check.altered == (returned.size() < 56));
  });
}

BOOST_AUTO_TEST_CASE(a_payload_that_has_grown_is_altered) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 99};
  for (const auto size : payload_sizes) {
    const auto image = counting_image(size);
    const auto check = codec.check_payload(probe, image, payload_of(probe, image) + hex("00"));
    BOOST_TEST(check.authentic);
    BOOST_TEST(check.altered);
  }
}

BOOST_AUTO_TEST_CASE(a_quote_proves_what_it_holds_of_the_tag) {
  const ProbeIdentity probe{test::target_v6, 0xbeef, 99};
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 7U, 8U, 56U}) {
    const auto image = counting_image(size);
    test::with_every_truncation(payload_of(probe, image), [&](const Bytes& quoted) {
      const auto check = codec.check_quoted_payload(probe, size, quoted);
      const auto tag = tag_bytes(size);
      const bool whole_tag = tag > 0 && quoted.size() >= tag;
      BOOST_TEST(check.authentic == whole_tag);
      BOOST_TEST(check.tag_bits == (whole_tag ? 8 * tag : 0));
      BOOST_TEST(!check.altered);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_quote_with_a_wrong_tag_is_not_authentic) {
  const ProbeIdentity probe{test::target_v4, 0xbeef, 99};
  auto quoted = payload_of(probe, counting_image(56));
  quoted[40] = 0;  // after the tag: not checked
  BOOST_TEST(codec.check_quoted_payload(probe, 56, quoted).authentic);
  quoted[7] = static_cast<std::uint8_t>(quoted[7] ^ 1U);
  const auto check = codec.check_quoted_payload(probe, 56, quoted);
  BOOST_TEST(!check.authentic);
  BOOST_TEST(check.tag_bits == 64);
}

BOOST_AUTO_TEST_CASE(a_datagrams_payload_is_that_of_an_echo_request) {
  for (const auto* target : {&test::target_v4, &test::target_v6}) {
    const ProbeIdentity probe{*target, 33434, 70000};
    for (const auto size : payload_sizes) {
      const auto image = counting_image(size);
      Bytes payload(size, 0x77);
      codec.encode_payload(probe, image, payload);
      BOOST_TEST(payload == payload_of(probe, image), boost::test_tools::per_element());
      BOOST_TEST(codec.check_payload(probe, image, payload).authentic);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_longer_pattern_image_serves_shorter_datagrams) {
  const ProbeIdentity probe{test::target_v4, 33434, 2};
  const auto image = counting_image(56);
  Bytes payload(20);
  codec.encode_payload(probe, image, payload);
  BOOST_TEST(payload == payload_of(probe, std::span{image}.first(20)), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_handshake_number_is_the_sequence_number_and_the_beginning_of_the_tag) {
  for (const auto* target : {&test::target_v4, &test::target_v6}) {
    const ProbeIdentity probe{*target, 80, 70000};
    const auto tag = payload_of(probe, counting_image(8));
    const auto number = codec.handshake_number(probe);
    BOOST_TEST((number >> 16) == codec.sequence(70000));
    BOOST_TEST((number & 0xffffU) == static_cast<std::uint32_t>(tag[0] << 8 | tag[1]));
  }
}

BOOST_AUTO_TEST_CASE(handshake_numbers_differ_where_sequence_numbers_come_again) {
  const auto number = [](const Address& target, std::uint16_t port, std::uint64_t serial) {
    return codec.handshake_number({target, port, serial});
  };
  const std::set<std::uint32_t> numbers{number(test::target_v4, 80, 1), number(test::target_v4, 80, 1 + round_trip),
                                        number(test::target_v4, 80, 1 + 2 * round_trip),
                                        number(test::target_v4, 443, 1), number(test::target_v6, 80, 1)};
  BOOST_TEST(numbers.size() == 5U);
  for (const auto each : numbers) BOOST_TEST((each >> 16) == codec.sequence(1));
}

BOOST_AUTO_TEST_CASE(a_handshake_number_is_never_zero) {
  const auto sequence_zero = codec.newest_serial(0, round_trip).value();
  bool would_be_zero = false;
  for (std::uint64_t turn = 0; turn < 4 * round_trip; ++turn) {
    const auto number = codec.handshake_number({test::target_v4, 80, sequence_zero + turn * round_trip});
    BOOST_REQUIRE(number != 0U);
    BOOST_REQUIRE((number >> 16) == 0U);
    const auto tag = payload_of({test::target_v4, 80, sequence_zero + turn * round_trip}, Bytes(8));
    would_be_zero = would_be_zero || (tag[0] == 0 && tag[1] == 0);
  }
  BOOST_TEST(would_be_zero);  // the test has covered this case
}

BOOST_AUTO_TEST_CASE(random_bytes_depend_on_key_and_serial) {
  const ProbeTags codec{SipKey{{1}}}, other{SipKey{{2}}};
  const auto random = [](const ProbeTags& from, std::uint64_t serial, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    from.fill_random(serial, bytes);
    return bytes;
  };
  const auto bytes = random(codec, 7, 1000);
  BOOST_TEST((bytes == random(codec, 7, 1000)));
  BOOST_TEST((bytes != random(codec, 8, 1000)));
  BOOST_TEST((bytes != random(other, 7, 1000)));
  const auto beginning = random(codec, 7, 13);
  BOOST_TEST(std::equal(beginning.begin(), beginning.end(), bytes.begin()));
  BOOST_TEST(std::set<std::uint8_t>(bytes.begin(), bytes.end()).size() > 230U);
}

BOOST_AUTO_TEST_CASE(pattern_images) {
  const auto per_element = boost::test_tools::per_element();
  BOOST_TEST(pattern_image({}, 3) == hex("00 00 00"), per_element);
  BOOST_TEST(pattern_image(hex("ab"), 3) == hex("ab ab ab"), per_element);
  BOOST_TEST(pattern_image(hex("01 02 03"), 7) == hex("01 02 03 01 02 03 01"), per_element);
  BOOST_TEST(pattern_image(hex("01 02 03"), 2) == hex("01 02"), per_element);
  BOOST_TEST(pattern_image(hex("01"), 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::packet
