// Tests the questions of one call: which is next, when to ask again, and how long to wait.
// The test makes up the time; it uses no thread and no clock.
#include "resolve/lookup_retry_schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "multiping/error.hpp"
#include "resolve/scripted_lookup.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace multiping::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(lookup_order_test)

namespace {

const Time start{1h};

LookupRetrySchedule board_of(int count, const ResolveOptions& options = {}) {
  return {numbered(count), options, start};
}

/// Takes the next question and answers it at once.
void answer_one(LookupRetrySchedule& board, Time now, const Answer& answer = found()) {
  const auto index = board.take(now);
  BOOST_REQUIRE(index.has_value());
  board.put(*index, answer, 1ms, now);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_answer_prolongs_the_wait) {
  auto board = board_of(100, {.timeout = 5s, .parallel = 1});
  BOOST_TEST((board.deadline() == start + 5s));
  for (int i = 1; i < 100; ++i) {
    answer_one(board, start + i * 4s);
    BOOST_TEST((board.deadline() == start + i * 4s + 5s));
  }
  BOOST_TEST(!board.complete());
  BOOST_TEST(board.take_known().size() == 99U);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_asked_again_does_not_prolong_the_wait) {
  auto board = board_of(2, {.timeout = 5s});
  answer_one(board, start + 1s);
  answer_one(board, start + 2s, busy_server());
  BOOST_TEST((board.deadline() == start + 6s));
}

BOOST_AUTO_TEST_CASE(the_budget_bounds_the_whole) {
  auto board = board_of(100, {.timeout = 5s, .budget = 7s});
  BOOST_TEST((board.deadline() == start + 5s));
  answer_one(board, start + 4s);
  BOOST_TEST((board.deadline() == start + 7s));
}

BOOST_AUTO_TEST_CASE(limits_may_be_as_long_as_time) {
  auto board = board_of(2, {.timeout = Duration::max(), .budget = Duration::max()});
  answer_one(board, start + 4s);
  BOOST_TEST((board.deadline() == Time::max()));
}

BOOST_AUTO_TEST_CASE(no_more_than_so_many_are_under_way) {
  auto board = board_of(3, {.parallel = 2});
  BOOST_TEST(board.parallel() == 2U);
  BOOST_TEST(board.take(start).has_value());
  BOOST_TEST(board.take(start).has_value());
  BOOST_TEST(!board.has_due(start));
  BOOST_TEST(!board.take(start).has_value());
  board.put(0, found(), 1ms, start);
  BOOST_TEST(board.take(start).value() == 2U);
  BOOST_TEST(board.under_way() == 2U);
  BOOST_TEST(board_of(3).parallel() == 3U);
}

BOOST_AUTO_TEST_CASE(a_pause_doubles_up_to_a_second) {
  auto board = board_of(1);
  auto now = start;
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    answer_one(board, now, busy_server());
    BOOST_TEST(board.pausing() == 1U);
    BOOST_TEST((board.next_pause_end() == now + pause));
    BOOST_TEST(!board.has_due(now + pause - 1ns));
    now += pause;
    BOOST_TEST(board.has_due(now));
  }
}

BOOST_AUTO_TEST_CASE(the_end_tells_silence_from_refusal) {
  auto board = board_of(4);
  board.put(*board.take(start), busy_server(), 1s, start);
  board.put(*board.take(start), busy_server(), 1ms, start);
  static_cast<void>(board.take(start));
  board.end();
  BOOST_TEST(board.complete());
  BOOST_TEST(!board.has_due(start + 1h));
  const auto known = board.take_known();
  BOOST_REQUIRE(known.size() == 4U);
  BOOST_TEST((known[0].answer.error == Errc::lookup_timeout));
  BOOST_TEST((known[1].answer.error == Errc::lookup_failed));
  BOOST_TEST((known[2].answer.error == Errc::lookup_timeout));
  BOOST_TEST((known[3].answer.error == Errc::lookup_timeout));
  board.put(2, found(), 1s, start);  // comes too late
  BOOST_TEST(!board.has_known());
}

BOOST_AUTO_TEST_CASE(each_answer_is_taken_once) {
  auto board = board_of(3);
  answer_one(board, start);
  auto known = board.take_known();
  BOOST_REQUIRE(known.size() == 1U);
  BOOST_TEST(known[0].question == 0U);
  BOOST_TEST((known[0].answer.addresses == std::vector{found_address}));
  BOOST_TEST(board.take_known().empty());
  board.end(Errc::lookup_failed);
  known = board.take_known();
  BOOST_REQUIRE(known.size() == 2U);
  for (const auto& [question, answer] : known) BOOST_TEST((answer.error == Errc::lookup_failed));
}

BOOST_AUTO_TEST_SUITE_END()
