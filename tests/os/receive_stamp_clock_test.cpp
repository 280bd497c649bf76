// Tests the conversion of wall-clock stamps to monotonic times across steps of the wall clock.
// The test makes up the times of both clocks.
#include "os/receive_stamp_clock.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace std::chrono_literals;
using multiping::Duration;
using multiping::Instant;
using multiping::os::ReceiveStampClock;

BOOST_AUTO_TEST_SUITE(receive_stamp_clock_test)

BOOST_AUTO_TEST_CASE(knows_nothing_before_a_reading) { BOOST_CHECK(!ReceiveStampClock{}.monotonic({}, 1s)); }

BOOST_AUTO_TEST_CASE(turns_a_stamp_into_monotonic_time) {
  ReceiveStampClock clock;
  clock.read(Instant{10s}, 1'000'010s);
  BOOST_CHECK(clock.monotonic({}, 1'000'009s) == Instant{9s});
}

BOOST_AUTO_TEST_CASE(a_monotonic_clock_near_zero_is_a_time_like_any_other) {
  ReceiveStampClock clock;
  clock.read(Instant{0s}, 1'000'000s);
  BOOST_CHECK(clock.monotonic({}, 1'000'000s) == Instant{0s});
}

// All waiting packets, however many, may be older than the step.
BOOST_AUTO_TEST_CASE(trusts_no_stamp_until_the_queue_was_found_empty_after_a_step) {
  for (const Duration step : {Duration{1h}, Duration{-1h}, Duration{30ms}, Duration{-50ms}}) {
    ReceiveStampClock clock;
    ReceiveStampClock::Queue queue;
    clock.read(Instant{10s}, 1'000'010s);
    for (int reading = 1; reading <= 5; ++reading) {
      clock.read(Instant{10s + reading * 1ms}, 1'000'010s + reading * 1ms + step);
      BOOST_CHECK(clock.doubts(queue));
      BOOST_CHECK(!clock.monotonic(queue, 1'000'009s + 900ms));
    }
    clock.found_empty(queue);
    BOOST_CHECK(!clock.doubts(queue));
    clock.read(Instant{12s}, 1'000'012s + step);
    BOOST_CHECK(clock.monotonic(queue, 1'000'011s + 500ms + step) == Instant{11s + 500ms});
  }
}

// Each queue holds packets of its own; it does not matter which one is read first after the step.
BOOST_AUTO_TEST_CASE(a_queue_is_trusted_by_itself) {
  ReceiveStampClock clock;
  ReceiveStampClock::Queue read_first, read_later;
  clock.read(Instant{10s}, 1'000'010s);
  clock.read(Instant{11s}, 1'000'011s + 30ms);
  clock.found_empty(read_first);
  clock.read(Instant{12s}, 1'000'012s + 30ms);
  BOOST_CHECK(clock.monotonic(read_first, 1'000'012s) == Instant{12s - 30ms});
  BOOST_CHECK(!clock.monotonic(read_later, 1'000'012s));
}

BOOST_AUTO_TEST_CASE(being_empty_before_a_step_is_no_proof) {
  ReceiveStampClock clock;
  ReceiveStampClock::Queue queue;
  clock.read(Instant{10s}, 1'000'010s);
  clock.found_empty(queue);
  clock.read(Instant{11s}, 1'000'011s - 50ms);
  BOOST_CHECK(!clock.monotonic(queue, 1'000'011s));
  clock.found_empty(queue);
  clock.read(Instant{12s}, 1'000'012s);
  BOOST_CHECK(!clock.monotonic(queue, 1'000'012s));
}

BOOST_AUTO_TEST_CASE(a_queue_that_is_made_after_a_step_has_nothing_to_hide) {
  ReceiveStampClock clock;
  clock.read(Instant{10s}, 1'000'010s);
  clock.read(Instant{11s}, 1'000'011s + 1h);
  ReceiveStampClock::Queue queue;
  clock.found_empty(queue);
  BOOST_CHECK(clock.monotonic(queue, 1'000'011s + 1h) == Instant{11s});
}

// Two clocks are never read at exactly the same moment.
BOOST_AUTO_TEST_CASE(an_error_of_reading_is_no_step) {
  ReceiveStampClock clock;
  clock.read(Instant{10s}, 1'000'010s);
  clock.read(Instant{11s}, 1'000'011s + 500us);
  BOOST_CHECK(clock.monotonic({}, 1'000'011s) == Instant{11s - 500us});
}

BOOST_AUTO_TEST_SUITE_END()
