// Tests many hosts at once: no host that answers may be called dead, whatever the size of the receive buffer.
// The limits of time and memory are loose; a broken design exceeds them ten times.
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(load_test, *precondition(needs_root))

constexpr std::size_t default_receive_buffer = 212'992;  // in bytes as the kernel counts: twice the size asked for

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

// This host itself sends the error, from an address that is not that of the device.
BOOST_AUTO_TEST_CASE(a_dead_neighbour_is_unreachable_through_a_device_too, *label("own_sockets")) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      lift_error_limits();
      const ProbeOptions udp{.protocol = Protocol::udp}, tcp{.protocol = Protocol::tcp},
          half_open{.protocol = Protocol::tcp, .half_open = true}, sctp{.protocol = Protocol::sctp};
      std::vector<ProbeOptions> probes{{}, udp, tcp};
      if (kind == TransportKind::raw) probes.insert(probes.end(), {half_open, sctp});
      std::vector<Target> targets;
      for (ProbeOptions& probe : probes) {
        probe.device = "va";
        targets.push_back({"10.1.5.1", probe});
        const bool connects = probe.protocol == Protocol::tcp && !probe.half_open;
        if (!connects) targets.push_back({"fd01::5:1", probe});  // see ProbeOptions::device
      }
      Options options = options_for(kind);
      options.fail_fast = true;
      const Batch batch = multi_ping(targets, 15s, 0, options);
      BOOST_TEST(count(batch.no_responses, Outcome::unreachable) == targets.size());
      for (const Result& result : batch.no_responses) BOOST_TEST(!result.error, result);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_living_answer_through_a_device, *label("own_sockets")) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      lift_error_limits("peer");
      std::vector<ProbeOptions> probes{
          {}, {.protocol = Protocol::udp}, {.protocol = Protocol::udp, .source_port = 5353}};
      probes.push_back({.protocol = Protocol::tcp});
      probes.push_back({.protocol = Protocol::udp, .source_v4 = Address::v4({10, 1, 0, 1})});
      if (kind == TransportKind::raw) probes.push_back({.protocol = Protocol::tcp, .half_open = true});
      std::vector<Target> targets;
      for (ProbeOptions& probe : probes) {
        probe.device = "va";
        targets.push_back({"10.1.0.2", probe});
        targets.push_back({"fd01::2", probe});
      }
      const Batch batch = multi_ping(targets, 15s, 2, options_for(kind));
      BOOST_TEST(batch.responses.size() == targets.size());
      for (const Result& result : batch.no_responses) BOOST_ERROR(result);
    });
  }
}

// Each of these sockets receives the answers to the probes of all sockets.
BOOST_AUTO_TEST_CASE(answers_that_several_raw_sockets_hear_count_once, *label("own_sockets")) {
  in_namespace([] {
    Scenario scenario{.name = "handshakes"};
    const PortRule sctp_port{.protocol = Protocol::sctp, .accepts = {{}}},
        tcp_port{.protocol = Protocol::tcp, .accepts = {{}}};
    scenario.hosts = {{.block = "10.20.0.0/16", .ports = {sctp_port, tcp_port}},
                      {.block = "fd20::/16", .ports = {sctp_port, tcp_port}}};
    const TunDevice device{scenario};
    std::vector<Target> targets;
    for (ProbeOptions probe : {ProbeOptions{.protocol = Protocol::sctp},
                               ProbeOptions{.protocol = Protocol::tcp, .source_port = 5353, .half_open = true}}) {
      for (const std::string host : {"10.20.0.1", "fd20::1"}) {
        targets.push_back({host, probe});
        probe.dont_fragment = true;
        targets.push_back({host, probe});
        probe.device = "sim0";
        targets.push_back({host, probe});
        probe.device.clear();
        probe.dont_fragment = false;
      }
    }
    MultiPing batch{targets, options_for(TransportKind::raw)};
    for (std::uint64_t round = 1; round <= 3; ++round) {
      batch.send();
      BOOST_TEST(batch.receive(10s).no_responses.empty());
      batch.reset();
      BOOST_TEST(batch.counters().received == round * targets.size());
    }
    BOOST_TEST(batch.counters().duplicates + batch.counters().late + batch.counters().unauthenticated == 0U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
