// Tests how a Timeout converts the durations that callers pass.
// The compiler makes as many of the checks as it can.
#include "multiping/duration.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <limits>

using namespace multiping;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(duration)

namespace {

constexpr Duration nanoseconds_of(Timeout timeout) { return timeout; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_timeout_is_made_of_any_duration) {
  static_assert(nanoseconds_of({}) == 0ns);
  static_assert(nanoseconds_of(2s) == 2'000'000'000ns);
  static_assert(nanoseconds_of(500ms) == 500'000'000ns);
  static_assert(nanoseconds_of(0.5s) == 500ms);
  static_assert(nanoseconds_of(1.5min) == 90s);
  static_assert(nanoseconds_of(-1s) == -1s);
  static_assert(nanoseconds_of(std::chrono::duration<float>{0.25F}) == 250ms);
  BOOST_TEST(nanoseconds_of(7ns).count() == 7);
}

BOOST_AUTO_TEST_CASE(what_is_too_long_to_count_waits_for_ever) {
  using Years = std::chrono::duration<std::int64_t, std::ratio<31'556'952>>;
  static_assert(nanoseconds_of(Years{300}) == Duration::max());
  static_assert(nanoseconds_of(Years::max()) == Duration::max());
  static_assert(nanoseconds_of(std::chrono::hours::max()) == Duration::max());
  static_assert(nanoseconds_of(std::chrono::duration<double>{std::numeric_limits<double>::infinity()}) ==
                Duration::max());
  static_assert(nanoseconds_of(Years{-300}) == Duration::min());
  BOOST_TEST((nanoseconds_of(Duration::max()) == Duration::max()));
}

BOOST_AUTO_TEST_CASE(not_a_number_is_negative) {
  constexpr std::chrono::duration<double> not_a_number{std::numeric_limits<double>::quiet_NaN()};
  static_assert(nanoseconds_of(not_a_number) < 0ns);
  BOOST_TEST((nanoseconds_of(not_a_number) == -1ns));
}

BOOST_AUTO_TEST_CASE(milliseconds_have_a_fraction) {
  static_assert(to_milliseconds(21us) == 0.021);
  BOOST_TEST(to_milliseconds(1500us) == 1.5);
  BOOST_TEST(to_milliseconds(-2ms) == -2.0);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
BOOST_AUTO_TEST_CASE(the_name_of_before_gives_the_same) {
  static_assert(multiping::milliseconds(21us) == 0.021);
  BOOST_TEST(multiping::milliseconds(1500us) == 1.5);
}
#pragma GCC diagnostic pop

BOOST_AUTO_TEST_SUITE_END()
