// Tests the pool of lookups with scripted lookups: how many run at once, in which order, and when the call returns.
// A lookup that hangs waits at a gate, which the test opens at its end.
#include "resolve/lookup_session.hpp"

#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "multiping/error.hpp"
#include "resolve/scripted_lookup.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace multiping::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(lookup_pool)

namespace {

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Runs in a process of its own, as a user who may start no further process or thread. The result is its exit status.
int wrong_answers_without_threads() {
  const rlimit none{};
  ::setrlimit(RLIMIT_NPROC, &none);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(65'534) != 0 || ::setuid(65'534) != 0)) return 99;
  const auto answers = look_up_all(numbered(3), {}, scripted([](const auto&) { return found(); }), {});
  return static_cast<int>(std::count_if(answers.begin(), answers.end(),
                                        [](const Answer& answer) { return answer.error != Errc::lookup_failed; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_name_has_its_answer_in_order) {
  const auto factory = scripted([](const std::string& name) -> Answer {
    if (name.ends_with('3')) return {{}, Errc::no_address};
    return {{Address::v4({192, 0, 2, static_cast<std::uint8_t>(std::stoi(name.substr(4)))})}};
  });
  const auto answers = look_up_all(numbered(200), {.parallel = 8}, factory, {});
  BOOST_REQUIRE(answers.size() == 200U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i % 10 == 3) {
      BOOST_TEST((answers[i].error == Errc::no_address));
    } else {
      BOOST_REQUIRE(answers[i].addresses.size() == 1U);
      BOOST_TEST(answers[i].addresses[0].bytes()[3] == i);
    }
  }
}

BOOST_AUTO_TEST_CASE(names_and_addresses_are_asked_side_by_side) {
  const auto factory = scripted([](const auto&) { return found(); });
  const auto answers = look_up_all({"a", found_address, "b"}, {}, factory, {});
  BOOST_REQUIRE(answers.size() == 3U);
  BOOST_TEST((answers[0].addresses == std::vector{found_address}));
  BOOST_TEST(answers[1].name == "name-of-192.0.2.1");
  BOOST_TEST(answers[1].addresses.empty());
  BOOST_TEST((answers[2].addresses == std::vector{found_address}));
}

BOOST_AUTO_TEST_CASE(no_names_need_no_thread) {
  const LookupFactory factory = []() -> std::unique_ptr<Lookup> { throw std::logic_error{"a thread was started"}; };
  BOOST_TEST(look_up_all({}, {}, factory, {}).empty());
}

BOOST_AUTO_TEST_CASE(so_many_lookups_are_under_way_at_once_and_no_more) {
  const auto gate = std::make_shared<Gate>();
  const auto factory = scripted([gate](const auto&) { return gate->pass(), found(); });
  std::jthread opener{[gate] {
    gate->await(5);
    gate->open();
  }};
  const auto answers = look_up_all(numbered(5), {.timeout = 60s, .parallel = 5}, factory, {});
  BOOST_TEST(std::ranges::all_of(answers, [](const Answer& answer) { return !answer.error; }));
  std::atomic<int> at_once = 0, too_many = 0;
  const auto counting = scripted([&](const auto&) {
    if (++at_once > 3) ++too_many;
    std::this_thread::yield();
    --at_once;
    return found();
  });
  BOOST_TEST(look_up_all(numbered(500), {.timeout = 60s, .parallel = 3}, counting, {}).size() == 500U);
  BOOST_TEST(too_many == 0);
}

BOOST_AUTO_TEST_CASE(a_hanging_lookup_holds_up_nobody_past_the_deadline) {
  const auto gate = std::make_shared<Gate>();
  const auto log = std::make_shared<Log>();
  const auto factory = scripted([gate, log](const std::string& name) {
    log->add(name);
    if (name != "quick") gate->pass();
    return found();
  });
  const auto began = std::chrono::steady_clock::now();
  const auto answers = look_up_all({"hang1", "quick", "hang2", "late"}, {.timeout = 300ms, .parallel = 2}, factory, {});
  const auto took = seconds_since(began);
  BOOST_TEST(took >= 0.3);
  BOOST_TEST(took < 3.0);
  BOOST_TEST((answers[0].error == Errc::lookup_timeout));
  BOOST_TEST((answers[1].addresses == std::vector{found_address}));
  BOOST_TEST((answers[2].error == Errc::lookup_timeout));
  BOOST_TEST((answers[3].error == Errc::lookup_timeout));
  gate->open();
  BOOST_TEST(log->names().size() == 3U);  // "late" was never asked
}

BOOST_AUTO_TEST_CASE(nothing_of_the_call_outlives_it_but_what_hangs) {
  const auto gate = std::make_shared<Gate>();
  const std::weak_ptr<Gate> held = gate;
  {
    const auto factory = scripted([gate](const auto&) { return found(); });
    static_cast<void>(look_up_all(numbered(20), {}, factory, {}));
  }
  BOOST_TEST(held.use_count() == 1);  // the threads and all they shared are gone
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_wait) {
  const auto gate = std::make_shared<Gate>();
  const auto factory = scripted([gate](const auto&) { return gate->pass(), found(); });
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper{[&] {
    gate->await(2);
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  }};
  const auto answers = look_up_all(numbered(5), {.timeout = 60s, .parallel = 2}, factory, stop.get_token());
  const auto returned = std::chrono::steady_clock::now();
  stopper.join();
  BOOST_TEST(std::chrono::duration<double>(returned - stopped).count() < 10.0);  // 10 ms where nothing else runs
  for (const auto& answer : answers) BOOST_TEST((answer.error == Errc::lookup_timeout));
  gate->open();
  BOOST_TEST(gate->arrived() == 2);
}

BOOST_AUTO_TEST_CASE(without_time_or_after_a_stop_nothing_is_started) {
  const auto log = std::make_shared<Log>();
  const auto factory = scripted([log](const std::string& name) { return log->add(name), found(); });
  std::stop_source stop;
  stop.request_stop();
  for (const auto& answers : {look_up_all(numbered(3), {.timeout = 0s}, factory, {}),
                              look_up_all(numbered(3), {.timeout = 5s}, factory, stop.get_token())}) {
    BOOST_REQUIRE(answers.size() == 3U);
    for (const auto& answer : answers) BOOST_TEST((answer.error == Errc::lookup_timeout));
  }
  BOOST_TEST(log->names().empty());
}

BOOST_AUTO_TEST_CASE(a_name_is_asked_again_while_there_is_time) {
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto factory = scripted([asked](const auto&) { return ++*asked < 3 ? busy_server() : found(); });
  const auto answers = look_up_all({"busy"}, {.timeout = 60s}, factory, {});
  BOOST_TEST((answers[0].addresses == std::vector{found_address}));
  BOOST_TEST(*asked == 3);
}

BOOST_AUTO_TEST_CASE(names_never_asked_go_before_those_asked_again) {
  const auto log = std::make_shared<Log>();
  const auto tries = std::make_shared<std::atomic<int>>(0);
  const auto factory = scripted([log, tries](const std::string& name) {
    log->add(name);
    return name == "busy" && ++*tries == 1 ? busy_server() : found();
  });
  static_cast<void>(look_up_all({"busy", "one", "two"}, {.timeout = 60s, .parallel = 1}, factory, {}));
  BOOST_TEST(log->names() == (std::vector<std::string>{"busy", "one", "two", "busy"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_server_that_stays_busy_is_not_asked_without_pause) {
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto factory = scripted([asked](const auto&) { return ++*asked, busy_server(); });
  const auto answers = look_up_all({"busy"}, {.timeout = 500ms}, factory, {});
  BOOST_TEST((answers[0].error == Errc::lookup_failed));
  BOOST_TEST(*asked >= 1);
  BOOST_TEST(*asked <= 4);  // at once, and 0.1 s, 0.3 s later
}

BOOST_AUTO_TEST_CASE(a_pause_ends_with_a_stop_request) {
  const auto log = std::make_shared<Log>();
  const std::stop_source stop;
  const auto factory = scripted([log, stop](const std::string& name) {
    log->add(name);
    if (log->names().size() == 4) stop.request_stop();
    return busy_server();
  });
  const auto began = std::chrono::steady_clock::now();
  static_cast<void>(look_up_all({"a", "b"}, {.timeout = 60s}, factory, stop.get_token()));
  BOOST_TEST(seconds_since(began) < 10.0);
  BOOST_TEST(log->names().size() <= 5U);
}

BOOST_AUTO_TEST_CASE(what_throws_is_a_failed_lookup) {
  const auto throwing = scripted([](const std::string& name) -> Answer {
    if (name == "host1") throw std::bad_alloc{};
    return found();
  });
  const auto answers = look_up_all(numbered(3), {}, throwing, {});
  BOOST_TEST(!answers[0].error);
  BOOST_TEST((answers[1].error == Errc::lookup_failed));
  BOOST_TEST(!answers[2].error);
  const LookupFactory broken = []() -> std::unique_ptr<Lookup> { throw std::runtime_error{"no descriptors"}; };
  BOOST_TEST((look_up_all({"a"}, {}, broken, {})[0].error == Errc::lookup_failed));
}

BOOST_AUTO_TEST_CASE(signals_are_left_to_the_program) {
  const auto blocked = std::make_shared<std::atomic<bool>>(false);
  const auto factory = scripted([blocked](const auto&) {
    sigset_t mask{};
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    *blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGALRM) == 1 && sigismember(&mask, SIGTERM) == 1;
    return found();
  });
  sigset_t before{}, after{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  static_cast<void>(look_up_all({"a"}, {}, factory, {}));
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  BOOST_TEST(blocked->load());
  for (const int number : {SIGINT, SIGALRM, SIGTERM, SIGUSR1}) {
    BOOST_TEST(sigismember(&before, number) == sigismember(&after, number));
  }
}

BOOST_AUTO_TEST_CASE(without_any_thread_every_lookup_has_failed) {
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) ::_exit(wrong_answers_without_threads());
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
