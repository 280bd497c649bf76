// Wall-clock stamps to monotonic times, with the wall clock stepped under it.
// Both clocks' readings are made up.
#include "linux/stamp_clock.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace std::chrono_literals;
using multiping::net::Instant;
using multiping::os::StampClock;

BOOST_AUTO_TEST_SUITE(stamp_clock_test)

BOOST_AUTO_TEST_CASE(knows_nothing_before_a_reading) { BOOST_CHECK(!StampClock{}.monotonic(1s)); }

BOOST_AUTO_TEST_CASE(turns_a_stamp_into_monotonic_time) {
  StampClock clock;
  clock.read(Instant{10s}, 1'000'010s);
  BOOST_CHECK(clock.monotonic(1'000'009s) == Instant{9s});
}

BOOST_AUTO_TEST_CASE(a_monotonic_clock_near_zero_is_a_time_like_any_other) {
  StampClock clock;
  clock.read(Instant{0s}, 1'000'000s);
  BOOST_CHECK(clock.monotonic(1'000'000s) == Instant{0s});
}

BOOST_AUTO_TEST_CASE(trusts_no_stamp_around_a_step) {
  for (const auto step : {1h, -1h}) {
    StampClock clock;
    clock.read(Instant{10s}, 1'000'010s);
    clock.read(Instant{11s}, 1'000'011s + step);
    BOOST_CHECK(!clock.monotonic(1'000'010s + 900ms));
    clock.read(Instant{12s}, 1'000'012s + step);
    BOOST_CHECK(clock.monotonic(1'000'011s + 500ms + step) == Instant{11s + 500ms});
  }
}

BOOST_AUTO_TEST_CASE(slewing_is_no_step) {
  StampClock clock;
  clock.read(Instant{10s}, 1'000'010s);
  clock.read(Instant{11s}, 1'000'011s + 500us);
  BOOST_CHECK(clock.monotonic(1'000'011s) == Instant{11s - 500us});
}

BOOST_AUTO_TEST_SUITE_END()
