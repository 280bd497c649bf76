// Tests the confidence interval of the loss, the loss periods, and the effect of rounds without a probe.
// The interval is compared with a numerical integral of the normal distribution.
#include "multiping/statistics.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "support/samples.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(statistics_loss_test)

using namespace samples;

BOOST_AUTO_TEST_CASE(rounds_that_could_not_be_probed_count_against_availability) {
  for (const Outcome outcome : {Outcome::send_failed, Outcome::unresolved}) {
    const Statistics figures = without_uplink(outcome);
    BOOST_TEST(figures.rounds() == 10U);
    BOOST_TEST(figures.loss() == 0);
    BOOST_TEST(figures.availability() == 0.3, boost::test_tools::tolerance(1e-12));
    BOOST_TEST((figures + figures).availability() == 0.3, boost::test_tools::tolerance(1e-12));
    BOOST_TEST((figures + figures).rounds() == 20U);
  }
  Statistics mixed = without_uplink() + without_uplink(Outcome::unresolved);
  mixed.add(result(Outcome::no_reply));
  BOOST_TEST(mixed.rounds() == 21U);
  BOOST_TEST(mixed.unresolved() == 7U);
  BOOST_TEST(mixed.availability() == 6 / 21.0, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_probe_whose_fate_is_not_known_is_no_round) {
  Statistics figures = without_uplink();
  const Statistics before = figures;
  figures.add(result(Outcome::pending));
  BOOST_TEST((figures == before));
}

/// The probability that a normal variable is within `z` deviations, by Simpson's rule.
double within_deviations(double z) {
  constexpr int steps = 20'000;
  const auto density = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); };
  double sum = density(-z) + density(z);
  for (int i = 1; i < steps; ++i) sum += density(-z + 2 * z * i / steps) * (i % 2 == 0 ? 2 : 4);
  return sum * 2 * z / steps / 3;
}

Statistics lost_of(int lost_ones, int all) {
  Statistics figures;
  for (int i = 0; i < all; ++i) figures.add(result(i < lost_ones ? Outcome::no_reply : Outcome::reply));
  return figures;
}

// The first three values are from tables of Wilson's interval; the others follow from the score test itself.
BOOST_AUTO_TEST_CASE(the_interval_of_the_loss) {
  const auto close = boost::test_tools::tolerance(1e-5);
  const auto [low, high] = lost_of(0, 10).loss_interval();
  BOOST_TEST(low == 0);
  BOOST_TEST(high == 0.277533, close);
  const auto half = lost_of(5, 10).loss_interval(0.95);
  BOOST_TEST(half.low == 0.236593, close);
  BOOST_TEST(half.high == 0.763407, close);
  const auto all = lost_of(10, 10).loss_interval();
  BOOST_TEST(all.low == 1 - 0.277533, close);
  BOOST_TEST(all.high == 1);
  for (const double confidence : {1e-6, 0.1, 0.5, 0.8, 0.9, 0.99, 0.999, 0.999999, 1 - 1e-12}) {
    const auto [least, most] = lost_of(30, 1000).loss_interval(confidence);
    BOOST_TEST(least < 0.03);
    BOOST_TEST(most > 0.03);
    for (const double bound : {least, most}) {
      const double z = std::abs(0.03 - bound) / std::sqrt(bound * (1 - bound) / 1000);
      BOOST_TEST(std::abs(within_deviations(z) - confidence) < 1e-9, confidence);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_interval_at_its_ends) {
  const auto is = [](Interval interval, double low, double high) {
    return interval.low == low && interval.high == high;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(is(Statistics{}.loss_interval(), 0, 1));
  BOOST_TEST(is(without_uplink().loss_interval(1), 0, 1));
  BOOST_TEST(is(lost_of(1, 4).loss_interval(0), 0.25, 0.25));
  BOOST_TEST(is(lost_of(1, 4).loss_interval(-5), 0.25, 0.25));
  BOOST_TEST(is(lost_of(1, 4).loss_interval(7), 0, 1));
  BOOST_TEST(is(lost_of(1, 4).loss_interval(nan), 0, 1));
  Statistics nothing_sent;
  nothing_sent.add(result(Outcome::send_failed));
  BOOST_TEST(is(nothing_sent.loss_interval(0.5), 0, 1));
}

BOOST_AUTO_TEST_CASE(loss_periods_by_hand) {
  Statistics figures = figures_of({lost, lost, 1'000'000, lost, 1'000'000, 1'000'000, lost, lost, lost});
  BOOST_TEST(figures.loss_periods() == 3U);
  BOOST_TEST(figures.mean_loss_period() == 2);
  figures.add(result(Outcome::send_failed));
  figures.add(result(Outcome::unresolved));
  figures.add(result(Outcome::unreachable));
  BOOST_TEST(figures.loss_periods() == 3U);  // such rounds neither end nor begin a loss period
  BOOST_TEST((figures + figures).loss_periods() == 5U);
  BOOST_TEST((figures_of({lost}) + figures_of({lost, lost})).loss_periods() == 1U);
  BOOST_TEST((figures_of({lost, 1}) + figures_of({lost, lost})).loss_periods() == 2U);
  BOOST_TEST((figures_of({lost}) + Statistics{} + figures_of({1, lost})).loss_periods() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
