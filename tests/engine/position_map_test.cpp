// Tests which positions of a list share a target.
// Long lists are compared with a plain map.
#include "engine/position_map.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using multiping::Address;
using multiping::engine::Destination;
using multiping::engine::PositionMap;

BOOST_AUTO_TEST_SUITE(position_map_test)

namespace {

Destination host(std::uint8_t last, std::uint16_t profile = 0) { return {Address::v4({192, 0, 2, last}), profile}; }

}  // namespace

BOOST_AUTO_TEST_CASE(distinct_destinations_are_one_to_one) {
  PositionMap position_map{2};
  position_map.add(host(1));
  position_map.add(host(2));
  BOOST_TEST(position_map.finish().size() == 2U);
  BOOST_TEST(position_map.one_to_one());
  BOOST_TEST(position_map.target_of(1) == 1U);
}

BOOST_AUTO_TEST_CASE(equal_destinations_are_one_target) {
  PositionMap position_map{3};
  position_map.add(host(1));
  position_map.add(host(2));
  position_map.add(host(1));
  BOOST_TEST(position_map.finish().size() == 2U);
  BOOST_TEST(!position_map.one_to_one());
  BOOST_TEST(position_map.target_of(2) == 0U);
}

BOOST_AUTO_TEST_CASE(another_profile_is_another_target) {
  PositionMap position_map{2};
  position_map.add(host(1, 0));
  position_map.add(host(1, 1));
  BOOST_TEST(position_map.finish().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_position_may_stand_for_nothing) {
  PositionMap position_map{3};
  position_map.add(host(1));
  position_map.skip();
  position_map.add(host(2));
  BOOST_TEST(position_map.finish().size() == 2U);
  BOOST_TEST(position_map.target_of(1) == PositionMap::no_target);
  BOOST_TEST(position_map.target_of(2) == 1U);
}

BOOST_AUTO_TEST_CASE(empty) {
  PositionMap position_map{0};
  BOOST_TEST(position_map.finish().empty());
}

BOOST_AUTO_TEST_CASE(agrees_with_a_map_on_a_long_list) {
  std::mt19937 random{7};
  PositionMap position_map{20'000};
  std::map<std::uint8_t, std::uint32_t> numbers;
  std::vector<std::uint32_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto last = static_cast<std::uint8_t>(random() & 0xffU);
    expected.push_back(numbers.emplace(last, numbers.size()).first->second);
    position_map.add(host(last));
  }
  BOOST_TEST(position_map.finish().size() == numbers.size());
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_REQUIRE_EQUAL(position_map.target_of(i), expected[i]);
}

BOOST_AUTO_TEST_SUITE_END()
