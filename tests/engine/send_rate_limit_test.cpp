// Tests the rate, the congestion limit and the back-off at chosen times.
// A schedule is followed in steps of 0.1 ms, as a busy caller would do.
#include "engine/send_rate_limit.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using multiping::Instant;
using multiping::engine::Congestion;
using multiping::engine::RefusalBackOff;
using multiping::engine::SendRateLimit;

BOOST_AUTO_TEST_SUITE(send_rate_limit_test)

BOOST_AUTO_TEST_CASE(no_rate_is_no_limit) {
  SendRateLimit pacer{0};
  BOOST_TEST(pacer.allowance(Instant{}) > 1'000'000U);
  BOOST_CHECK(pacer.next() == Instant::min());
}

BOOST_AUTO_TEST_CASE(holds_its_rate_evenly_spread) {
  for (const double rate : {10.0, 999.0, 1000.0, 33'333.0, 250'000.0}) {
    SendRateLimit pacer{rate};
    std::size_t sent = 0;
    std::size_t greatest = 0;
    for (Instant now{5s}; now < Instant{6s}; now += 100us) {
      const std::size_t allowed = pacer.allowance(now);
      pacer.sent(allowed);
      sent += allowed;
      greatest = std::max(greatest, allowed);
    }
    BOOST_TEST(static_cast<double>(sent) >= rate * 0.98);
    BOOST_TEST(static_cast<double>(sent) <= rate * 1.02 + 1);
    BOOST_TEST(static_cast<double>(greatest) <= std::max(1.0, rate * 0.010));
  }
}

BOOST_AUTO_TEST_CASE(a_pause_is_not_caught_up_beyond_ten_milliseconds) {
  SendRateLimit pacer{1000};
  pacer.sent(pacer.allowance(Instant{1s}));
  BOOST_TEST(pacer.allowance(Instant{3s}) == 10U);
}

BOOST_AUTO_TEST_CASE(next_is_when_the_next_may_leave) {
  SendRateLimit pacer{100};
  pacer.sent(pacer.allowance(Instant{1s}));
  BOOST_TEST(pacer.allowance(Instant{1s + 9ms}) == 0U);
  BOOST_CHECK(pacer.next() == Instant{1s + 10ms});
  BOOST_TEST(pacer.allowance(pacer.next()) == 1U);
}

BOOST_AUTO_TEST_CASE(extreme_rates_are_rates_too) {
  for (const double rate : {1e-12, 1e-300}) {
    SendRateLimit pacer{rate};
    pacer.sent(pacer.allowance(Instant{1s}));
    BOOST_TEST(pacer.allowance(Instant{1000s}) == 0U);
    BOOST_CHECK(pacer.next() == Instant::max());
  }
  for (const double rate : {1e10, 1e300}) {
    SendRateLimit pacer{rate};
    pacer.sent(pacer.allowance(Instant{1s}));
    BOOST_TEST(pacer.allowance(Instant{1s}) > 1'000'000U);
  }
}

BOOST_AUTO_TEST_CASE(a_high_rate_leaves_a_millisecond_at_a_time) {
  SendRateLimit pacer{100'000};
  pacer.sent(pacer.allowance(Instant{1s}));
  BOOST_CHECK(pacer.next() - Instant{1s} >= 990us);
  BOOST_TEST(pacer.allowance(pacer.next()) >= 99U);
}

BOOST_AUTO_TEST_CASE(without_trouble_there_is_no_limit) {
  Congestion congestion;
  for (Instant now{1s}; now < Instant{2s}; now += 100us) {
    BOOST_TEST(congestion.allowance(now) > 1'000'000U);
    congestion.sent(20, now);
  }
  BOOST_TEST(congestion.rate() == 0.0);
}

BOOST_AUTO_TEST_CASE(trouble_halves_the_rate_and_quiet_raises_it_again) {
  Congestion congestion;
  Instant now{1s};
  for (; now < Instant{1s + 9ms}; now += 100us) {
    BOOST_TEST(congestion.allowance(now) > 0U);
    congestion.sent(20, now);  // 200,000 probes per second
  }
  congestion.trouble(now);
  BOOST_TEST(congestion.rate() > 95'000);
  BOOST_TEST(congestion.rate() < 105'000);
  const double halved = congestion.rate();
  congestion.trouble(now + 5ms);  // the same burst
  BOOST_TEST(congestion.rate() == halved);
  congestion.trouble(now + 11ms);
  BOOST_TEST(congestion.rate() == halved / 2);
  std::size_t sent = 0;
  const Instant start = now + 11ms;
  for (now = start; now < start + 100ms; now += 100us) {
    const std::size_t allowed = congestion.allowance(now);
    congestion.sent(allowed, now);
    sent += allowed;
  }
  BOOST_TEST(sent > 5000U);    // at 50,000 probes per second or more
  BOOST_TEST(sent < 10'000U);  // below 100,000
  for (; now < start + 2s; now += 100us) congestion.sent(congestion.allowance(now) > 0 ? 1 : 0, now);
  BOOST_TEST(congestion.rate() == 0.0);
}

BOOST_AUTO_TEST_CASE(the_rate_never_falls_to_nothing) {
  Congestion congestion;
  for (Instant now{1s}; now < Instant{5s}; now += 20ms) congestion.trouble(now);
  BOOST_TEST(congestion.rate() >= 1000);
}

BOOST_AUTO_TEST_CASE(backs_off_twice_as_long_each_time_up_to_a_bound) {
  RefusalBackOff back_off;
  Instant now{1s};
  std::vector<multiping::Duration> pauses;
  for (int i = 0; i < 12; ++i) {
    for (int refusal = 0; refusal < 8; ++refusal) back_off.refused(now);
    BOOST_REQUIRE(back_off.ready_at());
    pauses.push_back(*back_off.ready_at() - now);
    now = *back_off.ready_at();
  }
  BOOST_CHECK(pauses[0] == 500us);
  BOOST_CHECK(pauses[1] == 1ms);
  BOOST_CHECK(pauses.back() == 64ms);
}

BOOST_AUTO_TEST_CASE(a_few_refusals_do_not_pause) {
  RefusalBackOff back_off;
  for (int refusal = 0; refusal < 7; ++refusal) back_off.refused(Instant{1s});
  BOOST_CHECK(!back_off.ready_at());
}

BOOST_AUTO_TEST_CASE(is_exhausted_only_when_dead_neighbours_would_have_let_go) {
  RefusalBackOff back_off;
  back_off.refused(Instant{1s});
  BOOST_TEST(!back_off.exhausted(Instant{4500ms}));
  BOOST_TEST(!back_off.exhausted(Instant{4999ms}));
  BOOST_TEST(back_off.exhausted(Instant{5s}));
  back_off.accepted();
  BOOST_TEST(!back_off.exhausted(Instant{9s}));
}

BOOST_AUTO_TEST_SUITE_END()
