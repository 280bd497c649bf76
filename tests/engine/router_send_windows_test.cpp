// Tests the windows of routers: growth by answers, shrinking by silence, and lines that learn their router.
// Pure: no clock, no network.
#include "engine/router_send_windows.hpp"

#include <boost/test/unit_test.hpp>

namespace multiping::test {
namespace {

using engine::RouterWindows;
using Line = RouterWindows::Line;

namespace router_windows_test {

Address router(std::uint8_t number) { return Address::v4({10, 1, 0, number}); }

struct Windows : RouterWindows {
  /// Puts `count` turns into the line, from `first` on.
  void fill(Line line, Turn first, std::size_t count = 1000) {
    for (Turn turn = first; turn < first + count; ++turn) wait(line, turn);
  }
  /// Takes all probes that are ready, and returns their number.
  std::size_t take_all() {
    std::size_t taken = 0;
    for (; any_ready(); ++taken) static_cast<void>(take());
    return taken;
  }
  void answer(Line line, std::size_t count) {
    for (; count > 0; --count) answered(line);
  }
  void stay_silent(Line line, std::size_t count) {
    for (; count > 0; --count) silent(line);
  }
};

}  // namespace router_windows_test

BOOST_FIXTURE_TEST_SUITE(router_windows_test, router_windows_test::Windows)

BOOST_AUTO_TEST_CASE(sixteen_at_first_and_twice_as_many_each_round_that_is_answered) {
  const Line line = of(router(1));
  fill(line, 0);
  BOOST_TEST(take_all() == 16U);
  answer(line, 16);
  BOOST_TEST(take_all() == 32U);
  answer(line, 32);
  BOOST_TEST(take_all() == 64U);
}

BOOST_AUTO_TEST_CASE(who_is_first_is_taken_first_whatever_the_line) {
  wait(of(router(1)), 7);
  wait(at_distance(Family::ipv4, 3), 5);
  wait(of(router(1)), 6);
  BOOST_TEST(take().turn == 5U);
  const auto second = take();
  BOOST_TEST(second.turn == 6U);
  BOOST_TEST(second.line == of(router(1)));
  BOOST_TEST(take().turn == 7U);
  BOOST_TEST(!any_ready());
}

BOOST_AUTO_TEST_CASE(a_router_that_falls_silent_is_asked_less_but_never_less_than_four) {
  const Line line = of(router(1));
  fill(line, 0);
  BOOST_TEST(take_all() == 16U);
  answer(line, 6);
  BOOST_TEST(take_all() == 12U);
  stay_silent(line, 10);  // the rest of the round
  BOOST_TEST(size(line) == 11U);
  BOOST_TEST(slowness(line) == 2);
  BOOST_TEST(!any_ready());
  stay_silent(line, 11);
  BOOST_TEST(size(line) == 5U);
  for (int round = 0; round < 3; ++round) stay_silent(line, take_all());
  BOOST_TEST(size(line) == 4U);
  BOOST_TEST(slowness(line) > 8);
}

BOOST_AUTO_TEST_CASE(some_loss_is_no_limit_and_a_good_round_makes_up_for_bad_ones) {
  const Line line = of(router(1));
  fill(line, 0);
  take_all();
  stay_silent(line, 16);
  BOOST_TEST(size(line) == 8U);
  BOOST_TEST(slowness(line) == 2);
  BOOST_TEST(take_all() == 8U);
  answer(line, 6);
  stay_silent(line, 2);  // a quarter of the round
  BOOST_TEST(size(line) == 14U);
  BOOST_TEST(slowness(line) == 1);
}

BOOST_AUTO_TEST_CASE(who_never_answers_holds_nobody_up) {
  const Line line = at_distance(Family::ipv4, 4);
  fill(line, 0);
  BOOST_TEST(take_all() == 16U);
  stay_silent(line, 16);
  BOOST_TEST(take_all() == 32U);
  stay_silent(line, 32);
  BOOST_TEST(take_all() == 64U);
  BOOST_TEST(slowness(line) == 1);
}

BOOST_AUTO_TEST_CASE(places_move_with_their_line_to_the_router_that_answered) {
  const Line line = at_distance(Family::ipv4, 3);
  fill(line, 0);
  BOOST_TEST(take_all() == 16U);
  answered(line);
  learn(line, router(3));
  BOOST_TEST(take_all() == 1U);  // fifteen probes to the router are still under way
  fill(of(router(3)), 2000);
  BOOST_TEST(!any_ready());
}

BOOST_AUTO_TEST_CASE(what_is_behind_a_router_is_taken_for_what_is_known_at_that_distance) {
  const Line usual = at_distance(Family::ipv4, 3);
  learn(usual, router(3));
  const Line line = behind(router(2), 3);
  fill(line, 0, 10);
  fill(of(router(3)), 100, 10);
  BOOST_TEST(take_all() == 16U);
}

BOOST_AUTO_TEST_CASE(a_wrong_guess_is_mended_by_an_answer_or_by_silence) {
  learn(at_distance(Family::ipv4, 3), router(3));
  const Line answering = behind(router(2), 3), silent_one = behind(router(22), 3);
  fill(answering, 0, 8);
  fill(silent_one, 100, 8);
  BOOST_TEST(take_all() == 16U);
  learn(answering, router(33));
  answered(answering);
  silent(silent_one);
  fill(of(router(3)), 200);
  BOOST_TEST(take_all() == 16U);  // all places of the router are free again
  BOOST_TEST(size(of(router(3))) == 16U);
  BOOST_TEST(size(of(router(33))) == 17U);
}

BOOST_AUTO_TEST_CASE(a_line_to_several_routers_is_held_up_by_none_of_them) {
  const Line line = behind(router(2), 3);
  fill(line, 0);
  BOOST_TEST(take_all() == 16U);
  learn(line, router(3));
  learn(line, router(4));
  BOOST_TEST(!any_ready());
  stay_silent(line, 16);
  BOOST_TEST(take_all() == 32U);
  BOOST_TEST(slowness(line) == 1);
  fill(of(router(3)), 2000);
  BOOST_TEST(take_all() == 16U);
  learn(of(router(3)), router(4));  // router 4 answers once in place of router 3, whose own line does not change
  BOOST_TEST(!any_ready());
}

BOOST_AUTO_TEST_CASE(who_leaves_and_what_was_not_sent_count_for_nothing) {
  const Line line = of(router(1));
  fill(line, 0, 17);
  leave(line, 3);
  BOOST_TEST(take_all() == 16U);
  BOOST_TEST(!any_ready());
  wait(line, 50);
  give_back(line);
  BOOST_TEST(take().turn == 50U);
  BOOST_TEST(size(line) == 16U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
