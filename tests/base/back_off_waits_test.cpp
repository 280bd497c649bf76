// Checks the waits of requests: equal and growing ones, their limit and their sum.
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "base/back_off_waits.hpp"

BOOST_AUTO_TEST_SUITE(back_off_waits_test)

using namespace std::chrono_literals;
using multiping::BackOffWaits;
using multiping::Duration;

BOOST_AUTO_TEST_CASE(equal_waits_are_exact) {
  const BackOffWaits waits{.first = 123'456'789ns};
  for (const std::uint32_t probe : {1U, 2U, 4'000'000'000U}) BOOST_CHECK(waits.after_probe(probe) == 123'456'789ns);
  BOOST_CHECK(waits.together(3) == 3 * 123'456'789ns);
  BOOST_CHECK(waits.together(0) == 0ns);
}

BOOST_AUTO_TEST_CASE(waits_grow_by_the_factor_up_to_the_longest) {
  const BackOffWaits waits{.first = 500ms, .factor = 1.5, .most = 1500ms};
  const Duration expected[] = {500ms, 750ms, 1125ms, 1500ms, 1500ms};
  Duration sum{};
  for (std::uint32_t probe = 1; probe <= 5; ++probe) {
    BOOST_CHECK(waits.after_probe(probe) == expected[probe - 1]);
    sum += expected[probe - 1];
    BOOST_CHECK(waits.together(probe) == sum);
  }
  BOOST_CHECK((BackOffWaits{.first = 2s, .most = 1s}.after_probe(1) == 1s));
}

BOOST_AUTO_TEST_CASE(nothing_overflows) {
  const BackOffWaits doubling{.first = 1s, .factor = 2};
  BOOST_CHECK(doubling.after_probe(4'000'000'000U) == Duration::max());
  BOOST_CHECK(doubling.together(4'000'000'000U) == Duration::max());
  BOOST_CHECK((BackOffWaits{.first = Duration::max()}.together(2) == Duration::max()));
  BOOST_CHECK((BackOffWaits{.first = 0s, .factor = 2}.together(4'000'000'000U) == 0s));
  const BackOffWaits hardly{.first = 1ns, .factor = 1 + 1e-12};
  BOOST_CHECK(hardly.together(1'000'000'000U) >= 1s);
}

BOOST_AUTO_TEST_SUITE_END()
