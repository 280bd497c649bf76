// Tests that users take turns, however many jobs one of them has.
// Pure.
#include "apps/multipingd/broker/fair_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

BOOST_AUTO_TEST_SUITE(fair_queue_test)

BOOST_AUTO_TEST_CASE(a_round_has_one_job_of_each_user_in_the_order_they_came) {
  multiping::daemon::FairQueue<int, int> turns;
  BOOST_TEST(turns.empty());
  BOOST_TEST(turns.next_round().empty());
  for (int job = 100; job < 105; ++job) turns.add(1, job);
  turns.add(2, 200);
  turns.add(3, 300);
  turns.add(3, 301);
  BOOST_TEST((turns.next_round() == std::vector{100, 200, 300}));
  turns.add(2, 201);  // added while jobs of user 1 wait, and still in the next round
  BOOST_TEST((turns.next_round() == std::vector{101, 201, 301}));
  BOOST_TEST((turns.next_round() == std::vector{102}));
  BOOST_TEST((turns.next_round() == std::vector{103}));
  BOOST_TEST(!turns.empty());
  BOOST_TEST((turns.next_round() == std::vector{104}));
  BOOST_TEST(turns.empty());
}

BOOST_AUTO_TEST_SUITE_END()
