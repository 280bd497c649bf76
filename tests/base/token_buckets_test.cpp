// Tests the rate limits by buckets of tokens, in virtual time.
// No test reads a clock.
#include "base/token_buckets.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

BOOST_AUTO_TEST_SUITE(token_buckets_test)

namespace {

using multiping::Duration;
using multiping::Rate;
using multiping::TokenBuckets;
using Instant = multiping::Instant;
using namespace std::chrono_literals;

constexpr Instant start{1h};

/// How many tokens the client gets at one moment.
int burst(TokenBuckets<int>& limits, int client, Instant now) {
  int taken = 0;
  while (taken < 10'000 && limits.take(client, now) == 0s) ++taken;
  return taken;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_burst_passes_and_then_the_rate) {
  TokenBuckets<int> limits{Rate{.per_second = 100, .burst = 20}, 10};
  BOOST_TEST(burst(limits, 1, start) == 20);
  BOOST_TEST(burst(limits, 1, start + 100ms) == 10);
  BOOST_TEST(burst(limits, 1, start + 1h) == 20);
}

BOOST_AUTO_TEST_CASE(who_waits_as_told_has_it_and_not_a_millisecond_before) {
  TokenBuckets<int> limits{Rate{.per_second = 3, .burst = 1}, 10};
  Instant now = start;
  BOOST_CHECK(limits.take(1, now) == 0s);
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = limits.take(1, now);
    BOOST_REQUIRE(wait > 0s);
    BOOST_REQUIRE(wait <= 334ms);
    BOOST_REQUIRE(limits.take(1, now + wait - 1ms) > 0s);
    now += wait;
    BOOST_REQUIRE(limits.take(1, now) == 0s);
  }
}

BOOST_AUTO_TEST_CASE(what_is_given_back_is_there_again_but_no_more_than_a_burst) {
  TokenBuckets<int> limits{Rate{.per_second = 1, .burst = 5}, 10};
  BOOST_TEST(burst(limits, 1, start) == 5);
  limits.give_back(1);
  limits.give_back(2);  // client 2 has taken no token
  BOOST_TEST(burst(limits, 1, start) == 1);
  for (int i = 0; i < 10; ++i) limits.give_back(1);
  BOOST_TEST(burst(limits, 1, start) == 5);
  BOOST_TEST(burst(limits, 2, start) == 5);
}

BOOST_AUTO_TEST_CASE(clients_do_not_take_from_each_other) {
  TokenBuckets<int> limits{Rate{.per_second = 1, .burst = 5}, 10};
  BOOST_TEST(burst(limits, 1, start) == 5);
  BOOST_TEST(burst(limits, 2, start) == 5);
}

BOOST_AUTO_TEST_CASE(no_rate_is_no_limit_and_costs_no_memory) {
  TokenBuckets<int> limits{Rate{}, 10};
  BOOST_TEST(burst(limits, 1, start) == 10'000);
  BOOST_TEST(limits.clients() == 0U);
}

BOOST_AUTO_TEST_CASE(a_burst_below_one_is_one) {
  TokenBuckets<int> limits{Rate{.per_second = 1, .burst = 0}, 10};
  BOOST_TEST(burst(limits, 1, start) == 1);
}

BOOST_AUTO_TEST_CASE(a_clock_that_stands_or_goes_back_gives_nothing) {
  TokenBuckets<int> limits{Rate{.per_second = 1000, .burst = 5}, 10};
  BOOST_TEST(burst(limits, 1, start) == 5);
  BOOST_TEST(burst(limits, 1, start - 10s) == 0);
  BOOST_TEST(burst(limits, 1, start) == 0);
}

BOOST_AUTO_TEST_CASE(newcomers_beyond_the_most_share_one_bucket) {
  TokenBuckets<int> limits{Rate{.per_second = 0.001, .burst = 4}, 100};
  for (int client = 0; client < 100; ++client) BOOST_CHECK(limits.take(client, start) == 0s);
  int taken = 0;
  for (int client = 100; client < 1100; ++client) taken += limits.take(client, start) == 0s ? 1 : 0;
  BOOST_TEST(taken == 4);
  BOOST_TEST(limits.clients() == 100U);
  BOOST_TEST(burst(limits, 5, start) == 3);  // an earlier client keeps its own bucket
}

BOOST_AUTO_TEST_CASE(full_buckets_make_room) {
  TokenBuckets<int> limits{Rate{.per_second = 10, .burst = 1}, 100};
  for (int client = 0; client < 100; ++client) BOOST_CHECK(limits.take(client, start) == 0s);
  BOOST_CHECK(limits.take(7, start + 150ms) == 0s);
  BOOST_CHECK(limits.take(1000, start + 151ms) == 0s);
  BOOST_TEST(limits.clients() == 2U);  // the new client, and the one whose bucket is not full yet
}

BOOST_AUTO_TEST_SUITE_END()
