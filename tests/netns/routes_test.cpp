// Tests routes, firewalls and queues of this host and of a router that affect single targets.
// Each of these targets has its own error; the live hosts in the same batch answer.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(routes_test, *precondition(needs_root))

std::map<std::string, Result> by_host(std::span<const Result> results) {
  std::map<std::string, Result> map;
  for (const Result& result : results) map.emplace(result.host, result);
  return map;
}

void check_refused(const Result& result, int error) {
  BOOST_TEST_CONTEXT(result) {
    BOOST_TEST(result.outcome == Outcome::send_failed);
    BOOST_TEST(result.error == error_of(error));
  }
}

void check_unreachable(const Result& result, const char* responder, unsigned type, unsigned code) {
  BOOST_TEST_CONTEXT(result) {
    BOOST_TEST(result.outcome == Outcome::unreachable);
    BOOST_TEST(result.responder.to_string() == responder);
    BOOST_REQUIRE(result.icmp != nullptr);
    BOOST_TEST(unsigned{result.icmp->type} == type);
    BOOST_TEST(unsigned{result.icmp->code} == code);
  }
}

BOOST_AUTO_TEST_CASE(local_routes_refuse_their_own_targets_only) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      run("ip route add blackhole 10.66.1.0/24 && ip route add unreachable 10.66.2.0/24");
      run("ip route add prohibit 10.66.3.0/24");
      run("ip -6 route add blackhole fd66:1::/32 && ip -6 route add unreachable fd66:2::/32");
      run("ip -6 route add prohibit fd66:3::/32");
      MultiPing batch{{"10.66.1.1", "127.0.0.1", "10.66.2.1", "10.66.3.1", "10.66.4.1", "127.0.0.2", "fd66:1::1", "::1",
                       "fd66:2::1", "fd66:3::1", "fd67::1"},
                      options_for(kind)};
      batch.send();
      static_cast<void>(batch.receive(1s));
      const auto results = by_host(batch.results());
      for (const char* alive : {"127.0.0.1", "127.0.0.2", "::1"}) BOOST_TEST(results.at(alive).answered());
      check_refused(results.at("10.66.1.1"), EINVAL);
      check_refused(results.at("10.66.2.1"), EHOSTUNREACH);
      check_refused(results.at("10.66.3.1"), EACCES);
      check_refused(results.at("10.66.4.1"), ENETUNREACH);
      check_refused(results.at("fd66:1::1"), EINVAL);
      check_refused(results.at("fd66:2::1"), EHOSTUNREACH);
      check_refused(results.at("fd66:3::1"), EACCES);
      check_refused(results.at("fd67::1"), ENETUNREACH);
      BOOST_TEST(batch.counters().send_errors == 8U);
      BOOST_TEST(batch.counters().sent == 3U);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_router_says_why) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      run("nsenter --net=/run/netns/router ip route add unreachable 10.3.1.0/24 && nsenter --net=/run/netns/router ip "
          "route add prohibit 10.3.2.0/24");
      run("nsenter --net=/run/netns/router ip route add blackhole 10.3.3.0/24");
      run("nsenter --net=/run/netns/router ip -6 route add unreachable fd03:1::/32 && nsenter --net=/run/netns/router "
          "ip -6 route add prohibit fd03:2::/32");
      const Batch batch = multi_ping(
          {"10.3.0.1", "10.3.1.1", "10.3.2.1", "10.3.3.1", "10.2.0.2", "fd02::2", "fd03:1::1", "fd03:2::1", "fd04::1"},
          2s, 0, options_for(kind));
      const auto alive = by_host(batch.responses), others = by_host(batch.no_responses);
      BOOST_TEST(alive.size() == 2U);
      BOOST_TEST((alive.contains("10.2.0.2") && alive.contains("fd02::2")));
      check_unreachable(others.at("10.3.0.1"), "10.1.0.2", 3, 0);
      check_unreachable(others.at("10.3.1.1"), "10.1.0.2", 3, 1);
      check_unreachable(others.at("10.3.2.1"), "10.1.0.2", 3, 13);
      BOOST_TEST(others.at("10.3.3.1").outcome == Outcome::no_reply);
      check_unreachable(others.at("fd03:1::1"), "fd01::2", 1, 0);  // the code that Linux sends
      check_unreachable(others.at("fd03:2::1"), "fd01::2", 1, 1);
      check_unreachable(others.at("fd04::1"), "fd01::2", 1, 0);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_router_tells_where_the_ttl_ended) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      const Batch batch = multi_ping({{"10.2.0.2", {.ttl = 1}}, {"10.2.0.2", {.ttl = 2}}, {"fd02::2", {.ttl = 1}}}, 2s,
                                     0, options_for(kind));
      BOOST_REQUIRE(batch.responses.size() == 1U);
      BOOST_TEST(unsigned{batch.responses[0].reply_ttl} == 63U);
      BOOST_REQUIRE(batch.no_responses.size() == 2U);
      BOOST_TEST(batch.no_responses[0].outcome == Outcome::ttl_expired);
      BOOST_TEST(batch.no_responses[0].responder.to_string() == "10.1.0.2");
      BOOST_TEST(batch.no_responses[1].outcome == Outcome::ttl_expired);
      BOOST_TEST(batch.no_responses[1].responder.to_string() == "fd01::2");
    });
  }
}

BOOST_AUTO_TEST_CASE(a_firewall_refuses_its_own_targets_only, *precondition(needs_to_work("nft add table inet t"))) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      run("nft add table ip t && nft 'add chain ip t out { type filter hook output priority 0; }'");
      run("nft add rule ip t out ip daddr 127.5.0.0/16 drop");
      std::vector<std::string> targets = hosts("127.5.0.", 1, 100);
      for (const std::string& alive : hosts("127.6.0.", 1, 100)) targets.push_back(alive);
      MultiPing batch{targets, options_for(kind)};
      const Duration before = processor_time();
      batch.send();
      const Batch answers = batch.receive(10s);
      BOOST_TEST((processor_time() - before < (sanitized ? 5s : 500ms)));
      BOOST_TEST(answers.responses.size() == 100U);
      BOOST_REQUIRE(answers.no_responses.size() == 100U);
      for (const Result& result : answers.no_responses) check_refused(result, EPERM);
      BOOST_TEST(batch.counters().send_errors == 100U);
      BOOST_TEST(batch.counters().sent == 100U);
    });
  }
}

// Attaches a classic BPF program of one instruction, "return TC_ACT_SHOT", to the egress of the device.
void drop_all_egress(const std::string& device) {
  run("tc qdisc add dev " + device + " clsact");
  run("tc filter add dev " + device + " egress bpf direct-action bytecode '1,6 0 0 2,'");
}

BOOST_AUTO_TEST_CASE(
    a_queue_that_never_empties_is_waited_for_without_spinning,
    *precondition(needs_to_work(
        "tc qdisc add dev lo clsact && tc filter add dev lo egress bpf direct-action bytecode '1,6 0 0 2,'"))) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      run("ip neigh replace 10.1.0.2 lladdr 02:00:00:00:00:01 dev va nud permanent");
      run("ip route add 10.40.0.0/16 via 10.1.0.2");
      drop_all_egress("va");
      std::vector<std::string> targets = hosts("10.40.0.", 1, 50);
      targets.push_back("127.0.0.1");
      const Options options = options_for(kind);
      const Stopwatch watch;
      const Duration before = processor_time();
      const Batch batch = multi_ping(targets, 3s, 0, options);
      const Duration used = processor_time() - before, elapsed = watch.elapsed();
      BOOST_TEST(batch.responses.size() == 1U);
      BOOST_REQUIRE(batch.no_responses.size() == 50U);
      for (const Result& result : batch.no_responses) check_refused(result, ENOBUFS);
      BOOST_TEST((elapsed < 15s));
      if (!sanitized) BOOST_TEST((used < 1s));
    });
  }
}

/// Gives the link after the router a smaller MTU.
void narrow_far_link() {
  run("nsenter --net=/run/netns/router ip link set rb mtu 1300 && nsenter --net=/run/netns/far ip link set vb mtu "
      "1300");
}

BOOST_AUTO_TEST_CASE(a_packet_too_big_is_reported_and_then_refused_here) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      narrow_far_link();
      Options options = options_for(kind);
      options.probe.payload_size = 1372;
      options.probe.dont_fragment = true;
      MultiPing batch{{"10.2.0.2", "fd02::2"}, options};
      batch.send();
      static_cast<void>(batch.receive(2s));
      check_unreachable(batch.results()[0], "10.1.0.2", 3, 4);
      check_unreachable(batch.results()[1], "fd01::2", 2, 0);
      for (const Result& result : batch.results()) BOOST_TEST((result.icmp && result.icmp->mtu == 1300U));
      batch.reset();
      batch.send();
      static_cast<void>(batch.receive(2s));
      for (const Result& result : batch.results()) check_refused(result, EMSGSIZE);
      // A probe that may be fragmented arrives.
      options.probe.dont_fragment = false;
      BOOST_TEST(multi_ping({"10.2.0.2", "fd02::2"}, 5s, 4, options).no_responses.empty());
    });
  }
}

BOOST_AUTO_TEST_CASE(a_router_that_limits_its_errors_is_silence) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_router();
      run("nsenter --net=/run/netns/router sysctl -q -w net.ipv4.icmp_ratemask=6168");  // the kernel's default
      Options options = options_for(kind);
      options.probe.ttl = 1;
      const std::vector<std::string> targets = hosts("10.2.0.", 10, 69);
      MultiPing batch{targets, options};
      batch.send();
      static_cast<void>(batch.receive(500ms));
      const std::size_t heard = count(batch.results(), Outcome::ttl_expired);
      BOOST_TEST(heard > 0U);
      BOOST_TEST(heard < targets.size());
      BOOST_TEST(heard + count(batch.results(), Outcome::no_reply) == targets.size());
      lift_error_limits("router");
      batch.send();
      static_cast<void>(batch.receive(5s));
      BOOST_TEST(count(batch.results(), Outcome::ttl_expired) == targets.size());
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
