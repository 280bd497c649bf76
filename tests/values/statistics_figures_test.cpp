// Tests the figures as a program writes them: by name, as a histogram, and as one line.
// Counts within a bound are compared with all samples.
#include "multiping/statistics.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/samples.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(statistics_figures_test)

using namespace samples;

std::vector<std::string> names(const Statistics& figures) {
  std::vector<std::string> names;
  for (const auto& [name, value] : figures.figures()) names.emplace_back(name);
  return names;
}

BOOST_AUTO_TEST_CASE(figures_by_name) {
  Statistics figures = figures_of({1'000'000, lost, 3'000'000, lost});
  figures.add(result(Outcome::send_failed));
  figures.add(result(Outcome::unresolved));
  figures.add_duplicate();
  const auto all = figures.figures();
  const auto value = [&](std::string_view name) {
    return std::ranges::find(all, name, &Statistics::Figure::name)->value;
  };
  BOOST_TEST(all.size() == 22U);
  BOOST_TEST(value("sent") == 4);
  BOOST_TEST(value("received") == 2);
  BOOST_TEST(value("lost") == 2);
  BOOST_TEST(value("loss") == 0.5);
  BOOST_TEST(value("not_sent") == 1);
  BOOST_TEST(value("unresolved") == 1);
  BOOST_TEST(value("rounds") == 6);
  BOOST_TEST(value("availability") == 2 / 6.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(value("duplicates") == 1);
  BOOST_TEST(value("reordered") == 0);
  BOOST_TEST(value("longest_loss") == 1);
  BOOST_TEST(value("loss_periods") == 2);
  BOOST_TEST(value("mean_loss_period") == 1);
  BOOST_TEST(value("min_ms") == 1);
  BOOST_TEST(value("mean_ms") == 2);
  BOOST_TEST(value("max_ms") == 3);
  BOOST_TEST(value("stddev_ms") == 1);
  BOOST_TEST(value("jitter_ms") == 0.125);
  BOOST_TEST(value("p50_ms") == 1, boost::test_tools::tolerance(0.02));
  BOOST_TEST(value("p99_ms") == 3, boost::test_tools::tolerance(0.02));
  BOOST_TEST(value("p90_ms") == value("p95_ms"));
}

BOOST_AUTO_TEST_CASE(figures_leave_out_what_is_not_known) {
  const auto has = [](const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto none = names({});
  for (const auto name : {"loss", "availability", "mean_loss_period", "min_ms", "p99_ms"})
    BOOST_TEST(!has(none, name), name);
  for (const auto name : {"sent", "not_sent", "rounds", "loss_periods"}) BOOST_TEST(has(none, name), name);
  Statistics never_sent;
  never_sent.add(result(Outcome::send_failed));
  BOOST_TEST(has(names(never_sent), "availability"));
  BOOST_TEST(!has(names(never_sent), "loss"));
  const auto dead = names(figures_of({lost, lost}));
  BOOST_TEST(has(dead, "loss"));
  BOOST_TEST(has(dead, "mean_loss_period"));
  for (const auto name : {"min_ms", "mean_ms", "max_ms", "stddev_ms", "jitter_ms", "p50_ms"})
    BOOST_TEST(!has(dead, name), name);
  for (const auto& figure : Statistics{}.figures()) BOOST_TEST(!std::isnan(figure.value), figure.name);
}

BOOST_AUTO_TEST_CASE(figures_print_all_their_digits) {
  Statistics figures = figures_of({1'234'567'891, lost});
  for (int i = 0; i < 20; ++i) figures += figures;
  std::ostringstream page;
  for (const auto& figure : figures.figures()) page << figure.name << ' ' << figure.text() << '\n';
  BOOST_TEST(page.str().starts_with("sent 2097152\nreceived 1048576\nlost 1048576\nloss 0.5\nnot_sent 0\n"));
  BOOST_TEST(page.str().find("\nmin_ms 1234.567891\n") != std::string::npos);
  BOOST_TEST((Statistics::Figure{"sent", 9007199254740992.0}.text() == "9007199254740992"));
}

std::uint64_t within(const Samples& samples, Duration bound) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(samples, [&](std::int64_t time) { return time != lost && Duration{time} <= bound; }));
}

/// Samples from 100 ns to over 1000 s, with some losses.
Samples spread_samples(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  Samples samples(20'000);
  for (std::int64_t& sample : samples) {
    const double exponent = std::uniform_real_distribution{2.0, 12.5}(random);
    sample = random() % 20 == 0 ? lost : static_cast<std::int64_t>(std::pow(10, exponent));
  }
  return samples;
}

BOOST_AUTO_TEST_CASE(buckets_count_exactly_what_is_within_their_bounds) {
  const Samples samples = spread_samples(17);
  const Statistics figures = figures_of(samples);
  const auto buckets = figures.buckets();
  BOOST_TEST(buckets.size() == 620U);
  BOOST_TEST(std::ranges::is_sorted(buckets, std::less_equal{}, &Statistics::Bucket::bound));
  for (const auto& [bound, count] : buckets) BOOST_REQUIRE_EQUAL(count, within(samples, bound));
  BOOST_CHECK(buckets.back().bound == Duration::max());
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    const auto ratio =
        static_cast<double>(buckets[i].bound.count()) / static_cast<double>(buckets[i - 1].bound.count());
    if (buckets[i - 1].bound >= 1us && i + 1 < buckets.size()) BOOST_TEST(ratio < 1.0408);
  }
  const auto empty = Statistics{}.buckets();
  BOOST_TEST(empty.size() == buckets.size());
  BOOST_TEST(empty.back().count == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_on_a_bound_is_within_it) {
  for (const auto& [bound, none] : Statistics{}.buckets()) {
    if (bound == Duration::max()) continue;
    Statistics figures;
    for (const Duration time : {bound - 1ns, bound, bound + 1ns}) figures.add(result(Outcome::reply, time));
    BOOST_REQUIRE(figures.received_within(bound) == 2U);
  }
}

BOOST_AUTO_TEST_CASE(answers_within_a_bound_of_the_callers) {
  const Samples samples = spread_samples(23);
  const Statistics figures = figures_of(samples) + figures_of(samples);
  for (const Duration unit : {1us, 10us, 100us, 1'000us, 10'000us, 100'000us, 1'000'000us, 10'000'000us, 100'000'000us})
    for (const int hundredths : {100, 120, 125, 150, 160, 175, 180, 200, 250, 300, 320, 350,
                                 375, 400, 450, 500, 600, 640, 700, 750, 800, 900, 1000}) {
      const Duration bound = unit * hundredths / 100;
      BOOST_TEST((figures.received_within(bound) == 2 * within(samples, bound)), bound.count());
    }
  BOOST_TEST((figures.received_within(-1ns) == 0U));
  BOOST_TEST((figures.received_within(24h) == figures.received()));
  BOOST_TEST((figures.received_within(Duration::max()) == figures.received()));
  BOOST_TEST(!figures.received_within(0ns));
  BOOST_TEST(!figures.received_within(1'000'001ns));
  BOOST_TEST(!figures.received_within(23h));
}

BOOST_AUTO_TEST_CASE(the_sum_of_times_is_exact) {
  BOOST_TEST(Statistics{}.sum().text() == "0");
  BOOST_TEST(figures_of({1, lost}).sum().text() == "0.000000001");
  BOOST_TEST(figures_of({1'500'000'000, 500'000'000}).sum().text() == "2");
  BOOST_TEST(figures_of({86'400'000'000'000, 120'000'000}).sum().text() == "86400.12");
  Statistics figures = figures_of({86'399'999'999'999});
  for (int i = 0; i < 33; ++i) figures += figures;
  BOOST_TEST(figures.sum().text() == "742170348748791.410065408");  // 2^33 days less 2^33 ns, past 64 bits of ns
  BOOST_TEST(figures.sum().seconds.count() == 742'170'348'748'791);
  BOOST_CHECK(figures.sum().rest == 410'065'408ns);
}

std::string text(const Statistics& figures) {
  std::ostringstream out;
  out << figures;
  return out.str();
}

BOOST_AUTO_TEST_CASE(no_rounding_hides_one_loss_or_one_answer_in_many) {
  Statistics one_lost, one_received;
  for (const bool answered : {true, false}) {
    Result result;
    result.outcome = answered ? Outcome::reply : Outcome::no_reply;
    for (int i = 0; i < (answered ? 99'999 : 1); ++i) one_lost.add(result);
    for (int i = 0; i < (answered ? 1 : 99'999); ++i) one_received.add(result);
  }
  BOOST_TEST(text(one_lost).starts_with("100000 sent, 99999 received, 0.01 % loss"));
  BOOST_TEST(text(one_received).starts_with("100000 sent, 1 received, 99.99 % loss"));
}

BOOST_AUTO_TEST_CASE(as_a_line_of_text) {
  BOOST_TEST(text({}) == "0 sent, 0 received");
  BOOST_TEST(text(figures_of({lost, lost})) == "2 sent, 0 received, 100 % loss");
  Statistics figures = figures_of({1'000'000, lost, 3'000'000});
  BOOST_TEST(text(figures) == "3 sent, 2 received, 33.33 % loss, min/mean/max/stddev 1.000/2.000/3.000/1.000 ms");
  figures.add(result(Outcome::send_failed));
  figures.add_duplicate();
  figures.add_reordered();
  BOOST_TEST(text(figures) ==
             "3 sent, 2 received, 33.33 % loss, 1 of 4 not sent: 50 % unanswered, 1 duplicates, 1 reordered, "
             "min/mean/max/stddev 1.000/2.000/3.000/1.000 ms");
}

BOOST_AUTO_TEST_CASE(the_line_says_how_many_rounds_were_not_answered) {
  BOOST_TEST(text(without_uplink()) ==
             "3 sent, 3 received, 0 % loss, 7 of 10 not sent: 70 % unanswered, "
             "min/mean/max/stddev 1.000/2.000/3.000/0.816 ms");
  Statistics never;
  for (int i = 0; i < 10; ++i) never.add(result(Outcome::unresolved));
  BOOST_TEST(text(never) == "0 sent, 0 received, 10 of 10 unresolved: 100 % unanswered");
  never += without_uplink();
  BOOST_TEST(text(never).starts_with(
      "3 sent, 3 received, 0 % loss, 7 of 20 not sent, 10 of 20 unresolved: 85 % unanswered, min"));
  Statistics once = figures_of(Samples(99'999, 1'000'000));
  once.add(result(Outcome::send_failed));
  BOOST_TEST(text(once).starts_with("99999 sent, 99999 received, 0 % loss, 1 of 100000 not sent: 0.01 % unanswered"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
