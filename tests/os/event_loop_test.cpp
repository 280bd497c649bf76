// Tests the daemon's event loop with pipes: which callbacks are called, which no longer are, and timers.
// A test of a time only checks that it has passed.
#include "os/event_loop.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>

BOOST_AUTO_TEST_SUITE(event_loop_test)

namespace {

using multiping::os::EventLoop;
using namespace std::chrono_literals;

/// A pipe, with a byte in it if `full`.
struct Pipe {
  explicit Pipe(bool full = true) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    in = multiping::os::FileDescriptor{ends[1]};
    out = multiping::os::FileDescriptor{ends[0]};
    if (full) fill();
  }
  void fill() const { BOOST_REQUIRE(::write(in.value(), "x", 1) == 1); }
  void drain() const {
    char byte = 0;
    while (::read(out.value(), &byte, 1) == 1) continue;
  }
  multiping::os::FileDescriptor in{}, out{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(calls_again_and_again_while_there_is_something_to_read) {
  EventLoop loop;
  const Pipe pipe;
  int calls = 0;
  loop.watch(pipe.out.value(), [&] {
    if (++calls == 3) loop.stop();
  });
  loop.run();
  BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_CASE(calls_nobody_whose_descriptor_is_silent) {
  EventLoop loop;
  const Pipe silent{false}, full;
  bool called = false;
  loop.watch(silent.out.value(), [&] { called = true; });
  loop.watch(full.out.value(), [&] { loop.stop(); });
  loop.run();
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(tells_a_hang_up) {
  EventLoop loop;
  Pipe pipe{false};
  pipe.in = multiping::os::FileDescriptor{};
  bool called = false;
  loop.watch(pipe.out.value(), [&] {
    called = true;
    loop.stop();
  });
  loop.run();
  BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(who_is_called_may_unwatch_itself) {
  EventLoop loop;
  const Pipe pipe;
  int calls = 0;
  const std::string captured(100, 'x');  // copied into the callback, which must exist while it runs
  std::string seen;
  loop.watch(pipe.out.value(), [&loop, &calls, &seen, fd = pipe.out.value(), captured] {
    loop.unwatch(fd);
    ++calls;
    seen = captured;
  });
  loop.once(20ms, [&] { loop.stop(); });
  loop.run();
  BOOST_TEST(calls == 1);
  BOOST_TEST(seen == captured);
}

BOOST_AUTO_TEST_CASE(an_event_of_a_closed_descriptor_does_not_reach_the_next_one_of_its_number) {
  EventLoop loop;
  std::array<Pipe, 2> pipes;
  const Pipe silent{false};
  int replaced = 0, wrong = 0;
  // Both are ready at once. The first callback closes the other descriptor, and a third pipe gets its number.
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    loop.watch(pipes.at(i).out.value(), [&, i] {
      ++replaced;
      const int number = pipes.at(1 - i).out.value();
      loop.unwatch(number);
      BOOST_REQUIRE(::dup3(silent.out.value(), number, O_CLOEXEC) == number);
      loop.watch(number, [&] { ++wrong; });
      loop.unwatch(pipes.at(i).out.value());
      loop.once(20ms, [&] { loop.stop(); });
    });
  }
  loop.run();
  BOOST_TEST(replaced == 1);
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(watching_again_replaces_who_is_called) {
  EventLoop loop;
  const Pipe pipe;
  bool first = false;
  loop.watch(pipe.out.value(), [&] { first = true; });
  loop.watch(pipe.out.value(), [&] { loop.stop(); });
  loop.run();
  BOOST_TEST(!first);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_cannot_be_watched_is_an_error) {
  EventLoop loop;
  BOOST_CHECK_THROW(loop.watch(-1, [] {}), std::system_error);
  loop.unwatch(-1);
}

BOOST_AUTO_TEST_CASE(a_timer_comes_when_its_time_has_come) {
  EventLoop loop;
  const auto start = EventLoop::now();
  loop.once(10ms, [&] { loop.stop(); });
  loop.run();
  BOOST_CHECK(EventLoop::now() - start >= 10ms);
}

BOOST_AUTO_TEST_CASE(timers_come_in_their_order_and_only_once) {
  EventLoop loop;
  std::string order;
  loop.once(30ms, [&] { order += 'c'; });
  loop.once(5ms, [&] { order += 'a'; });
  loop.once(15ms, [&] { order += 'b'; });
  loop.once(60ms, [&] { loop.stop(); });
  loop.run();
  BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(who_is_due_together_with_the_timer_that_stops_still_comes) {
  EventLoop loop;
  int calls = 0;
  loop.once(0s, [&] { loop.stop(); });
  loop.once(0s, [&] {
    ++calls;
    loop.once(0s, [&] { ++calls; });
  });
  loop.run();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_does_not_come) {
  EventLoop loop;
  bool called = false;
  const auto timer = loop.once(1ms, [&] { called = true; });
  EventLoop::TimerId other = 0;
  // Both are due at the same time; the first cancels the second.
  loop.once(1ms, [&] { loop.cancel(other); });
  other = loop.once(1ms, [&] { called = true; });
  loop.cancel(timer);
  loop.cancel(timer);
  loop.once(30ms, [&] { loop.stop(); });
  loop.run();
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(a_timer_that_is_called_may_cancel_itself_and_set_the_next) {
  EventLoop loop;
  int calls = 0;
  EventLoop::TimerId timer = 0;
  timer = loop.once(1ms, [&] {
    loop.cancel(timer);
    timer = loop.once(1ms, [&] {
      ++calls;
      loop.stop();
    });
  });
  loop.run();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_timer_that_is_due_at_once_lets_descriptors_have_their_turn) {
  EventLoop loop;
  const Pipe pipe;
  std::string order;
  loop.watch(pipe.out.value(), [&] { order += 'd'; });
  std::function<void()> again = [&] {
    order += 't';
    if (order.size() >= 8) return loop.stop();
    loop.once(0s, again);
  };
  loop.once(0s, again);
  loop.run();
  BOOST_TEST(order == "dtdtdtdt");
}

BOOST_AUTO_TEST_CASE(what_is_thrown_reaches_the_caller_and_the_loop_can_go_on) {
  EventLoop loop;
  loop.once(0s, [] { throw std::runtime_error{"no"}; });
  BOOST_CHECK_THROW(loop.run(), std::runtime_error);
  loop.once(0s, [&] { loop.stop(); });
  loop.run();
  loop.stop();
  loop.run();  // returns at once, after the stop() before it
}

BOOST_AUTO_TEST_SUITE_END()
