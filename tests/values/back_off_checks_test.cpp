// Tests the waits of a BackOff: each one, their sum, their limits, and which values are refused.
#include "values/back_off_checks.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <limits>
#include <stdexcept>

using namespace multiping;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(back_off_test)

BOOST_AUTO_TEST_CASE(each_wait_is_longer_by_the_factor) {
  const BackOffWaits waits = waits_of(BackOff{.first = 100ms, .factor = 1.5});
  BOOST_TEST((waits.after_probe(1) == 100ms));
  BOOST_TEST((waits.after_probe(2) == 150ms));
  BOOST_TEST((waits.after_probe(3) == 225ms));
  BOOST_TEST((waits.together(3) == 475ms));
  BOOST_TEST((waits.together(1) == 100ms));
}

BOOST_AUTO_TEST_CASE(no_wait_is_longer_than_the_most) {
  const BackOffWaits waits = waits_of(BackOff{.first = 100ms, .factor = 2, .most = 300ms});
  BOOST_TEST((waits.after_probe(2) == 200ms));
  BOOST_TEST((waits.after_probe(3) == 300ms));
  BOOST_TEST((waits.after_probe(1'000'000) == 300ms));
  BOOST_TEST((waits.together(5) == 1200ms));
  BOOST_TEST((waits_of(BackOff{.first = 1s, .factor = 1, .most = 10ms}).after_probe(1) == 10ms));
}

BOOST_AUTO_TEST_CASE(very_many_waits_are_summed_at_once) {
  constexpr std::uint32_t most = std::uint32_t{1} << 31U;
  BOOST_TEST((waits_of(BackOff{.first = 1ms, .factor = 1}).together(most) == 1ms * std::int64_t{most}));
  BOOST_TEST((waits_of(BackOff{.first = 1s, .factor = 2}).together(most) == Duration::max()));
  BOOST_TEST((waits_of(BackOff{.first = 1s, .factor = 1e300}).after_probe(most) == Duration::max()));
  BOOST_TEST((waits_of(BackOff{.first = Timeout{Duration::max()}, .factor = 1}).together(most) == Duration::max()));
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_refused) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  BOOST_CHECK_NO_THROW(check(BackOff{}));
  BOOST_CHECK_NO_THROW(check(BackOff{.factor = 1}));
  BOOST_CHECK_THROW(check(BackOff{.first = 0s}), std::invalid_argument);
  BOOST_CHECK_THROW(check(BackOff{.first = -1s}), std::invalid_argument);
  BOOST_CHECK_THROW(check(BackOff{.most = -1s}), std::invalid_argument);
  for (const double factor : {0.999, -1.0, infinite, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_THROW(check(BackOff{.factor = factor}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
