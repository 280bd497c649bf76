// Tests of the RTT of answers that came in during the call that sent their probe.
// Times count from the start of a call of 10 probes, 5 microseconds each; the serials begin with 100.
#include "net/send_time_bounds.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using multiping::Instant;
using multiping::net::Probe;
using multiping::net::SendTimeBounds;
using multiping::net::Serial;

BOOST_AUTO_TEST_SUITE(send_time_bounds_test)

namespace {

constexpr Instant start{50s};

/// `count` probes with serials from `first` on, in steps of `every`.
std::vector<Probe> probes(Serial first, std::size_t count = 10, Serial every = 1) {
  std::vector<Probe> probes(count);
  for (std::size_t k = 0; k < count; ++k) probes[k].serial = first + k * every;
  return probes;
}

SendTimeBounds ten_probes() {
  SendTimeBounds calls;
  calls.add({.probes = probes(100), .started = start, .finished = start + 50us, .step = 5us});
  return calls;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_before_the_sending_time_puts_it_earlier) {
  // Probe 8 counts as sent at 40. At 36 it and the eight before it had left: 4 us for each.
  BOOST_CHECK(ten_probes().round_trip(108, start + 36us) == 4us);
  // The answer comes less than one step after the sending time, and exactly at the sending time.
  BOOST_CHECK(ten_probes().round_trip(103, start + 16us) == 4us);
  BOOST_CHECK(ten_probes().round_trip(103, start + 15us) == 3750ns);
}

BOOST_AUTO_TEST_CASE(an_answer_that_fits_its_sending_time_changes_nothing) {
  BOOST_CHECK(!ten_probes().round_trip(103, start + 20us));
  BOOST_CHECK(!ten_probes().round_trip(103, start + 49us));
  BOOST_CHECK(!ten_probes().round_trip(100, start + 5us));
}

BOOST_AUTO_TEST_CASE(a_first_probe_that_was_quicker_than_the_rest_left_when_the_call_began) {
  BOOST_CHECK(ten_probes().round_trip(100, start + 2us) == 2us);
}

BOOST_AUTO_TEST_CASE(it_is_greater_than_zero_whenever_there_is_one) {
  for (Serial serial = 100; serial < 110; ++serial)
    for (Instant stamp = start - 3us; stamp < start + 60us; stamp += 1ns)
      if (const auto time = ten_probes().round_trip(serial, stamp))
        BOOST_REQUIRE(*time > 0ns && *time <= stamp - start);
}

BOOST_AUTO_TEST_CASE(nothing_is_told_by_what_came_outside_of_the_call) {
  BOOST_CHECK(!SendTimeBounds{}.round_trip(0, start));
  BOOST_CHECK(!ten_probes().round_trip(105, start));
  BOOST_CHECK(!ten_probes().round_trip(105, start - 1us));
  BOOST_CHECK(!ten_probes().round_trip(109, start + 50us));
  BOOST_CHECK(!ten_probes().round_trip(109, start + 1h));
  BOOST_CHECK(!ten_probes().round_trip(99, start + 10us));
  BOOST_CHECK(!ten_probes().round_trip(110, start + 10us));
}

BOOST_AUTO_TEST_CASE(families_that_alternate_in_a_list_are_sent_by_calls_of_their_own) {
  SendTimeBounds calls;
  calls.add({.probes = probes(100, 10, 2), .started = start, .finished = start + 50us, .step = 5us});
  calls.add({.probes = probes(101, 10, 2), .started = start + 60us, .finished = start + 110us, .step = 5us});
  BOOST_CHECK(calls.round_trip(116, start + 36us) == 4us);
  BOOST_CHECK(calls.round_trip(117, start + 96us) == 4us);
  BOOST_CHECK(!calls.round_trip(120, start + 96us));
  BOOST_CHECK(!calls.round_trip(99, start + 36us));
}

BOOST_AUTO_TEST_CASE(an_answer_during_a_later_call_changes_nothing) {
  SendTimeBounds calls = ten_probes();
  calls.add({.probes = probes(110), .started = start + 60us, .finished = start + 110us, .step = 5us});
  BOOST_CHECK(!calls.round_trip(109, start + 61us));
  BOOST_CHECK(calls.round_trip(108, start + 36us) == 4us);
  BOOST_CHECK(calls.round_trip(118, start + 96us) == 4us);
}

BOOST_AUTO_TEST_CASE(calls_long_ago_are_forgotten) {
  SendTimeBounds calls = ten_probes();
  for (unsigned later = 1; later <= 7; ++later)
    calls.add({.probes = probes(100 + 10 * later), .started = start + later * 1ms, .finished = start + later * 2ms});
  BOOST_CHECK(calls.round_trip(108, start + 36us) == 4us);
  calls.add({.probes = probes(200), .started = start + 20ms, .finished = start + 21ms});
  BOOST_CHECK(!calls.round_trip(108, start + 36us));
}

BOOST_AUTO_TEST_SUITE_END()
