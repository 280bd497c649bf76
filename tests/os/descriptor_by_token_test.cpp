// Tests that the descriptor of a token is found exactly while the token is in the table.
// The results are compared with those of a map of the standard library.
#include "os/descriptor_by_token.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using multiping::os::ConnectionDescriptors;

BOOST_AUTO_TEST_SUITE(connection_descriptors_test)

BOOST_AUTO_TEST_CASE(an_empty_table_finds_nothing) {
  ConnectionDescriptors table;
  BOOST_TEST(!table.find(0).has_value());
  table.erase(7);
  BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(does_what_a_map_does) {
  std::mt19937_64 random{1};
  ConnectionDescriptors table;
  std::map<std::uint64_t, int> map;
  for (int step = 0; step < 100'000; ++step) {
    // Few tokens, so that they repeat, at distances that make them collide.
    const std::uint64_t token = random() % 512 * 4096;
    if (!map.contains(token) && random() % 2 == 0) {
      table.reserve_one();
      table.insert(token, step);
      map.emplace(token, step);
    } else {
      table.erase(token);
      map.erase(token);
    }
    BOOST_REQUIRE_EQUAL(table.size(), map.size());
    const std::uint64_t other = random() % 512 * 4096;
    const auto found = map.find(other);
    BOOST_REQUIRE_EQUAL(table.find(other).value_or(-1), found == map.end() ? -1 : found->second);
  }
}

BOOST_AUTO_TEST_CASE(tokens_that_only_grow_leave_no_trace) {
  ConnectionDescriptors table;
  for (std::uint64_t token = 0; token < 100'000; ++token) {
    table.reserve_one();
    table.insert(token, 5);
    if (token >= 3) table.erase(token - 3);
    BOOST_REQUIRE(table.size() <= 3U);
  }
  BOOST_TEST(table.find(99'999).value_or(-1) == 5);
  BOOST_TEST(!table.find(5).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
