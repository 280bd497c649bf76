// Tests the schedule of a series: when each target is due, the effect of late calls, and series without an interval.
// Each test chooses the time.
#include "engine/series_schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using engine::SeriesSchedule;

BOOST_AUTO_TEST_SUITE(series_schedule_test)

constexpr Instant start{100s};

struct Probe {
  std::uint32_t target;
  std::uint64_t round;
  friend bool operator==(const Probe&, const Probe&) = default;
};
using Probes = std::vector<Probe>;

/// Takes all probes that are due, in order.
Probes take(SeriesSchedule& session, Instant now) {
  Probes probes;
  while (const auto due = session.take_due(now)) probes.push_back({due->target, due->round});
  return probes;
}

BOOST_AUTO_TEST_CASE(targets_are_spread_over_the_interval) {
  SeriesSchedule session{{.targets = 4, .count = 2, .interval = 1s, .start = start}};
  Instant due = start;
  for (std::uint64_t round = 0; round < 2; ++round) {
    for (std::uint32_t target = 0; target < 4; ++target, due += 250ms) {
      BOOST_CHECK(session.next() == due);
      BOOST_TEST(take(session, due - 1ns).empty());
      BOOST_TEST((take(session, due) == Probes{{target, round}}));
    }
  }
  BOOST_CHECK(session.next() == Instant::max());
  BOOST_TEST(take(session, due + 1h).empty());
}

BOOST_AUTO_TEST_CASE(it_is_over_when_every_fate_is_known) {
  SeriesSchedule session{{.targets = 2, .count = 1, .interval = 1s, .start = start}};
  static_cast<void>(take(session, start + 900ms));
  session.done(1, true, start + 11s);
  BOOST_TEST(!session.over());
  session.done(0, false, start + 12s);
  BOOST_TEST(session.over());
}

BOOST_AUTO_TEST_CASE(no_target_is_nothing_to_do) {
  for (const Duration interval : {Duration{0}, Duration{1s}}) {
    const SeriesSchedule session{{.targets = 0, .count = 0, .interval = interval, .start = start}};
    BOOST_TEST(session.over());
    BOOST_CHECK(session.next() == Instant::max());
  }
}

BOOST_AUTO_TEST_CASE(an_interval_that_does_not_divide_drifts_by_no_nanosecond) {
  constexpr std::uint32_t targets = 7;
  SeriesSchedule session{{.targets = targets, .count = 0, .interval = 1s, .start = start}};
  for (std::uint64_t round = 0; round < 10'000; ++round) {
    for (std::uint32_t target = 0; target < targets; ++target) {
      const Instant due = start + 1s * static_cast<int>(round) + Duration{1s} * target / targets;
      BOOST_REQUIRE(session.next() == due);
      BOOST_REQUIRE((take(session, due + 3ms) == Probes{{target, round}}));  // a little late in each round
    }
  }
  BOOST_TEST(!session.over());
}

BOOST_AUTO_TEST_CASE(who_is_late_by_less_than_an_interval_leaves_the_grid_where_it_was) {
  SeriesSchedule session{{.targets = 2, .count = 3, .interval = 1s, .start = start}};
  BOOST_TEST((take(session, start + 999ms) == Probes{{0, 0}, {1, 0}}));
  BOOST_CHECK(session.next() == start + 1s);
  BOOST_TEST((take(session, start + 1s) == Probes{{0, 1}}));
  BOOST_CHECK(session.slip(0) == 0s && session.slip(1) == 0s);
}

BOOST_AUTO_TEST_CASE(who_is_away_for_whole_intervals_moves_the_grid_and_leaves_out_nothing) {
  SeriesSchedule session{{.targets = 2, .count = 3, .interval = 1s, .start = start}};
  BOOST_TEST((take(session, start) == Probes{{0, 0}}));
  BOOST_TEST((take(session, start + 3250ms) == Probes{{1, 0}, {0, 1}}));  // due at 0.5 s and at 1 s
  BOOST_CHECK(session.slip(1) == 2s);
  BOOST_CHECK(session.slip(0) == 2s);
  BOOST_CHECK(session.next() == start + 3500ms);
  BOOST_TEST((take(session, start + 3500ms) == Probes{{1, 1}}));
  BOOST_TEST((take(session, start + 4s) == Probes{{0, 2}}));
  BOOST_TEST((take(session, start + 4500ms) == Probes{{1, 2}}));
  BOOST_CHECK(session.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(targets_stay_spread_when_only_some_were_late_by_an_interval) {
  SeriesSchedule session{{.targets = 4, .count = 3, .interval = 1s, .start = start}};
  // Targets 0 and 1 are late by an interval, 2 and 3 are not. If 2 and 3 kept their grid, they would have to wait for
  // the others in each round, and all targets would leave at once.
  BOOST_TEST((take(session, start + 1300ms) == Probes{{0, 0}, {1, 0}}));
  BOOST_CHECK(session.slip(1) == 1s);
  for (std::uint64_t k = 2; k < 12; ++k) {
    const Instant due = start + 1s + 250ms * static_cast<int>(k);
    BOOST_CHECK(session.next() == due);
    BOOST_TEST((take(session, due) == Probes{{static_cast<std::uint32_t>(k % 4), k / 4}}));
  }
  for (std::uint32_t target = 0; target < 4; ++target) BOOST_CHECK(session.slip(target) == 1s);
}

BOOST_AUTO_TEST_CASE(a_target_whose_rounds_are_over_slips_no_more) {
  SeriesSchedule session{{.targets = 2, .count = 1, .interval = 1s, .start = start}};
  BOOST_TEST((take(session, start) == Probes{{0, 0}}));
  BOOST_TEST((take(session, start + 2500ms) == Probes{{1, 0}}));
  BOOST_CHECK(session.slip(0) == 0s && session.slip(1) == 2s);
}

BOOST_AUTO_TEST_CASE(slips_add_up) {
  SeriesSchedule session{{.targets = 1, .count = 0, .interval = 1s, .start = start}};
  Instant now = start;
  for (std::uint64_t round = 0; round < 10; ++round, now += 2500ms)
    BOOST_TEST((take(session, now) == Probes{{0, round}}));
  // Calls come at 0, 2.5, 5, 7.5 s and so on: the grid moves by 1 s at 2.5 s, by 1 s at 5 s, by 2 s at 7.5 s, ...
  BOOST_CHECK(session.slip(0) == 13s);
}

BOOST_AUTO_TEST_CASE(intervals_too_long_to_add_up_never_come) {
  SeriesSchedule session{{.targets = 3, .count = 0, .interval = Duration::max(), .start = start}};
  BOOST_TEST((take(session, start) == Probes{{0, 0}}));
  BOOST_CHECK(session.next() == start + Duration::max() / 3);
  BOOST_TEST(take(session, start + 24h * 365).empty());
}

BOOST_AUTO_TEST_CASE(a_hold_puts_off_what_is_due) {
  for (const Duration interval : {Duration{0}, Duration{1s}}) {
    SeriesSchedule session{{.targets = 1, .count = 1, .interval = interval, .start = start}};
    session.hold(start + 5ms);
    BOOST_CHECK(session.next() == start + 5ms);
    BOOST_TEST(take(session, start + 4ms).empty());
    BOOST_TEST((take(session, start + 5ms) == Probes{{0, 0}}));
  }
}

BOOST_AUTO_TEST_CASE(without_an_interval_each_target_goes_on_when_its_fate_is_known) {
  SeriesSchedule session{{.targets = 3, .count = 2, .start = start}};
  BOOST_TEST((take(session, start) == Probes{{0, 0}, {1, 0}, {2, 0}}));
  BOOST_CHECK(session.next() == Instant::max());
  session.done(1, true, start + 1ms);
  BOOST_TEST((take(session, start + 1ms) == Probes{{1, 1}}));
  session.done(1, true, start + 2ms);
  BOOST_TEST(take(session, start + 2ms).empty());  // target 1 has had its two rounds
  session.done(0, true, start + 1s);
  session.done(2, true, start + 1s);
  BOOST_TEST((take(session, start + 1s) == Probes{{0, 1}, {2, 1}}));
  session.done(0, true, start + 2s);
  BOOST_TEST(!session.over());
  session.done(2, true, start + 2s);
  BOOST_TEST(session.over());
  BOOST_CHECK(session.slip(2) == 0s);
}

BOOST_AUTO_TEST_CASE(without_an_interval_what_cannot_leave_does_not_spin) {
  SeriesSchedule session{{.targets = 2, .count = 0, .start = start}};
  static_cast<void>(take(session, start));
  session.done(0, false, start);
  session.done(1, false, start + 1ms);
  BOOST_TEST(take(session, start + 1ms).empty());
  BOOST_CHECK(session.next() == start + 10ms);
  BOOST_TEST((take(session, start + 10ms) == Probes{{0, 1}}));
  BOOST_TEST((take(session, start + 20ms) == Probes{{1, 1}}));
}

BOOST_AUTO_TEST_CASE(in_step_nobody_begins_a_round_before_all_have_ended_the_last) {
  SeriesSchedule session{{.targets = 2, .count = 2, .start = start, .in_step = true}};
  BOOST_TEST((take(session, start) == Probes{{0, 0}, {1, 0}}));
  session.done(0, false, start);
  BOOST_TEST(take(session, start + 500ms).empty());
  session.done(1, true, start + 1s);
  BOOST_TEST((take(session, start + 1s) == Probes{{0, 1}, {1, 1}}));
  session.done(1, false, start + 1s);
  session.done(0, false, start + 1s);
  BOOST_TEST(session.over());
}

BOOST_AUTO_TEST_CASE(in_step_a_round_of_which_nothing_could_leave_is_followed_by_a_pause) {
  SeriesSchedule session{{.targets = 2, .count = 0, .start = start, .in_step = true}};
  while (const auto due = session.take_due(start)) session.done(due->target, false, start);
  BOOST_CHECK(session.next() == start + 10ms);
  BOOST_TEST((take(session, start + 10ms) == Probes{{0, 1}, {1, 1}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
