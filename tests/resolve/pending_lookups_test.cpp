// Tests how a list of names becomes known: every position once, equal names together, addresses without a wait.
// Tests with a name server are in getaddrinfo_lookup_test.cpp.
#include "resolve/pending_lookups.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/error.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(pending_lookups_test)

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::size_t> positions(const std::vector<PendingLookups::Known>& taken) {
  std::vector<std::size_t> positions;
  for (const auto& known : taken) positions.push_back(known.position);
  std::ranges::sort(positions);
  return positions;
}

}  // namespace

BOOST_AUTO_TEST_CASE(addresses_are_known_at_once_and_need_no_descriptor) {
  PendingLookups lookups{{"192.0.2.1", "", "::1"}, {}};
  BOOST_TEST(!lookups.done());
  BOOST_TEST(lookups.native_handle() == -1);
  BOOST_TEST((lookups.deadline() == Time::max()));
  lookups.wait(Clock::now() + 10s);
  const auto taken = lookups.take();
  BOOST_TEST(positions(taken) == (std::vector<std::size_t>{0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(taken[0].resolution.name == "192.0.2.1");
  BOOST_TEST((taken[1].resolution.error == Errc::no_address));
  BOOST_TEST(lookups.done());
  BOOST_TEST(lookups.take().empty());
}

BOOST_AUTO_TEST_CASE(every_position_comes_once) {
  PendingLookups lookups{{"localhost", "192.0.2.1", "localhost"}, {.timeout = 60s}};
  BOOST_TEST((lookups.deadline() > Clock::now()));
  std::vector<PendingLookups::Known> all;
  while (!lookups.done()) {
    lookups.wait(Clock::now() + 10s);
    for (auto& known : lookups.take()) all.push_back(std::move(known));
  }
  BOOST_TEST(positions(all) == (std::vector<std::size_t>{0, 1, 2}), boost::test_tools::per_element());
  for (const auto& [position, resolution] : all) {
    BOOST_TEST(!resolution.error);
    BOOST_TEST(resolution.name == (position == 1 ? "192.0.2.1" : "localhost"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_ended_is_known) {
  PendingLookups lookups{{"localhost"}, {.timeout = 0s}};
  lookups.end();
  const auto taken = lookups.take();
  BOOST_REQUIRE(taken.size() == 1U);
  BOOST_TEST((taken[0].resolution.error == Errc::lookup_timeout));
}

BOOST_AUTO_TEST_CASE(a_list_may_be_given_up_and_moved) {
  PendingLookups lookups{{"localhost"}, {.timeout = 60s}};
  PendingLookups moved{std::move(lookups)};
  moved.wait_for_all();
  BOOST_TEST(moved.take().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
