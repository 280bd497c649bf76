// Tests of ProbeByTag: short, long and equal tags, and the entries that are dropped when the table grows.
// The protocol checks whether a tag is right.
#include "net/probe_by_tag.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

#include "packet/writer.hpp"

using multiping::net::ProbeByTag;
using multiping::net::Serial;

BOOST_AUTO_TEST_SUITE(probe_by_tag_test)

namespace {

using Tag = std::array<std::uint8_t, 8>;

Tag tag(std::uint64_t value) {
  Tag bytes{};
  multiping::packet::Writer{bytes}.u64(value * 0x9E3779B97F4A7C15U);
  return bytes;
}

constexpr auto keep_all = [](std::uint32_t) { return true; };

std::vector<std::uint32_t> found(const ProbeByTag& index, std::span<const std::uint8_t> bytes) {
  std::vector<std::uint32_t> serials;
  index.any(bytes, [&](std::uint32_t serial) {
    serials.push_back(serial);
    return false;
  });
  return serials;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_of_a_hundred_thousand_is_found) {
  ProbeByTag index;
  for (Serial serial = 0; serial < 100'000; ++serial) index.add(tag(serial), serial, keep_all);
  for (Serial serial = 0; serial < 100'000; ++serial)
    BOOST_REQUIRE(found(index, tag(serial)) == std::vector{static_cast<std::uint32_t>(serial)});
  BOOST_TEST(found(index, tag(100'000)).empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_found_without_a_tag) {
  ProbeByTag index;
  BOOST_TEST(found(index, tag(1)).empty());
  index.add(tag(1), 1, keep_all);
  BOOST_TEST(found(index, {}).empty());
  const Tag one = tag(1);
  BOOST_TEST(found(index, std::span{one}.first(1)).empty());
}

BOOST_AUTO_TEST_CASE(tags_of_two_four_and_eight_bytes_are_found_by_what_begins_with_them) {
  ProbeByTag index;
  const Tag one = tag(1), two = tag(2), three = tag(3);
  index.add(std::span{one}.first(2), 1, keep_all);
  index.add(std::span{two}.first(4), 2, keep_all);
  index.add(three, 3, keep_all);
  BOOST_TEST(found(index, one) == std::vector{1U}, boost::test_tools::per_element());
  BOOST_TEST(found(index, std::span{one}.first(3)) == std::vector{1U}, boost::test_tools::per_element());
  BOOST_TEST(found(index, two) == std::vector{2U}, boost::test_tools::per_element());
  BOOST_TEST(found(index, std::span{three}.first(5)) == std::vector{3U}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(equal_tags_are_all_found_and_a_probe_is_once) {
  ProbeByTag index;
  const Tag zero{};
  for (const Serial serial : {5U, 6U, 5U}) index.add(std::span{zero}.first(2), serial, keep_all);
  const auto serials = found(index, std::span{zero}.first(2));
  BOOST_TEST(std::multiset<std::uint32_t>(serials.begin(), serials.end()) == (std::multiset<std::uint32_t>{5, 6}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_not_kept_goes_when_the_table_grows) {
  ProbeByTag index;
  const auto keep_last = [](std::uint32_t serial) { return serial >= 900; };
  for (Serial serial = 0; serial < 1000; ++serial) index.add(tag(serial), serial, keep_last);
  BOOST_TEST(found(index, tag(0)).empty());
  BOOST_TEST(found(index, tag(950)).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
