// Tests of the index of UDP probes: the order within a stream, the probes that may still be answered, and the probes
// below the window that are dropped. The tests of the protocol check which answers are believed.
#include "net/udp_probe_index.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "packet/writer.hpp"

using namespace std::chrono_literals;
using multiping::Address;
using multiping::Instant;
using multiping::net::Serial;
using multiping::net::UdpFlight;
using multiping::net::UdpProbeIndex;
using multiping::net::UdpStream;

namespace udp_probe_index_test {

constexpr std::uint16_t port = 53, local_port = 40'000;
const Address one = Address::v4({192, 0, 2, 1}), two = Address::v4({192, 0, 2, 2});

struct Fixture {
  UdpProbeIndex index;
  Instant now{100s};

  void add(Serial serial, const Address& to, std::uint16_t from = local_port, std::uint16_t profile = 0) {
    std::array<std::uint8_t, 8> tag{};
    multiping::packet::Writer{tag}.u64((serial + 1) * 0x9E3779B97F4A7C15U);
    index.add({to, port, from}, {.serial = serial, .profile = profile, .at = now, .tag = tag});
  }
  [[nodiscard]] bool is_free(const Address& to, std::uint16_t from = local_port) {
    return index.is_free({to, port, from}, now);
  }
  /// The oldest probe of the stream that may still be answered, after settle().
  [[nodiscard]] std::optional<Serial> oldest(const Address& to, std::uint16_t from = local_port) {
    UdpStream* stream = index.find({to, port, from});
    if (stream == nullptr) return std::nullopt;
    index.settle(*stream, now);
    return stream->oldest == UdpStream::none ? std::nullopt : std::optional{index.serial(stream->oldest)};
  }
};

}  // namespace udp_probe_index_test

BOOST_FIXTURE_TEST_SUITE(udp_probe_index_test, udp_probe_index_test::Fixture)

BOOST_AUTO_TEST_CASE(a_stream_is_a_target_and_a_port_of_ours) {
  for (const Serial serial : {3U, 5U, 9U}) add(serial, one);
  add(10, two);
  add(11, one, 40'001);
  BOOST_TEST(oldest(one).value() == 3U);
  BOOST_TEST(oldest(two).value() == 10U);
  BOOST_TEST(oldest(one, 40'001).value() == 11U);
  BOOST_TEST(!oldest(two, 40'001));
}

BOOST_AUTO_TEST_CASE(answers_in_any_order_leave_the_oldest) {
  for (Serial serial = 0; serial < 5; ++serial) add(serial, one);
  for (const Serial answered : {1U, 3U, 0U}) index.find(answered)->answered = true;
  BOOST_TEST(oldest(one).value() == 2U);
  index.find(2)->answered = index.find(4)->answered = true;
  BOOST_TEST(!oldest(one));
  BOOST_TEST(is_free(one));
  add(5, one);
  BOOST_TEST(oldest(one).value() == 5U);
  BOOST_TEST(!is_free(one));
}

BOOST_AUTO_TEST_CASE(a_stream_is_free_after_errors_though_an_answer_may_still_come) {
  add(0, one);
  index.find(0)->reported = true;
  BOOST_TEST(is_free(one));
  BOOST_TEST(oldest(one).value() == 0U);
}

BOOST_AUTO_TEST_CASE(no_answer_takes_ten_seconds) {
  add(0, one);
  now += 5s;
  add(1, one);
  now += 4s;
  BOOST_TEST(oldest(one).value() == 0U);
  now += 2s;
  BOOST_TEST(oldest(one).value() == 1U);
  now += 5s;
  BOOST_TEST(is_free(one));
}

BOOST_AUTO_TEST_CASE(what_is_taken_back_was_never_there) {
  add(3, one);
  add(5, one);
  add(6, one);
  index.take_back(6);
  index.take_back(5);
  BOOST_TEST((index.find(5) == nullptr));
  index.find(3)->answered = true;
  BOOST_TEST(is_free(one));
  add(5, one, 40'001);
  BOOST_TEST(is_free(one));
  BOOST_TEST(oldest(one, 40'001).value() == 5U);
  index.take_back(5);
  BOOST_TEST(is_free(one, 40'001));
}

BOOST_AUTO_TEST_CASE(streams_know_whether_their_probes_look_alike) {
  add(0, one);
  add(1, one);
  BOOST_TEST(!index.find({one, port, local_port})->mixed);
  add(2, one, local_port, 1);
  BOOST_TEST(index.find({one, port, local_port})->mixed);
  for (const Serial serial : {0U, 1U, 2U}) index.find(serial)->answered = true;
  add(3, one);
  BOOST_TEST(!index.find({one, port, local_port})->mixed);
}

BOOST_AUTO_TEST_CASE(what_may_still_be_answered_stays_known_however_far_the_window_goes) {
  for (Serial serial = 0; serial < 200'000; ++serial) add(serial, one);
  index.forget_below(200'000, now);
  BOOST_TEST(oldest(one).value() == 0U);
  now += 11s;
  index.forget_below(200'000, now);
  BOOST_TEST((index.find(100'000) == nullptr));
  BOOST_TEST((index.find(150'000) != nullptr), "for late answers");
  BOOST_TEST(is_free(one));
  now += 6min;
  index.forget_below(200'000, now);
  BOOST_TEST(index.empty());
  BOOST_TEST(is_free(one));
  add(200'000, one);
  BOOST_TEST(oldest(one).value() == 200'000U);
}

BOOST_AUTO_TEST_CASE(answered_ones_go_before_the_others_of_their_stream) {
  for (Serial serial = 0; serial < 100'000; ++serial) add(serial, serial % 2 == 0 ? one : two);
  for (Serial serial = 0; serial < 10'000; ++serial) index.find(serial)->answered = true;
  index.forget_below(100'000, now);
  BOOST_TEST((index.find(9'999) == nullptr));
  BOOST_TEST(oldest(one).value() == 10'000U);
  BOOST_TEST(oldest(two).value() == 10'001U);
}

BOOST_AUTO_TEST_CASE(memory_has_an_end_and_then_a_stream_is_unsure) {
  constexpr Serial many = (Serial{1} << 20U) + 10;
  add(0, one);
  for (Serial serial = 1; serial < many; ++serial) add(serial, two);
  index.forget_below(many, now);
  BOOST_TEST((index.find(0) == nullptr));
  BOOST_TEST(!oldest(one));
  BOOST_TEST(!is_free(one), "somebody may still answer there");
  now += 11s;
  BOOST_TEST(is_free(one));
}

BOOST_AUTO_TEST_CASE(tags_are_found_as_long_as_their_probes_are_known) {
  for (Serial serial = 0; serial < 100'000; ++serial) add(serial, one);
  const auto named = [&](Serial serial) {
    std::array<std::uint8_t, 8> tag{};
    multiping::packet::Writer{tag}.u64((serial + 1) * 0x9E3779B97F4A7C15U);
    return index.any_tagged(tag, [&](Serial found, const UdpFlight&) { return found == serial; });
  };
  BOOST_TEST((named(0) && named(50'000) && named(99'999)));
  BOOST_TEST(!named(100'000));
  now += 6min;
  index.forget_below(50'000, now);
  BOOST_TEST((!named(0) && named(50'000)));
}

BOOST_AUTO_TEST_CASE(a_zone_is_left_out_where_none_is_known) {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  const Address here = Address::v6(octets, 2), there = Address::v6(octets, 3), anywhere = Address::v6(octets);
  add(1, here);
  add(2, there);
  std::vector<std::uint32_t> found;
  index.each_zone({anywhere, port, local_port}, [&](const UdpStream& stream) { found.push_back(stream.oldest); });
  BOOST_TEST(found.size() == 2U);
  BOOST_TEST(oldest(here).value() == 1U);
  BOOST_TEST(oldest(there).value() == 2U);
  BOOST_TEST(!oldest(anywhere));
}

BOOST_AUTO_TEST_CASE(many_targets_each_have_their_own) {
  std::vector<Address> targets;
  for (unsigned i = 0; i < 50'000; ++i)
    targets.push_back(Address::v4({10, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)}));
  for (Serial serial = 0; serial < targets.size(); ++serial) add(serial, targets[serial]);
  for (Serial serial = 0; serial < targets.size(); ++serial) BOOST_REQUIRE(oldest(targets[serial]).value() == serial);
}

BOOST_AUTO_TEST_SUITE_END()
