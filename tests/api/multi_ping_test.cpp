// Tests MultiPing on this machine's own addresses, with real sockets and in real time.
// Tests that need other networks are in netns/; tests that need exact times are in sim/.
#include "multiping/multi_ping.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "multiping/error.hpp"
#include "multiping/transport.hpp"
#include "support/loopback.hpp"

using namespace std::chrono_literals;
using namespace multiping;

namespace {

/// A precondition: the tests are skipped, with a message, where this process may not ping.
boost::test_tools::assertion_result may_ping(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result{capabilities(*open_transport()).icmp};
  result.message() << "this process may not ping";
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(multi_ping_test,
                      *boost::unit_test::precondition(may_ping) * boost::unit_test::precondition(test::needs_loopback))

namespace {

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
}

std::ptrdiff_t running_threads() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, std::filesystem::directory_iterator{});
}

/// Runs `work` in a forked child, and returns the child's exit status; -1 if the child was killed.
template <class Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_readme_program) {
  auto [responses, no_responses] = multi_ping({"localhost", "127.0.0.1", "::1"}, 2s, 3);
  BOOST_TEST(responses.size() == 3U);
  for (const auto& r : responses) {
    BOOST_CHECK(r.rtt > 0ns);
    BOOST_CHECK(r.rtt < 2s);
    BOOST_CHECK(r.responder == r.address);
    BOOST_TEST(int{r.reply_ttl} == 64);
    BOOST_TEST(int{r.auth_bits} >= 80);
    BOOST_TEST(r.attempt == 1U);
  }
}

BOOST_AUTO_TEST_CASE(payloads_of_every_size_come_back) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 7U, 8U, 9U, 56U, 1472U, 9000U, 65'507U}) {
    const Options options{.probe = {.payload_size = size, .pattern = {0xca, 0xfe}}};
    const auto batch = multi_ping({"127.0.0.1", "::1"}, 1s, 1, options);
    BOOST_TEST(batch.responses.size() == 2U, size);
    for (const Result& result : batch.responses) BOOST_TEST(!result.payload_altered);
  }
}

BOOST_AUTO_TEST_CASE(the_descriptor_is_readable_when_an_answer_is_there) {
  MultiPing mp{"127.0.0.1"};
  pollfd watched{.fd = mp.native_handle(), .events = POLLIN, .revents = 0};
  BOOST_TEST(::poll(&watched, 1, 0) == 0);
  mp.send();
  BOOST_TEST(::poll(&watched, 1, 1000) == 1);  // readable even if send() has already received the answer
  BOOST_TEST(mp.receive(1s).responses.size() == 1U);
  BOOST_TEST(::poll(&watched, 1, 0) == 0);
}

BOOST_AUTO_TEST_CASE(two_objects_never_take_each_others_answers) {
  MultiPing first{{"127.0.0.1", "127.0.0.2"}};
  MultiPing second{{"127.0.0.1", "127.0.0.2"}};
  first.send();
  second.send();
  BOOST_TEST(first.receive(1s).responses.size() == 2U);
  BOOST_TEST(second.receive(1s).responses.size() == 2U);
  BOOST_TEST(first.counters().duplicates + second.counters().duplicates == 0U);
}

BOOST_AUTO_TEST_CASE(objects_in_many_threads) {
  std::vector<std::jthread> threads;
  std::atomic<std::size_t> answered = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { answered += multi_ping(expand("127.0.0.0/24"), 5s, 2).responses.size(); });
  threads.clear();
  BOOST_TEST(answered == 8U * 254U);
}

BOOST_AUTO_TEST_CASE(an_object_is_used_again) {
  MultiPing mp{{"127.0.0.1", "::1"}};
  for (int i = 0; i < 100; ++i) {
    mp.reset();
    mp.send();
    BOOST_REQUIRE_EQUAL(mp.receive(1s).responses.size(), 2U);
  }
  BOOST_TEST(mp.counters().received == 200U);
}

BOOST_AUTO_TEST_CASE(leaves_no_descriptor_and_no_thread) {
  (void)multi_ping({"localhost", "127.0.0.1"}, 1s);
  const auto descriptors = open_descriptors();
  const auto threads = running_threads();
  for (int i = 0; i < 20; ++i) (void)multi_ping({"localhost", "127.0.0.1", "::1"}, 1s);
  BOOST_TEST(open_descriptors() == descriptors);
  BOOST_TEST(running_threads() == threads);
}

BOOST_AUTO_TEST_CASE(a_subnets_broadcast_address_is_the_kernels_to_refuse) {
  const Result result = ping("127.255.255.255", 100ms);
  BOOST_CHECK(result.outcome == Outcome::send_failed);
  BOOST_CHECK(result.error == std::errc::permission_denied);
}

BOOST_AUTO_TEST_CASE(a_stop_request_from_another_thread) {
  std::stop_source source;
  MultiPing mp{{"127.0.0.1"}, {.max_rate = 0.001, .stop = source.get_token()}};
  mp.send();
  mp.reset();
  std::jthread other{[&] {
    std::this_thread::sleep_for(50ms);
    source.request_stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  mp.send();  // the next probe is due in 1000 s
  const auto took = std::chrono::steady_clock::now() - start;
  BOOST_CHECK(took >= 45ms);
  BOOST_CHECK(took < 5s);
  BOOST_TEST(mp.results()[0].attempt == 0U);
}

BOOST_AUTO_TEST_CASE(a_forked_child_may_only_destroy_it) {
  MultiPing mp{"127.0.0.1"};
  mp.send();
  const auto refuses = [](auto call) {
    try {
      call();
    } catch (const std::logic_error&) {
      return true;
    }
    return false;
  };
  BOOST_TEST(in_child([&] {
               const bool all =
                   refuses([&] { mp.send(); }) && refuses([&] { mp.receive(0s); }) && refuses([&] { mp.reset(); });
               { const MultiPing gone = std::move(mp); }
               return all ? 0 : 1;
             }) == 0);
  BOOST_TEST(mp.receive(1s).responses.size() == 1U);
}

BOOST_AUTO_TEST_CASE(text_that_is_no_host_costs_the_others_nothing) {
  const auto batch = multi_ping({"127.0.0.1", "1.2.3.4 junk", ""}, 1s, 0, {.ignore_lookup_errors = true});
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_TEST(batch.no_responses.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
