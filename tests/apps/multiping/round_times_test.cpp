// Checks who is asked when: order, interval, period, sliding, the changes of the rate, and attempts.
// Time is an argument.
#include "apps/multiping/round_times.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "apps/multiping/attempt_table.hpp"

BOOST_AUTO_TEST_SUITE(round_times_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;
using Time = RoundTimes::Time;

const Time start{1000s};

/// "0@0 1@10 ...": each probe and its time in ms, until `end`.
std::string run(RoundTimes schedule, Duration end = 1h) {
  std::string text;
  Time now = start;
  while (!schedule.done() && now - start <= end) {
    while (const auto slot = schedule.take(now))
      text += (text.empty() ? "" : " ") + std::to_string(slot->target) + "@" + std::to_string((now - start) / 1ms);
    now = schedule.next();
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(targets_follow_each_other_at_the_interval) {
  BOOST_TEST(run({3, {.interval = 10ms, .period = 1s, .rounds = 2}, start}) == "0@0 1@10 2@20 0@1000 1@1010 2@1020");
}

BOOST_AUTO_TEST_CASE(without_an_interval_a_round_leaves_at_once) {
  BOOST_TEST(run({3, {.period = 1s, .rounds = 2}, start}) == "0@0 1@0 2@0 0@1000 1@1000 2@1000");
}

BOOST_AUTO_TEST_CASE(a_period_that_is_too_short_slides) {
  BOOST_TEST(run({3, {.interval = 10ms, .period = 20ms, .rounds = 2}, start}) == "0@0 1@10 2@20 0@30 1@40 2@50");
}

BOOST_AUTO_TEST_CASE(without_rounds_it_goes_on) {
  BOOST_TEST(run({1, {.period = 1s, .rounds = 0}, start}, 3s) == "0@0 0@1000 0@2000 0@3000");
}

BOOST_AUTO_TEST_CASE(a_late_turn_does_not_move_the_period) {
  RoundTimes schedule{1, {.period = 1s, .rounds = 3}, start};
  BOOST_TEST(schedule.take(start + 300ms).has_value());
  BOOST_TEST((schedule.next() == start + 1s));
  BOOST_TEST(schedule.take(start + 5s).has_value());
  BOOST_TEST((schedule.next() == start + 6s));
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_before_its_time_or_after_the_end) {
  RoundTimes schedule{1, {.period = 1s, .rounds = 1}, start};
  BOOST_TEST(!schedule.take(start - 1ms).has_value());
  BOOST_TEST(schedule.take(start).has_value());
  BOOST_TEST(schedule.done());
  BOOST_TEST((schedule.next() == Time::max()));
  BOOST_TEST(!schedule.take(start + 1h).has_value());
  BOOST_TEST(RoundTimes(0, {.rounds = 0}, start).done());
}

BOOST_AUTO_TEST_CASE(probes_beside_the_schedule_keep_the_interval) {
  RoundTimes schedule{2, {.interval = 10ms, .period = 1s}, start};
  BOOST_TEST(schedule.take(start).has_value());
  BOOST_TEST(!schedule.take_beside(start + 9ms));
  BOOST_TEST((schedule.next_beside() == start + 10ms));
  BOOST_TEST(schedule.take_beside(start + 10ms));
  BOOST_TEST(!schedule.take(start + 19ms).has_value());
  BOOST_TEST(schedule.take(start + 20ms).has_value());
}

BOOST_AUTO_TEST_CASE(a_target_has_its_attempts_and_is_decided_once) {
  AttemptTable table{2, 1};
  BOOST_TEST(table.add(0, 10) == 1U);
  BOOST_TEST(table.add(1, 11) == 1U);
  BOOST_TEST(!table.end(0, 10));  // an attempt is left
  BOOST_TEST(table.has_another(0));
  BOOST_TEST(table.add(0, 12) == 2U);
  BOOST_TEST(!table.has_another(0));
  BOOST_TEST(table.end(0, 12));
  BOOST_TEST(table.is_decided(0));
  BOOST_TEST(table.undecided() == 1U);
  BOOST_TEST(table.add(1, 13) == 2U);
  BOOST_TEST(!table.end(1, 13));  // the first attempt is under way
  BOOST_TEST((table.decide(1) == std::vector<AttemptTable::Token>{11}));
  BOOST_TEST(table.undecided() == 0U);
  BOOST_TEST(table.decide(1).empty());
  BOOST_TEST(!table.has_another(1));
}

BOOST_AUTO_TEST_CASE(the_rate_doubles_and_halves) {
  RoundTimes schedule{2, {.interval = 10ms, .period = 1s, .rounds = 0}, start};
  schedule.go_faster();
  BOOST_TEST((schedule.timing().interval == Duration{5ms}));
  BOOST_TEST((schedule.timing().period == Duration{500ms}));
  schedule.go_slower();
  schedule.go_slower();
  BOOST_TEST((schedule.timing().interval == Duration{20ms}));
  RoundTimes free{2, {.period = 1s}, start};
  free.go_slower();
  BOOST_TEST((free.timing().interval == Duration{1ms}));
  for (int i = 0; i < 10; ++i) free.go_faster();
  BOOST_TEST((free.timing().interval == Duration{0}));
}

BOOST_AUTO_TEST_SUITE_END()
