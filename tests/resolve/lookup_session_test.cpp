// Tests sessions with scripted lookups: when each answer becomes known, and how many lookups the process has at once.
// Also what happens to lookups that are abandoned.
#include "resolve/lookup_session.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "multiping/error.hpp"
#include "resolve/scripted_lookup.hpp"
#include "support/sanitized.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace multiping::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(lookup_session_test)

namespace {

using Clock = std::chrono::steady_clock;

constexpr int most = 64;  // lookups of the process at once

LookupFactory finding() {
  return scripted([](const auto&) { return found(); });
}

/// PendingLookups that hang at the gate, except those of "quick".
LookupFactory hanging(const std::shared_ptr<Gate>& gate) {
  return scripted([gate](const std::string& name) {
    if (name != "quick") gate->pass();
    return found();
  });
}

/// Leaves as many hanging lookups as the process may have, of a call that is over.
void leave_hanging_lookups(const std::shared_ptr<Gate>& gate) {
  const LookupSession session{numbered(2 * most), {.timeout = 600s, .parallel = 256}, hanging(gate), {}};
  gate->await(most);
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// Waits, since a thread that has ended may stay listed until the kernel has removed it.
bool threads_fall_to(std::size_t count) {
  const auto until = Clock::now() + 10s;
  while (threads_of_this_process() > count && Clock::now() < until) std::this_thread::yield();
  return threads_of_this_process() <= count;
}

bool is_printable(int descriptor, int milliseconds) {
  pollfd ready{descriptor, POLLIN, 0};
  return ::poll(&ready, 1, milliseconds) == 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_known_comes_while_the_rest_is_pending) {
  const auto gate = std::make_shared<Gate>();
  LookupSession session{{"hang", "quick"}, {.timeout = 60s}, hanging(gate), {}};
  session.wait(Clock::now() + 10s);
  const auto known = session.take();
  BOOST_REQUIRE(known.size() == 1U);
  BOOST_TEST(known[0].question == 1U);
  BOOST_TEST((known[0].answer.addresses == std::vector{found_address}));
  BOOST_TEST(!session.done());
  BOOST_TEST(session.take().empty());
  gate->open();
  session.wait(Clock::now() + 10s);
  BOOST_TEST(session.take().size() == 1U);
  BOOST_TEST(session.done());
  BOOST_TEST((session.deadline() == Time::max()));
  session.wait(Clock::now() + 10s);  // nothing is left to wait for
}

BOOST_AUTO_TEST_CASE(a_wait_ends_at_its_time) {
  const auto gate = std::make_shared<Gate>();
  LookupSession session{{"hang"}, {.timeout = 60s}, hanging(gate), {}};
  const auto until = Clock::now() + 20ms;
  session.wait(until);
  BOOST_TEST((Clock::now() >= until));
  BOOST_TEST(session.take().empty());
  gate->open();
}

BOOST_AUTO_TEST_CASE(a_descriptor_tells_that_something_is_known) {
  const auto gate = std::make_shared<Gate>();
  LookupSession session{{"hang", "quick"}, {.timeout = 60s}, hanging(gate), {}};
  const int descriptor = session.native_handle();
  BOOST_REQUIRE(descriptor >= 0);
  BOOST_TEST(is_printable(descriptor, 10'000));
  BOOST_TEST(session.take().size() == 1U);
  BOOST_TEST(!is_printable(descriptor, 0));
  gate->open();
  BOOST_TEST(is_printable(descriptor, 10'000));
  BOOST_TEST(session.native_handle() == descriptor);
  BOOST_TEST(session.take().size() == 1U);
  BOOST_TEST(!is_printable(descriptor, 0));
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_asked_for_late_tells_it_too) {
  LookupSession session{{"quick"}, {.timeout = 60s}, finding(), {}};
  session.wait_for_all();
  BOOST_TEST(is_printable(session.native_handle(), 0));
}

BOOST_AUTO_TEST_CASE(what_is_ended_has_timed_out) {
  const auto gate = std::make_shared<Gate>();
  LookupSession session{numbered(100), {.timeout = 60s, .parallel = 2}, hanging(gate), {}};
  session.end();
  const auto known = session.take();
  BOOST_TEST(known.size() == 100U);
  for (const auto& [question, answer] : known) BOOST_TEST((answer.error == Errc::lookup_timeout));
  BOOST_TEST(session.done());
  gate->open();
}

BOOST_AUTO_TEST_CASE(a_lookup_may_end_before_and_after_its_session) {
  const auto gate = std::make_shared<Gate>();
  const auto before = threads_of_this_process();
  {
    LookupSession session{{"hang", "quick"}, {.timeout = 60s}, hanging(gate), {}};
    gate->await(1);
  }
  BOOST_TEST(gate->arrived() == 1);
  gate->open();
  BOOST_TEST(threads_fall_to(before));
}

BOOST_AUTO_TEST_CASE(a_session_that_is_done_keeps_no_thread) {
  const auto before = threads_of_this_process();
  LookupSession session{numbered(100), {}, finding(), {}};
  session.wait_for_all();
  BOOST_TEST(session.take().size() == 100U);
  BOOST_TEST(threads_fall_to(before));
}

BOOST_AUTO_TEST_CASE(a_list_takes_as_long_as_lookups_go_on_ending) {
  const auto slow = scripted([](const auto&) {
    std::this_thread::sleep_for(250ms);
    return found();
  });
  const auto answers = look_up_all(numbered(10), {.timeout = 2s, .parallel = 1}, slow, {});
  BOOST_TEST(std::ranges::all_of(answers, [](const Answer& answer) { return !answer.error; }));
}

BOOST_AUTO_TEST_CASE(the_budget_ends_what_goes_on) {
  const auto slow = scripted([](const auto&) {
    std::this_thread::sleep_for(10ms);
    return found();
  });
  const auto began = Clock::now();
  const auto answers = look_up_all(numbered(2000), {.timeout = 60s, .parallel = 1, .budget = 200ms}, slow, {});
  BOOST_TEST((Clock::now() - began < 10s));
  BOOST_TEST((answers.back().error == Errc::lookup_timeout));
}

BOOST_AUTO_TEST_CASE(the_process_has_so_many_lookups_and_no_more) {
  const auto gate = std::make_shared<Gate>();
  const auto before = threads_of_this_process();
  leave_hanging_lookups(gate);
  for (int call = 0; call < 30; ++call) {
    const auto answers = look_up_all(numbered(most), {.timeout = 20ms, .parallel = 256}, hanging(gate), {});
    for (const auto& answer : answers) BOOST_TEST((answer.error == Errc::lookup_timeout));
  }
  BOOST_TEST(gate->arrived() == most);
  BOOST_TEST(threads_of_this_process() <= before + most);
  BOOST_TEST((look_up_all({"quick"}, {.timeout = 20ms}, finding(), {})[0].error == Errc::lookup_timeout));
  gate->open();
  BOOST_TEST(!look_up_all({"quick"}, {.timeout = 60s}, finding(), {})[0].error);
  BOOST_TEST(threads_fall_to(before));
}

BOOST_AUTO_TEST_CASE(a_lookup_that_was_given_up_makes_room_when_it_ends) {
  const auto gate = std::make_shared<Gate>();
  leave_hanging_lookups(gate);
  LookupSession waiting{{"quick"}, {.timeout = 60s}, finding(), {}};
  waiting.wait(Clock::now() + 20ms);
  BOOST_TEST(waiting.take().empty());
  gate->open();
  waiting.wait_for_all();
  const auto known = waiting.take();
  BOOST_REQUIRE(known.size() == 1U);
  BOOST_TEST(!known[0].answer.error);
  BOOST_TEST(gate->arrived() == most);  // nothing more was asked for the call that is over
}

BOOST_AUTO_TEST_CASE(a_short_list_has_its_turn_beside_a_long_one) {
  const auto gate = std::make_shared<Gate>();
  const auto log = std::make_shared<Log>();
  const auto logging = [&](const std::shared_ptr<Gate>& at) {
    return scripted([log, at](const std::string& name) {
      if (at) at->pass();
      if (at) std::this_thread::sleep_for(20ms);
      log->add(name);
      return found();
    });
  };
  LookupSession many{numbered(2000), {.timeout = 60s}, logging(gate), {}};
  gate->await(most);
  LookupSession one{{"one"}, {.timeout = 60s}, logging(nullptr), {}};
  gate->open();
  one.wait_for_all();
  many.wait_for_all();
  const auto names = log->names();
  const auto turn = std::ranges::find(names, "one") - names.begin();
  BOOST_TEST(turn < 1500);  // it has the next turn, but its thread may be slow to log it
}

BOOST_AUTO_TEST_CASE(a_stop_request_is_the_end_of_a_session) {
  const auto gate = std::make_shared<Gate>();
  std::stop_source stop;
  LookupSession session{{"hang", "quick"}, {.timeout = 60s}, hanging(gate), stop.get_token()};
  session.wait(Clock::now() + 10s);
  stop.request_stop();
  auto known = session.take();
  std::ranges::sort(known, {}, &Known::question);
  BOOST_REQUIRE(known.size() == 2U);
  BOOST_TEST((known[0].answer.error == Errc::lookup_timeout));
  BOOST_TEST(!known[1].answer.error);
  BOOST_TEST(session.done());
  gate->await(1);
  gate->open();
}

BOOST_AUTO_TEST_CASE(a_forked_child_has_lookups_of_its_own) {
  const auto gate = std::make_shared<Gate>();
  auto session =
      std::make_unique<LookupSession>(numbered(most), ResolveOptions{.timeout = 60s}, hanging(gate), std::stop_token{});
  gate->await(most);
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    session.reset();
    // The thread sanitizer allows no new thread in a child of a process that has several.
    ::_exit(!sanitized && look_up_all({"quick"}, {.timeout = 10s}, finding(), {})[0].error ? 1 : 0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 0);
  gate->open();
}

BOOST_AUTO_TEST_SUITE_END()
