// Tests large batches under bad conditions: tiny buffers, slow queues, few descriptors, one core, a stopped process, a
// busy neighbour, hosts that are down. None of these may make a live host look dead.
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(conditions_test, *precondition(needs_root))

constexpr std::size_t many = sanitized ? 5'000 : 50'000;

/// The first `count` hosts of 10.50.0.0/16, which are behind the peer and need no neighbour entries of their own.
std::vector<Address> far_hosts(std::size_t count) {
  auto block = expand("10.50.0.0/16");
  block.resize(count);
  return block;
}
/// The first `count` hosts of fd50::1:0/112, likewise.
std::vector<Address> far_hosts_v6(std::size_t count) {
  auto block = expand("fd50::1:0/112");
  block.resize(count);
  return block;
}
void make_far_hosts() {
  make_peer();
  run("ip route add fd50::/64 via fd01::2 && nsenter --net=/run/netns/peer ip route add local fd50::/64 dev vb");
  run("ip route add 10.50.0.0/16 via 10.1.0.2 && nsenter --net=/run/netns/peer ip route add local 10.50.0.0/16 dev vb");
}

/// `count` hosts whose probes expire at the peer, and 254 hosts that answer.
TargetList mortal_hosts(std::size_t count) {
  std::vector<Target> targets;
  for (const Address& host : expand("10.60.0.0/16")) {
    if (targets.size() == count) break;
    targets.emplace_back(host.to_string(), ProbeOptions{.ttl = 1});
  }
  for (const Address& host : far_hosts(254)) targets.emplace_back(host);
  return targets;
}

Options with_buffer(TransportKind kind, std::size_t bytes) {
  Options options;
  options.transport = open_transport({.kinds = {kind_here(kind)}, .receive_buffer = bytes});
  return options;
}

/// Late errors may still come, and dropped probes are repeated. True when the batch then has nothing more to do.
bool falls_silent(MultiPing& batch) {
  pollfd watched{.fd = batch.native_handle(), .events = POLLIN, .revents = 0};
  for (const Stopwatch watch; watch.elapsed() < 10s; batch.receive(0s))
    if (::poll(&watched, 1, 20) == 0) return true;
  return false;
}

BOOST_AUTO_TEST_CASE(the_smallest_receive_buffer) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const auto batch = multi_ping(loopback_hosts(many), 30s, 0, with_buffer(kind, 1));
      BOOST_TEST(batch.responses.size() == many);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_slow_path_that_queues,
                     *precondition(needs_to_work("tc qdisc add dev lo root tbf rate 8mbit burst 1540 latency 1s"))) {
  in_namespace([] {
    make_far_hosts();
    // The queue sends about 25,000 probes a second and holds those of a fifth of a second.
    run("tc qdisc add dev va root tbf rate 20mbit burst 20kb limit 500kb");
    const std::size_t count = sanitized ? 2'000 : 20'000;
    const Stopwatch watch;
    const auto batch = multi_ping(far_hosts(count), 30s, 0, with_buffer(TransportKind::raw, 106'496));
    BOOST_TEST(batch.responses.size() == count);
    // The queue alone needs 0.8 s. A rate of buffer / RTT would be 640 probes a second, which takes half a minute.
    BOOST_CHECK(watch.elapsed() < 20s);
  });
}

BOOST_AUTO_TEST_CASE(few_descriptors) {
  in_namespace([] {
    const rlimit limit{.rlim_cur = 16, .rlim_max = 16};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    Options options;
    options.threads = 64;
    const auto batch = multi_ping(loopback_hosts(many), 30s, 0, options);
    BOOST_TEST(batch.responses.size() == many);
  });
}

BOOST_AUTO_TEST_CASE(one_core) {
  in_namespace([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    ::sched_setaffinity(0, sizeof one, &one);
    const auto batch = multi_ping(loopback_hosts(many), 30s);
    BOOST_TEST(batch.responses.size() == many);
  });
}

BOOST_AUTO_TEST_CASE(errors_of_the_dead_cost_the_living_nothing) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_far_hosts();
      run("nsenter --net=/run/netns/peer sysctl -q -w net.ipv4.ip_forward=1");
      lift_error_limits("peer");
      run("ip route add 10.60.0.0/16 via 10.1.0.2 && nsenter --net=/run/netns/peer ip route add 10.60.0.0/16 dev vb");
      TargetList targets = mortal_hosts(1022);
      MultiPing batch{targets, with_buffer(kind, 106'496)};
      const auto processor_before = processor_time();
      for (int round = 0; round < 12; ++round) {
        batch.reset();
        batch.send();
        batch.receive(300ms);
        const Stopwatch watch;
        while (count(batch.results(), Outcome::reply) < 254 && watch.elapsed() < 10s) batch.receive(100ms);
        BOOST_TEST(count(batch.results(), Outcome::reply) == 254U);
        BOOST_TEST(falls_silent(batch));
      }
      if (!sanitized) BOOST_CHECK(processor_time() - processor_before < 2s);
      BOOST_TEST(count(batch.results(), Outcome::ttl_expired) > 0U);
    });
  }
}

BOOST_AUTO_TEST_CASE(dead_neighbours_do_not_keep_it_busy) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      lift_error_limits();
      MultiPing batch{hosts("10.1.9.", 1, 39), with_buffer(kind, 0)};
      batch.send();
      const auto processor_before = processor_time();
      const Stopwatch watch;
      batch.receive(4s);
      while (count(batch.results(), Outcome::unreachable) < 39 && watch.elapsed() < 20s) batch.receive(100ms);
      BOOST_CHECK(processor_time() - processor_before < 1s);
      BOOST_TEST(falls_silent(batch));
      BOOST_TEST(count(batch.results(), Outcome::unreachable) == 39U);
    });
  }
}

BOOST_AUTO_TEST_CASE(what_was_dropped_here_is_found_by_short_calls_too,
                     *precondition(needs_to_work("tc qdisc add dev lo root tbf rate 8mbit burst 1540 latency 1s"))) {
  for (const bool by_poll : {false, true}) {
    in_namespace([by_poll] {
      make_far_hosts();
      run("tc qdisc add dev va root tbf rate 20mbit burst 20kb limit 500kb");
      const auto targets = by_poll ? far_hosts(2000) : far_hosts_v6(2000);
      MultiPing batch{targets, with_buffer(TransportKind::raw, 53'248)};
      pollfd watched{.fd = batch.native_handle(), .events = POLLIN, .revents = 0};
      batch.send();
      run("sleep 0.3");  // nothing is read, and the buffer overflows
      const Stopwatch watch;
      while (batch.unanswered() > 0 && watch.elapsed() < 30s) {
        if (by_poll && ::poll(&watched, 1, 1000) == 0) continue;
        batch.receive(by_poll ? 0ms : 10ms);
      }
      BOOST_TEST(batch.unanswered() == 0U);
    });
  }
}

// Any host can send such packets, and the kernel counts them together with packets that it had no room for.
BOOST_AUTO_TEST_CASE(damaged_packets_are_no_loss_of_this_host, *label("own_sockets")) {
  in_namespace([] {
    const EchoReply damaged{.edits = {{.kind = Edit::Kind::spoil_checksum}}};
    const PortRule open{.protocol = Protocol::udp, .port = 7, .accepts = {{}}};
    const PortRule broken{.protocol = Protocol::udp, .port = 9, .accepts = {damaged}};
    Scenario scenario{.name = "damaged"};
    scenario.hosts = {{.block = "fd20::/112", .ports = {open, broken}},
                      {.block = "10.20.0.0/16", .ports = {open, broken}},
                      {.block = "fd20:1::/112", .replies = {damaged}}};
    const TunDevice device{scenario};
    const ProbeOptions udp{.protocol = Protocol::udp, .port = 7},
        broken_udp{.protocol = Protocol::udp, .port = 9, .payload_size = 200};
    std::vector<Target> targets{{"fd20:1::1"}, {"fd20::1", broken_udp}, {"10.20.0.1", broken_udp}, {"fd20:2::1"}};
    for (int i = 1; i <= 50; ++i) {
      targets.push_back({"fd20::" + std::to_string(i)});
      targets.push_back({"fd20::" + std::to_string(i), udp});
      targets.push_back({"10.20.0." + std::to_string(i), udp});
    }
    MultiPing batch{targets, options_for(TransportKind::raw)};
    batch.send();
    const Batch found = batch.receive(1s);
    BOOST_TEST(found.responses.size() == 150U);
    BOOST_TEST(count(found.no_responses, Outcome::no_reply) == 4U);
    BOOST_TEST(batch.counters().sent == targets.size());  // nothing is repeated
    BOOST_TEST(batch.counters().receive_drops == 0U);
    BOOST_TEST(batch.counters().bad_checksum == 3U);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_in_the_middle) {
  in_namespace([] {
    make_far_hosts();
    Child pinging{[] {
      const auto batch = multi_ping(far_hosts(many), 30s, 0, with_buffer(TransportKind::raw, 106'496));
      BOOST_TEST(batch.responses.size() == many);
    }};
    for (int i = 0; i < 3; ++i) {
      run("sleep 0.05");
      pinging.signal(SIGSTOP);
      run("sleep 0.4");
      pinging.signal(SIGCONT);
    }
    BOOST_TEST(pinging.join());
  });
}

BOOST_AUTO_TEST_CASE(another_process_pings_the_same_at_full_rate) {
  in_namespace([] {
    Child other{[] {
      for (int i = 0; i < 3; ++i) (void)multi_ping(loopback_hosts(many), 30s);
    }};
    for (int i = 0; i < 2; ++i) {
      MultiPing batch{loopback_hosts(many)};
      batch.send();
      BOOST_TEST(batch.receive(20s).responses.size() == many);
      BOOST_TEST(batch.counters().unauthenticated == 0U);
    }
    BOOST_TEST(other.join());
  });
}

BOOST_AUTO_TEST_CASE(a_million_hosts_of_which_none_answers, *label("long")) {
  in_namespace(
      [] {
        make_peer();
        run("ip route add 10.64.0.0/12 via 10.1.0.2 && nsenter --net=/run/netns/peer ip route add blackhole "
            "10.64.0.0/12");
        auto targets = expand("10.64.0.0/12");
        targets.resize(sanitized ? 20'000 : 1'000'000);
        const std::size_t count = targets.size();
        const Stopwatch watch;
        const auto batch = multi_ping(TargetList{std::exchange(targets, {})}, 12s);
        BOOST_TEST(batch.responses.empty());
        BOOST_TEST(batch.no_responses.size() == count);
        BOOST_CHECK(watch.elapsed() < 80s);
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        if (!sanitized) BOOST_TEST(usage.ru_maxrss < 400 * 1024);
      },
      120s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
