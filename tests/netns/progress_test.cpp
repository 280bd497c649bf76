// Tests that results are told on the caller's thread while a batch of real sockets runs.
// The order of what is told is tested in virtual time (tests/sim).
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(progress_netns, *precondition(needs_root))

BOOST_AUTO_TEST_CASE(results_are_told_on_the_callers_thread) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const auto hosts = loopback_hosts(10'000);
      const auto caller = std::this_thread::get_id();
      std::vector<int> told(hosts.size());
      std::size_t elsewhere = 0;
      const Batch batch = multi_ping(hosts, 20s, 1, options_for(kind), [&](const Result& result) {
        ++told[result.position];
        if (std::this_thread::get_id() != caller) ++elsewhere;
        return true;
      });
      BOOST_TEST(batch.responses.size() == hosts.size());
      BOOST_TEST(std::ranges::all_of(told, [](int times) { return times == 1; }));
      BOOST_TEST(elsewhere == 0U);
    });
  }
}

BOOST_AUTO_TEST_CASE(false_ends_the_call_at_once) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("nsenter --net=/run/netns/peer sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
    const Stopwatch watch;
    const Batch batch = multi_ping({"10.1.0.2", "127.0.0.1"}, 60s, 0, {}, [](const Result&) { return false; });
    BOOST_TEST((watch.elapsed() < 10s));
    BOOST_TEST(batch.responses.size() == 1U);
    BOOST_TEST(batch.no_responses.at(0).outcome == Outcome::pending);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
