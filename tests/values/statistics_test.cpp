// Compares the figures, merged in several ways, with a plain computation over all samples.
// Counts, minimum and maximum are exact; mean and deviation are exact to the nanosecond.
#include "multiping/statistics.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/samples.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(statistics_test)

using namespace samples;

/// The same figures, computed in a plain way from all samples.
struct Reference {
  explicit Reference(const Samples& samples) : sent{samples.size()} {
    std::uint64_t run = 0;
    for (const std::int64_t sample : samples) {
      loss_periods += sample == lost && run == 0 ? 1U : 0U;
      run = sample == lost ? run + 1 : 0;
      longest_loss = std::max(longest_loss, run);
      if (sample == lost) continue;
      if (!times.empty()) jitter += (std::abs(static_cast<long double>(sample - times.back())) - jitter) / 16;
      times.push_back(sample);
    }
    const auto count = static_cast<long double>(times.size());
    for (const std::int64_t time : times) mean += static_cast<long double>(time) / count;
    for (const std::int64_t time : times) {
      const long double distance = static_cast<long double>(time) - mean;
      variance += distance * distance / count;
    }
    std::ranges::sort(times);
  }
  [[nodiscard]] std::int64_t percentile(double percent) const {
    const auto rank = static_cast<std::size_t>(std::ceil(percent * static_cast<double>(times.size()) / 100));
    return times.at(std::max<std::size_t>(rank, 1) - 1);
  }

  std::size_t sent;
  Samples times{};
  std::uint64_t longest_loss = 0, loss_periods = 0;
  long double jitter = 0, mean = 0, variance = 0;
};

constexpr double percents[] = {0.001, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.999};

bool near(Duration time, long double expected, long double tolerance) {
  return std::abs(static_cast<long double>(time.count()) - expected) <= tolerance;
}

void compare(const Statistics& figures, const Reference& expected) {
  BOOST_TEST(figures.sent() == expected.sent);
  BOOST_TEST(figures.received() == expected.times.size());
  BOOST_TEST(figures.lost() == expected.sent - expected.times.size());
  BOOST_TEST(figures.longest_loss() == expected.longest_loss);
  BOOST_TEST(figures.loss_periods() == expected.loss_periods);
  BOOST_TEST(figures.min().count() == expected.times.front());
  BOOST_TEST(figures.max().count() == expected.times.back());
  // Half a nanosecond allows for rounding; the rest allows for errors of the reference itself.
  BOOST_TEST(near(figures.mean(), expected.mean, 0.5L + 1e-9L * expected.mean));
  BOOST_TEST(near(figures.stddev(), std::sqrt(expected.variance), 0.5L + 1e-9L * std::sqrt(expected.variance)));
  BOOST_TEST(near(figures.jitter(), expected.jitter, 0.5L + 1e-9L * expected.jitter));
  for (const double percent : percents) {
    const auto exact = static_cast<long double>(expected.percentile(percent));
    BOOST_TEST(near(figures.percentile(percent), exact, exact * 0.02L), percent << " % of " << exact);
  }
}

/// Compares all figures; the jitter may differ a little, since a merge cannot give it to the last bit.
void compare(const Statistics& merged, const Statistics& whole) {
  BOOST_TEST(near(merged.jitter(), static_cast<long double>(whole.jitter().count()),
                  1 + 1e-9L * static_cast<long double>(whole.jitter().count())));
  BOOST_TEST(merged.loss_periods() == whole.loss_periods());
  BOOST_TEST(merged.sum().text() == whole.sum().text());
  const auto one = whole.figures(), other = merged.figures();
  BOOST_REQUIRE_EQUAL(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    BOOST_TEST(one[i].name == other[i].name);
    if (one[i].name != "jitter_ms") BOOST_TEST(one[i].value == other[i].value, one[i].name);
  }
}

using Random = std::mt19937_64;
using Draw = std::function<double(Random&)>;

/// Distributions of RTTs in nanoseconds, from 1 microsecond to some minutes.
std::vector<Draw> distributions() {
  return {
      [](Random& random) {
        return std::uniform_real_distribution{1e3, 1e9}(random);
      },
      [](Random& random) {
        return std::lognormal_distribution{std::log(2e7), 1.0}(random);
      },
      [](Random& random) { return 1e6 + std::exponential_distribution{1e-6}(random); },
      [](Random& random) {
        return std::pow(10, std::uniform_real_distribution{3.0, 11.4}(random));
      },
      [](Random& random) { return random() % 2 == 0 ? 2e4 : 1.5e8; },
      [](Random&) { return 123'456'789.0; },
  };
}

std::size_t below(std::size_t end, Random& random) { return static_cast<std::size_t>(random() % end); }

Samples draw(const Draw& distribution, std::size_t count, double loss, std::uint64_t seed) {
  Random random{seed};
  Samples samples(count);
  for (std::int64_t& sample : samples) {
    const bool is_lost = std::uniform_real_distribution{}(random) < loss;
    const double time = std::clamp(distribution(random), 1e3, 3e11);
    sample = is_lost ? lost : static_cast<std::int64_t>(time);
  }
  return samples;
}

BOOST_AUTO_TEST_CASE(nothing_is_all_zero) {
  const Statistics none;
  for (const auto& [name, value] : none.figures()) BOOST_TEST(value == 0, name);
  BOOST_TEST(none.rounds() == 0U);
  BOOST_TEST(none.availability() == 0);
  BOOST_TEST(none.mean_loss_period() == 0);
  BOOST_CHECK(none.percentile(50) == 0ns);
  BOOST_TEST((none == Statistics{}));
  static_assert(sizeof(Statistics) <= 4096);
}

BOOST_AUTO_TEST_CASE(a_few_samples_by_hand) {
  Statistics figures;
  for (const Duration time : {10ms, 20ms, 30ms}) figures.add(result(Outcome::reply, time));
  figures.add(result(Outcome::refused, 40ms));
  BOOST_TEST(figures.received() == 4U);
  BOOST_CHECK(figures.min() == 10ms);
  BOOST_CHECK(figures.max() == 40ms);
  BOOST_CHECK(figures.mean() == 25ms);
  BOOST_CHECK(figures.stddev() == 11'180'340ns);  // the square root of 125 ms^2
  // J = 10/16; J += (10 - J)/16; J += (10 - J)/16, in ms
  BOOST_CHECK(figures.jitter() == 1'760'254ns);
  BOOST_CHECK(figures.percentile(0) == 10ms);
  BOOST_CHECK(figures.percentile(100) == 40ms);
  BOOST_TEST(near(figures.percentile(50), 20e6L, 0.4e6L));
  BOOST_TEST(near(figures.percentile(50.1), 30e6L, 0.6e6L));
}

BOOST_AUTO_TEST_CASE(what_each_outcome_counts_for) {
  struct Case {
    Outcome outcome;
    std::uint64_t sent, received, not_sent, unresolved;
  };
  const Case cases[] = {{Outcome::pending, 0, 0, 0, 0},     {Outcome::reply, 1, 1, 0, 0},
                        {Outcome::refused, 1, 1, 0, 0},     {Outcome::ttl_expired, 1, 0, 0, 0},
                        {Outcome::unreachable, 1, 0, 0, 0}, {Outcome::no_reply, 1, 0, 0, 0},
                        {Outcome::unresolved, 0, 0, 0, 1},  {Outcome::send_failed, 0, 0, 1, 0}};
  for (const auto& [outcome, sent, received, not_sent, unresolved] : cases) {
    Statistics figures;
    figures.add(result(outcome, 5ms));
    BOOST_TEST(figures.sent() == sent, outcome);
    BOOST_TEST(figures.received() == received, outcome);
    BOOST_TEST(figures.not_sent() == not_sent, outcome);
    BOOST_TEST(figures.unresolved() == unresolved, outcome);
    BOOST_TEST(figures.rounds() == (outcome == Outcome::pending ? 0U : 1U), outcome);
    BOOST_TEST(figures.availability() == static_cast<double>(received), outcome);
    BOOST_CHECK(figures.max() == (received == 1 ? 5ms : 0ms));
    if (sent == 1) BOOST_TEST(figures.loss() == (received == 0 ? 1.0 : 0.0), outcome);
    if (sent == 0) BOOST_TEST(std::isnan(figures.loss()), outcome);
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_does_not_end_a_run_of_losses) {
  Statistics figures;
  for (const Outcome outcome : {Outcome::no_reply, Outcome::send_failed, Outcome::unreachable, Outcome::pending,
                                Outcome::ttl_expired, Outcome::reply, Outcome::no_reply})
    figures.add(result(outcome));
  BOOST_TEST(figures.longest_loss() == 3U);
}

BOOST_AUTO_TEST_CASE(percentiles_out_of_range) {
  const Statistics figures = figures_of({1'000'000, 2'000'000, 3'000'000});
  BOOST_CHECK(figures.percentile(-1) == 1ms);
  BOOST_CHECK(figures.percentile(1e300) == 3ms);
  BOOST_CHECK(figures.percentile(std::numeric_limits<double>::quiet_NaN()) == 3ms);
  BOOST_CHECK(figures.percentile(-std::numeric_limits<double>::infinity()) == 1ms);
}

BOOST_AUTO_TEST_CASE(times_out_of_range) {
  Statistics figures;
  for (const Duration time : {Duration::min(), Duration{-1}, Duration{0}, Duration{3}, Duration::max(), Duration{25h}})
    figures.add(result(Outcome::reply, time));
  BOOST_CHECK(figures.min() == 0ns);
  BOOST_CHECK(figures.max() == 24h);
  BOOST_CHECK(figures.mean() == 8h + 1ns);  // 8 h + 0.5 ns, rounded up
  BOOST_CHECK(figures.percentile(10) <= 16ns);
  BOOST_CHECK(figures.percentile(90) <= 24h);
  const double hour = 3600e3;
  BOOST_TEST(to_milliseconds(figures.stddev()) == std::sqrt(128.0) * hour, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_million_samples_as_a_plain_computation_has_them) {
  const std::size_t count = sanitized ? 50'000 : 1'000'000;
  std::uint64_t seed = 1;
  for (const Draw& distribution : distributions()) {
    const Samples samples = draw(distribution, count, 0.05, seed++);
    compare(figures_of(samples), Reference{samples});
  }
}

BOOST_AUTO_TEST_CASE(two_halves_split_anywhere_give_the_whole) {
  Random random{3};
  for (int run = 0; run < 200; ++run) {
    const auto& all = distributions();
    const Samples samples = draw(all[below(all.size(), random)], below(300, random), run % 4 * 0.3, random());
    const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(below(samples.size() + 1, random));
    const Statistics sum = figures_of({samples.begin(), middle}) + figures_of({middle, samples.end()});
    compare(sum, figures_of(samples));
  }
}

BOOST_AUTO_TEST_CASE(many_parts_give_the_whole) {
  Random random{4};
  const Samples samples = draw(distributions()[1], 100'000, 0.6, 9);  // long runs of losses across the splits
  Statistics sum;
  for (std::size_t from = 0; from < samples.size();) {
    const std::size_t count = std::min(samples.size() - from, below(40, random));
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(from);
    sum += figures_of({begin, begin + static_cast<std::ptrdiff_t>(count)});
    from += count;
  }
  compare(sum, figures_of(samples));
  compare(sum, Reference{samples});
}

BOOST_AUTO_TEST_CASE(adding_is_associative) {
  const Samples samples = draw(distributions()[0], 3000, 0.3, 11);
  const auto part = [&](int from, int to) { return figures_of({samples.begin() + from, samples.begin() + to}); };
  const Statistics left = (part(0, 700) + part(700, 701)) + part(701, 3000);
  const Statistics right = part(0, 700) + (part(700, 701) + part(701, 3000));
  compare(left, right);
}

BOOST_AUTO_TEST_CASE(nothing_added_changes_nothing) {
  const Statistics figures = figures_of({lost, 5'000'000, lost, lost, 7'000'000, lost});
  BOOST_TEST((figures + Statistics{} == figures));
  BOOST_TEST((Statistics{} + figures == figures));
}

BOOST_AUTO_TEST_CASE(added_to_itself_it_is_twice_the_same) {
  const Samples samples = draw(distributions()[2], 1000, 0.5, 21);
  Samples twice = samples;
  twice.insert(twice.end(), samples.begin(), samples.end());
  Statistics figures = figures_of(samples);
  figures += figures;
  compare(figures, figures_of(twice));
}

BOOST_AUTO_TEST_CASE(duplicates_and_reordered_answers_are_the_callers_to_tell) {
  Statistics figures;
  figures.add_duplicate();
  figures.add_duplicate();
  figures.add_reordered();
  figures += figures;
  BOOST_TEST(figures.duplicates() == 4U);
  BOOST_TEST(figures.reordered() == 2U);
  BOOST_TEST(figures.sent() == 0U);
}

BOOST_AUTO_TEST_CASE(counts_beyond_32_bits_are_kept) {
  Statistics figures = figures_of({1'000'000, 3'000'000, 4'000'000});
  for (int i = 0; i < 40; ++i) figures += figures;
  const std::uint64_t times = std::uint64_t{1} << 40U;
  BOOST_TEST(figures.received() == 3 * times);
  BOOST_TEST(near(figures.percentile(34), 3e6L, 6e4L));
  BOOST_TEST(near(figures.percentile(33), 1e6L, 2e4L));
  BOOST_CHECK(figures.mean() == 2'666'667ns);
  BOOST_CHECK(figures.stddev() == 1'247'219ns);  // the square root of 14/9 ms^2
}

BOOST_AUTO_TEST_CASE(sums_beyond_64_bits_are_exact) {
  Statistics figures = figures_of({(24h) / 1ns, (24h) / 1ns, 0});
  for (int i = 0; i < 30; ++i) figures += figures;  // the sum is near 2^77, the sum of squares near 2^124
  BOOST_TEST(figures.received() == std::uint64_t{3} << 30U);
  BOOST_CHECK(figures.mean() == 16h);
  BOOST_CHECK(figures.stddev() == 40'729'350'596'345ns);  // 24 h times the square root of 2/9
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
