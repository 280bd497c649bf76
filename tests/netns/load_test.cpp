// Many hosts at once: none may be called down that answers, whatever the size of the receive buffer.
// Limits of time and memory are loose; a broken design misses them tenfold.
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(load_test, *precondition(needs_root))

constexpr std::size_t default_receive_buffer = 212'992;  // bytes, as the kernel counts them: twice what is asked for

long peak_kilobytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

BOOST_AUTO_TEST_CASE(every_one_of_65000_live_hosts_is_alive) {
  in_namespace([] {
    const long before = peak_kilobytes();
    const Batch batch = multi_ping(loopback_hosts(65'000), 40s);
    BOOST_TEST(batch.responses.size() == 65'000U);
    BOOST_TEST(batch.no_responses.size() == 0U);
    if (!sanitized) BOOST_TEST(peak_kilobytes() - before < 64 * 1024);
  });
}

BOOST_AUTO_TEST_CASE(a_small_receive_buffer_loses_nothing) {
  in_namespace([] {
    allow_ping_sockets();
    become_nobody();
    Options options;
    options.transport = open_transport(
        {.kinds = {kind_here(TransportKind::ping_socket)}, .receive_buffer = default_receive_buffer / 2});
    const Stopwatch watch;
    MultiPing batch{loopback_hosts(10'000), options};
    batch.send();
    const Batch answers = batch.receive(40s);
    BOOST_TEST(answers.responses.size() == 10'000U);
    BOOST_TEST((watch.elapsed() < 20s));
    BOOST_TEST(batch.counters().received == 10'000U);
  });
}

BOOST_AUTO_TEST_CASE(a_tiny_receive_buffer_loses_nothing) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      Options options;
      options.threads = 1;
      options.transport = open_transport({.kinds = {kind_here(kind)}, .receive_buffer = 2304});
      const Batch batch = multi_ping(loopback_hosts(1000), 20s, 1, options);
      BOOST_TEST(batch.no_responses.size() == 0U);
    });
  }
}

BOOST_AUTO_TEST_CASE(dead_neighbours_do_not_hurt_the_living) {
  in_namespace([] {
    make_peer();
    for (const std::string& host : hosts("10.1.2.", 1, 10))
      run("nsenter --net=/run/netns/peer ip addr add " + host + "/16 dev vb");
    std::vector<std::string> targets = hosts("10.1.2.", 1, 10);
    for (const std::string& dead : hosts("10.1.5.", 1, 150)) targets.push_back(dead);
    for (const std::string& dead : hosts("10.1.6.", 1, 150)) targets.push_back(dead);
    const Batch batch = multi_ping(targets, 6s);
    BOOST_TEST(batch.responses.size() == 10U);
    BOOST_TEST(batch.no_responses.size() == 300U);
    const std::size_t silent = count(batch.no_responses, Outcome::no_reply);
    BOOST_TEST(silent + count(batch.no_responses, Outcome::unreachable) == 300U);
  });
}

BOOST_AUTO_TEST_CASE(a_dead_neighbour_is_unreachable_with_either_socket) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      const Result result = ping("10.1.5.1", 8s, options_for(kind));
      BOOST_TEST(result.outcome == Outcome::unreachable);
      BOOST_REQUIRE(result.icmp != nullptr);
      BOOST_TEST(unsigned{result.icmp->type} == 3U);
      BOOST_TEST(unsigned{result.icmp->code} == 1U);
      BOOST_TEST(result.responder.to_string() == "10.1.0.1");
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
