// Tests the timers and the waiting line: which item is due first, which is next, and which has left.
// Long runs are compared with plain containers.
#include "engine/timer_heap.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <random>

#include "engine/fifo_with_removal.hpp"

using namespace std::chrono_literals;
using multiping::Instant;
using multiping::engine::FifoWithRemoval;
using multiping::engine::TimerHeap;

BOOST_AUTO_TEST_SUITE(timer_heap_test)

BOOST_AUTO_TEST_CASE(the_earliest_is_first) {
  TimerHeap timers;
  BOOST_CHECK(timers.next() == Instant::max());
  timers.set(3, Instant{30s});
  timers.set(1, Instant{10s});
  timers.set(2, Instant{20s});
  BOOST_TEST(timers.first() == 1U);
  timers.set(1, Instant{25s});
  BOOST_TEST(timers.first() == 2U);
  timers.clear(2);
  timers.clear(7);  // item 7 has no time
  BOOST_TEST(timers.first() == 1U);
  BOOST_CHECK(timers.next() == Instant{25s});
}

BOOST_AUTO_TEST_CASE(any_order_of_changes) {
  TimerHeap timers;
  std::map<std::uint32_t, Instant> expected;
  std::mt19937 random{42};
  for (int step = 0; step < 20'000; ++step) {
    const auto item = static_cast<std::uint32_t>(random() % 100);
    if (random() % 3 == 0) {
      timers.clear(item);
      expected.erase(item);
    } else {
      expected[item] = Instant{std::chrono::milliseconds{random() % 1000}};
      timers.set(item, expected[item]);
    }
    Instant first = Instant::max();
    for (const auto& [other, time] : expected) first = std::min(first, time);
    BOOST_REQUIRE(timers.next() == first);
    if (!expected.empty()) BOOST_REQUIRE(expected.at(timers.first()) == first);
  }
}

BOOST_AUTO_TEST_CASE(a_line_is_left_from_anywhere) {
  FifoWithRemoval line;
  line.make_room(20);
  std::deque<std::uint32_t> expected;
  std::mt19937 random{7};
  for (int step = 0; step < 20'000; ++step) {
    const auto item = static_cast<std::uint32_t>(random() % 20);
    const auto place = std::find(expected.begin(), expected.end(), item);
    BOOST_REQUIRE(line.holds(item) == (place != expected.end()));
    if (place != expected.end()) {
      line.remove(item);
      expected.erase(place);
    } else if (random() % 4 == 0) {
      line.push_front(item);
      expected.push_front(item);
    } else {
      line.push_back(item);
      expected.push_back(item);
    }
    BOOST_REQUIRE(line.empty() == expected.empty());
    if (!expected.empty()) BOOST_REQUIRE(line.front() == expected.front());
  }
  line.remove(1000);
}

BOOST_AUTO_TEST_SUITE_END()
