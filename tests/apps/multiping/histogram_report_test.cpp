// Checks the bars of distributions: bounds, sums, widths, and characters.
#include "apps/multiping/histogram_report.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(histogram_report_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

Statistics answers(std::initializer_list<Duration> times) {
  Statistics statistics;
  for (const Duration time : times) {
    Result result;
    result.outcome = Outcome::reply;
    result.rtt = time;
    statistics.add(result);
  }
  return statistics;
}

std::uint64_t sum_of(const std::vector<HistogramBar>& bars) {
  std::uint64_t sum = 0;
  for (const HistogramBar& bar : bars) sum += bar.count;
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_answer_is_in_one_bar) {
  const auto bars = histogram_bars(answers({900us, 1ms, 1100us, 2600us, 9ms}), 16);
  BOOST_TEST(sum_of(bars) == 5U);
  BOOST_REQUIRE(!bars.empty());
  BOOST_TEST(bars.front().bound.count() == Duration{1ms}.count());
  BOOST_TEST(bars.front().count == 2U);  // a bound is a part of its bar
  BOOST_TEST(bars.back().bound.count() == Duration{10ms}.count());
  BOOST_TEST(bars.back().count == 1U);
}

BOOST_AUTO_TEST_CASE(a_wide_distribution_has_coarser_bars) {
  const auto bars = histogram_bars(answers({2us, 20us, 3ms, 40ms, 7s, 900s}), 16);
  BOOST_TEST(bars.size() <= 16U);
  BOOST_TEST(sum_of(bars) == 6U);
}

BOOST_AUTO_TEST_CASE(the_longest_times_have_a_bar_without_a_bound) {
  const auto bars = histogram_bars(answers({1ms, 2000s}), 16);
  BOOST_TEST(sum_of(bars) == 2U);
  BOOST_TEST(bars.back().bound.count() == Duration::max().count());
  BOOST_TEST(bound_text(bars.back().bound) == "longer");
}

BOOST_AUTO_TEST_CASE(bounds_are_round) {
  BOOST_TEST(bound_text(250us) == "250 us");
  BOOST_TEST(bound_text(1500us) == "1.5 ms");
  BOOST_TEST(bound_text(1s) == "1 s");
  BOOST_TEST(bound_text(1us) == "1 us");
}

BOOST_AUTO_TEST_CASE(lines_fit_the_terminal) {
  const Statistics statistics = answers({1ms, 1ms, 1ms, 1ms, 30ms});
  for (const std::size_t columns : {40U, 60U, 80U, 200U}) {
    for (const bool utf8 : {true, false}) {
      const std::string text = histogram_text("h", statistics, {.columns = columns, .set = {.utf8 = utf8}});
      std::size_t longest = 0;
      for (std::size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1)
        longest = std::max(longest, columns_of(text.substr(at, text.find('\n', at) - at)));
      BOOST_TEST(longest < std::max<std::size_t>(columns, 42));
      BOOST_TEST(longest >= columns - 2);
    }
  }
}

BOOST_AUTO_TEST_CASE(bars_are_of_ascii_where_the_locale_is) {
  const std::string text = histogram_text("h", answers({1ms, 3ms}), {.columns = 80, .set = {.utf8 = false}});
  for (const char c : text) BOOST_TEST(static_cast<unsigned char>(c) < 0x80);
  BOOST_TEST(text.find("<=    1 ms         1   50.0 %  ####") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_answers_there_is_a_heading_alone) {
  Statistics none;
  Result lost;
  lost.outcome = Outcome::no_reply;
  none.add(lost);
  BOOST_TEST(histogram_text("a.example", none, {}) == "a.example: 1 probes, no answer\n");
}

BOOST_AUTO_TEST_SUITE_END()
