// Tests the library's client of the icmp4em protocol together with the daemon's server: errors and refusals, which the
// original protocol does not have.
#include <boost/test/unit_test.hpp>

#include "apps/multipingd/icmp4em/icmp4em_peers.hpp"
#include "multiping/multiping.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(proxy_daemon_test, *precondition(needs_root))

Options over(const RunningServer& server) {
  Options options;
  const std::string at = server.at().to_string();
  const std::string host = server.at().family() == Family::ipv6 ? "[" + at + "]" : at;
  options.transport =
      open_transport({.kinds = {TransportKind::proxy}, .proxy = host + ":" + std::to_string(server.port())});
  return options;
}

BOOST_AUTO_TEST_CASE(hosts_of_both_families_answer_over_both_families) {
  in_namespace([] {
    allow_ping_sockets();
    for (const char* at : {"127.0.0.1", "::1"}) {
      RunningServer server{address(at)};
      std::vector<Address> targets = loopback_hosts(1'000);
      targets.push_back(address("::1"));
      const Batch batch = multi_ping(targets, 20s, 1, over(server));
      BOOST_TEST(batch.responses.size() == 1'001U);
    }
  });
}

BOOST_AUTO_TEST_CASE(icmp_errors_come_through) {
  in_namespace([] {
    allow_ping_sockets();
    make_router();
    run("nsenter --net=/run/netns/router ip route add unreachable 10.9.0.0/16");
    run("nsenter --net=/run/netns/router ip -6 route add unreachable fd09::/64");
    RunningServer server{address("127.0.0.1")};
    const Batch batch = multi_ping({"10.9.0.1", "fd09::1"}, 2s, 0, over(server));
    BOOST_TEST(count(batch.no_responses, Outcome::unreachable) == 2U);
    for (const Result& result : batch.no_responses) {
      BOOST_REQUIRE(result.icmp);
      const bool v4 = result.address.family() == Family::ipv4;
      BOOST_TEST(unsigned{result.icmp->type} == (v4 ? 3U : 1U));
      BOOST_TEST(!result.responder);
    }
  });
}

BOOST_AUTO_TEST_CASE(who_asks_too_much_is_told) {
  in_namespace([] {
    allow_ping_sockets();
    Icmp4emPolicy policy;
    policy.limits.requests_of_client = {.per_second = 1, .burst = 10};
    RunningServer server{address("127.0.0.1"), policy};
    const Batch batch = multi_ping(loopback_hosts(20), 5s, 0, over(server));
    BOOST_TEST(batch.responses.size() >= 10U);
    BOOST_TEST(batch.responses.size() < 20U);
    for (const Result& result : batch.no_responses) {
      BOOST_CHECK(result.outcome == Outcome::send_failed);
      BOOST_CHECK(result.error == error_of(EAGAIN));
    }
  });
}

// The client's pace is within the daemon's default limits, so that a large batch loses no host.
BOOST_AUTO_TEST_CASE(a_large_batch_keeps_to_what_the_daemon_takes) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const std::size_t many = sanitized ? 2'000 : 10'000;
    const Stopwatch watch;
    const Batch batch = multi_ping(loopback_hosts(many), 45s, 2, over(server));
    BOOST_TEST(batch.responses.size() == many);
    BOOST_TEST_MESSAGE(many << " hosts in " << to_milliseconds(watch.elapsed()) << " ms");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
