// Tests which positions of a list share a target.
// Long lists are compared with a plain map.
#include "engine/roster.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using multiping::Address;
using multiping::engine::Endpoint;
using multiping::engine::Roster;

BOOST_AUTO_TEST_SUITE(roster_test)

namespace {

Endpoint host(std::uint8_t last, std::uint16_t shape = 0) { return {Address::v4({192, 0, 2, last}), shape}; }

}  // namespace

BOOST_AUTO_TEST_CASE(distinct_endpoints_are_one_to_one) {
  Roster roster{2};
  roster.add(host(1));
  roster.add(host(2));
  BOOST_TEST(roster.finish().size() == 2U);
  BOOST_TEST(roster.one_to_one());
  BOOST_TEST(roster.target_of(1) == 1U);
}

BOOST_AUTO_TEST_CASE(equal_endpoints_are_one_target) {
  Roster roster{3};
  roster.add(host(1));
  roster.add(host(2));
  roster.add(host(1));
  BOOST_TEST(roster.finish().size() == 2U);
  BOOST_TEST(!roster.one_to_one());
  BOOST_TEST(roster.target_of(2) == 0U);
}

BOOST_AUTO_TEST_CASE(another_shape_is_another_target) {
  Roster roster{2};
  roster.add(host(1, 0));
  roster.add(host(1, 1));
  BOOST_TEST(roster.finish().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_position_may_stand_for_nothing) {
  Roster roster{3};
  roster.add(host(1));
  roster.skip();
  roster.add(host(2));
  BOOST_TEST(roster.finish().size() == 2U);
  BOOST_TEST(roster.target_of(1) == Roster::no_target);
  BOOST_TEST(roster.target_of(2) == 1U);
}

BOOST_AUTO_TEST_CASE(empty) {
  Roster roster{0};
  BOOST_TEST(roster.finish().empty());
}

BOOST_AUTO_TEST_CASE(agrees_with_a_map_on_a_long_list) {
  std::mt19937 random{7};
  Roster roster{20'000};
  std::map<std::uint8_t, std::uint32_t> numbers;
  std::vector<std::uint32_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto last = static_cast<std::uint8_t>(random() & 0xffU);
    expected.push_back(numbers.emplace(last, numbers.size()).first->second);
    roster.add(host(last));
  }
  BOOST_TEST(roster.finish().size() == numbers.size());
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_REQUIRE_EQUAL(roster.target_of(i), expected[i]);
}

BOOST_AUTO_TEST_SUITE_END()
