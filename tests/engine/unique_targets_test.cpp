// Tests which positions of a list share a target.
// Long lists are compared with a plain map.
#include "engine/unique_targets.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using multiping::Address;
using multiping::engine::TargetKey;
using multiping::engine::UniqueTargets;

BOOST_AUTO_TEST_SUITE(unique_targets_test)

namespace {

TargetKey host(std::uint8_t last, std::uint16_t profile = 0) { return {Address::v4({192, 0, 2, last}), profile}; }

}  // namespace

BOOST_AUTO_TEST_CASE(distinct_destinations_are_one_to_one) {
  UniqueTargets unique_targets{2};
  unique_targets.add(host(1));
  unique_targets.add(host(2));
  BOOST_TEST(unique_targets.finish().size() == 2U);
  BOOST_TEST(unique_targets.one_to_one());
  BOOST_TEST(unique_targets.target_of(1) == 1U);
}

BOOST_AUTO_TEST_CASE(equal_destinations_are_one_target) {
  UniqueTargets unique_targets{3};
  unique_targets.add(host(1));
  unique_targets.add(host(2));
  unique_targets.add(host(1));
  BOOST_TEST(unique_targets.finish().size() == 2U);
  BOOST_TEST(!unique_targets.one_to_one());
  BOOST_TEST(unique_targets.target_of(2) == 0U);
}

BOOST_AUTO_TEST_CASE(another_profile_is_another_target) {
  UniqueTargets unique_targets{2};
  unique_targets.add(host(1, 0));
  unique_targets.add(host(1, 1));
  BOOST_TEST(unique_targets.finish().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_position_may_stand_for_nothing) {
  UniqueTargets unique_targets{3};
  unique_targets.add(host(1));
  unique_targets.skip();
  unique_targets.add(host(2));
  BOOST_TEST(unique_targets.finish().size() == 2U);
  BOOST_TEST(unique_targets.target_of(1) == UniqueTargets::no_target);
  BOOST_TEST(unique_targets.target_of(2) == 1U);
}

BOOST_AUTO_TEST_CASE(empty) {
  UniqueTargets unique_targets{0};
  BOOST_TEST(unique_targets.finish().empty());
}

BOOST_AUTO_TEST_CASE(agrees_with_a_map_on_a_long_list) {
  std::mt19937 random{7};
  UniqueTargets unique_targets{20'000};
  std::map<std::uint8_t, std::uint32_t> numbers;
  std::vector<std::uint32_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto last = static_cast<std::uint8_t>(random() & 0xffU);
    expected.push_back(numbers.emplace(last, numbers.size()).first->second);
    unique_targets.add(host(last));
  }
  BOOST_TEST(unique_targets.finish().size() == numbers.size());
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_REQUIRE_EQUAL(unique_targets.target_of(i), expected[i]);
}

BOOST_AUTO_TEST_SUITE_END()
