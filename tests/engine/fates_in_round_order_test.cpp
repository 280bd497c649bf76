// Tests the figures of one target of a series: fates are added in round order, whatever order they come in.
// Tests the count of answers that overtook one another, too.
#include "engine/fates_in_round_order.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <random>
#include <vector>

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using engine::FatesInRoundOrder;
using engine::RoundFate;

BOOST_AUTO_TEST_SUITE(fates_in_round_order_test)

constexpr Instant start{100s};

/// An answered round; the probe of round n is sent n seconds after the start.
RoundFate answer(std::uint64_t round, Duration rtt) {
  return {.round = round,
          .outcome = Outcome::reply,
          .rtt = rtt,
          .sent_at = start + std::chrono::seconds{static_cast<std::int64_t>(round)}};
}
RoundFate loss(std::uint64_t round) { return {.round = round, .outcome = Outcome::no_reply}; }

struct Told {
  void add(const RoundFate& fate) { figures.add(fate, statistics); }
  FatesInRoundOrder figures;
  Statistics statistics;
};

BOOST_AUTO_TEST_CASE(fates_in_order_are_added_at_once) {
  Told told;
  told.add(answer(0, 1ms));
  told.add(loss(1));
  told.add(answer(2, 3ms));
  BOOST_TEST(told.statistics.sent() == 3U);
  BOOST_TEST(told.statistics.received() == 2U);
  BOOST_TEST(told.statistics.reordered() == 0U);
}

BOOST_AUTO_TEST_CASE(a_fate_waits_for_those_of_earlier_rounds) {
  Told told;
  told.add(answer(2, 1ms));
  told.add(loss(1));
  BOOST_TEST(told.statistics.sent() == 0U);
  told.add(loss(0));
  BOOST_TEST(told.statistics.sent() == 3U);
  BOOST_TEST(told.statistics.longest_loss() == 2U);
}

BOOST_AUTO_TEST_CASE(what_waits_in_vain_counts_at_the_end) {
  Told told;
  told.add(answer(0, 1ms));
  told.add(answer(4, 1ms));
  told.add(loss(2));
  told.figures.finish(told.statistics);
  BOOST_TEST(told.statistics.sent() == 3U);
  BOOST_TEST(told.statistics.received() == 2U);
}

BOOST_AUTO_TEST_CASE(an_answer_behind_that_to_a_later_probe_is_reordered) {
  Told told;
  told.add(answer(1, 100ms));
  told.add(answer(0, 1200ms));  // 100 ms after the answer to round 1
  BOOST_TEST(told.statistics.reordered() == 1U);
  told.add(answer(2, 900ms));
  told.add(answer(3, 100ms));  // 200 ms after the answer to round 2
  BOOST_TEST(told.statistics.reordered() == 1U);
}

BOOST_AUTO_TEST_CASE(each_that_was_overtaken_counts_once) {
  Told told;
  told.add(answer(0, 5s));      // at 5 s
  told.add(answer(1, 2500ms));  // at 3.5 s
  told.add(answer(2, 1s));      // at 3 s: it overtook both earlier answers
  told.add(answer(3, 100ms));   // at 3.1 s
  told.add(loss(4));
  BOOST_TEST(told.statistics.reordered() == 2U);
}

BOOST_AUTO_TEST_CASE(answers_of_one_moment_are_in_order) {
  Told told;
  told.add(answer(0, 2s));
  told.add(answer(1, 1s));
  BOOST_TEST(told.statistics.reordered() == 0U);
}

/// Counts by definition: the answers that came after the answer to some later probe.
std::uint64_t overtaken(const std::vector<RoundFate>& fates) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const auto later_but_first = [&](const RoundFate& other) {
      return other.round > fates[i].round && other.outcome == Outcome::reply &&
             other.sent_at + other.rtt < fates[i].sent_at + fates[i].rtt;
    };
    if (fates[i].outcome == Outcome::reply && std::ranges::any_of(fates, later_but_first)) ++count;
  }
  return count;
}

BOOST_AUTO_TEST_CASE(any_order_gives_what_the_definition_gives) {
  std::mt19937 random{5};
  for (int run = 0; run < 50; ++run) {
    std::vector<RoundFate> fates;
    for (std::uint64_t round = 0; round < 200; ++round)
      fates.push_back(random() % 5 == 0 ? loss(round) : answer(round, std::chrono::milliseconds{random() % 6000}));
    const std::uint64_t expected = overtaken(fates);
    Statistics in_order;
    for (const RoundFate& fate : fates) {
      Result result;
      result.outcome = fate.outcome;
      result.rtt = fate.rtt;
      in_order.add(result);
    }
    for (std::uint64_t i = 0; i < expected; ++i) in_order.add_reordered();
    std::ranges::shuffle(fates, random);
    Told told;
    for (const RoundFate& fate : fates) told.add(fate);
    BOOST_TEST(expected > 0U);
    BOOST_TEST((told.statistics == in_order));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
