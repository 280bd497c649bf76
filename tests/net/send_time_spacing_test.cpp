// Tests of the send pace: ordinary calls, interrupted calls, and hosts that become slower or faster.
// Each test chooses how long a call takes.
#include "net/send_time_spacing.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace std::chrono_literals;
using multiping::Duration;
using multiping::net::SendTimeSpacing;

BOOST_AUTO_TEST_SUITE(send_time_spacing_test)

namespace {

constexpr std::size_t whole = 64;

SendTimeSpacing at_pace(Duration step) {
  SendTimeSpacing pace;
  for (int calls = 0; calls < 100; ++calls) static_cast<void>(pace.step(step * whole, whole));
  return pace;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_as_usual_is_believed) {
  SendTimeSpacing pace = at_pace(5us);
  BOOST_CHECK(pace.step(64 * 5us, 64) == 5us);
  BOOST_CHECK(pace.step(64 * 4us, 64) == 4us);
  BOOST_CHECK(pace.step(64 * 7us, 64) == 7us);
}

BOOST_AUTO_TEST_CASE(an_interrupted_call_went_at_the_pace_of_others) {
  for (const Duration interruption : {Duration{300us}, Duration{2ms}, Duration{16ms}, Duration{3h}}) {
    SendTimeSpacing pace = at_pace(5us);
    BOOST_CHECK(pace.step(64 * 5us + interruption, 64) == 5us);
  }
}

BOOST_AUTO_TEST_CASE(the_first_call_is_believed_when_it_was_quick) {
  BOOST_CHECK(SendTimeSpacing{}.step(64 * 3us, 64) == 3us);
  BOOST_CHECK(SendTimeSpacing{}.step(64 * 12us, 64) == 12us);
}

BOOST_AUTO_TEST_CASE(of_a_first_call_that_was_interrupted_only_the_start_is_known) {
  SendTimeSpacing pace;
  BOOST_CHECK(pace.step(64 * 5us + 600us, 64) == 0us);
  BOOST_CHECK(pace.step(64 * 5us, 64) == 5us);
  BOOST_CHECK(pace.step(64 * 5us + 600us, 64) > 0us);
}

BOOST_AUTO_TEST_CASE(a_short_call_may_cost_something_beside_its_messages) {
  SendTimeSpacing pace = at_pace(4us);
  BOOST_CHECK(pace.step(30us, 2) == 15us);
  BOOST_CHECK(pace.step(33us, 2) == 4us);
  BOOST_CHECK(pace.step(3ms, 2) == 4us);
}

BOOST_AUTO_TEST_CASE(calls_of_a_few_teach_nothing) {
  SendTimeSpacing pace = at_pace(4us);
  for (int calls = 0; calls < 1000; ++calls) static_cast<void>(pace.step(3 * 10us, 3));
  BOOST_CHECK(pace.step(3ms, 64) == 4us);
}

BOOST_AUTO_TEST_CASE(a_host_that_became_slower_is_believed_after_some_calls) {
  SendTimeSpacing pace = at_pace(5us);
  BOOST_CHECK(pace.step(64 * 50us, 64) == 5us);
  int calls = 1;
  while (pace.step(64 * 50us, 64) != 50us && calls < 100) ++calls;
  BOOST_TEST(calls > 20);
  BOOST_TEST(calls < 50);
  BOOST_CHECK(pace.step(64 * 50us, 64) == 50us);
}

BOOST_AUTO_TEST_CASE(a_slow_host_is_believed_in_the_end) {
  SendTimeSpacing pace = at_pace(1ms);
  BOOST_CHECK(pace.step(64 * 1ms, 64) == 1ms);
}

BOOST_AUTO_TEST_CASE(a_host_that_became_quicker_is_believed_soon) {
  SendTimeSpacing pace = at_pace(40us);
  for (int calls = 0; calls < 8; ++calls) BOOST_CHECK(pace.step(64 * 4us, 64) == 4us);
  const Duration step = pace.step(64 * 4us + 3ms, 64);
  BOOST_CHECK(step > 4us && step < 10us);
}

BOOST_AUTO_TEST_CASE(one_interruption_in_eight_changes_little) {
  SendTimeSpacing pace = at_pace(5us);
  for (int calls = 0; calls < 1000; ++calls) {
    const bool interrupted = calls % 8 == 7;
    const Duration step = pace.step(64 * 5us + (interrupted ? 4ms : 0ms), 64);
    BOOST_REQUIRE(step >= 5us && step < 5500ns);
  }
}

BOOST_AUTO_TEST_CASE(nothing_sent_and_no_time_passed_are_no_trouble) {
  SendTimeSpacing pace;
  BOOST_CHECK(pace.step(1s, 0) == 0us);
  BOOST_CHECK(pace.step(0us, 64) == 0us);
  BOOST_CHECK(pace.step(-1us, 64) == 0us);
}

BOOST_AUTO_TEST_SUITE_END()
