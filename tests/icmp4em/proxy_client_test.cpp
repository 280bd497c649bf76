// Tests batches, single probes and series of a user without permissions, over a proxy that behaves as the original.
// Also tests proxies that lie, that are killed, and that are absent.
#include <poll.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <thread>

#include "icmp4em/test_proxy.hpp"
#include "multiping/multiping.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(proxy_client_test, *precondition(needs_root))

constexpr std::size_t many = sanitized ? 2'000 : 10'000;

/// Runs `body` as a user without any permission, while a proxy runs.
void beside_proxy(const std::function<void(TestProxy& proxy)>& body, const ProxyBehaviour& behaviour = {}) {
  in_namespace([&] {
    allow_ping_sockets();
    run("ip route add local 10.50.0.0/16 dev lo && ip route add local fd50::/64 dev lo");
    TestProxy proxy{behaviour};
    allow_ping_sockets(false);
    become_nobody();
    body(proxy);
  });
}

Options over_proxy() { return options_for(TransportKind::proxy); }

const Address localhost = Address::v4({127, 0, 0, 1});

/// `count` addresses, half of them IPv6.
std::vector<Address> both_families(std::size_t count) {
  std::vector<Address> hosts = loopback_hosts(count / 2);
  const auto v6 = expand("fd50::/112");
  hosts.insert(hosts.end(), v6.begin(), v6.begin() + static_cast<std::ptrdiff_t>(count - hosts.size()));
  return hosts;
}

BOOST_AUTO_TEST_CASE(a_user_without_permission_pings_hosts_of_both_families) {
  beside_proxy([](TestProxy&) {
    const Options options = over_proxy();
    const Capabilities can = capabilities(*options.transport);
    BOOST_CHECK(can.kind == TransportKind::proxy);
    BOOST_TEST((can.ipv4 && can.ipv6 && can.icmp && can.udp && can.tcp && !can.sctp && !can.mark));
    const auto hosts = both_families(1'000);
    const Batch batch = multi_ping(hosts, 20s, 3, options);
    BOOST_TEST(batch.responses.size() == hosts.size());
    for (const Result& result : batch.responses) {
      BOOST_REQUIRE(result.responder == result.address);
      BOOST_REQUIRE(!result.payload_altered);
      BOOST_REQUIRE(unsigned{result.auth_bits} == 80U);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_large_batch_loses_nothing) {
  beside_proxy([](TestProxy&) {
    const Stopwatch watch;
    // Retries are for a busy machine, where the proxy may run too late and its buffer overflow.
    const Batch batch = multi_ping(loopback_hosts(many), 45s, 2, over_proxy());
    BOOST_TEST(batch.responses.size() == many);
    BOOST_TEST_MESSAGE(many << " hosts in " << to_milliseconds(watch.elapsed()) << " ms");
  });
}

BOOST_AUTO_TEST_CASE(payloads_of_every_end_come_back) {
  beside_proxy([](TestProxy&) {
    std::vector<Target> targets;
    for (const std::size_t size : {0U, 1U, 2U, 8U, 9U, 1'000U, 9'000U, 65'000U})
      for (const char filling : {'\0', ' ', 'A'})
        targets.emplace_back("127.0.0.1",
                             ProbeOptions{.payload_size = size, .pattern = {static_cast<std::uint8_t>(filling)}});
    const Batch batch = multi_ping(targets, 20s, 3, over_proxy());
    BOOST_TEST(batch.responses.size() == targets.size());
    for (const Result& result : batch.responses) BOOST_TEST(!result.payload_altered);
  });
}

BOOST_AUTO_TEST_CASE(single_probes) {
  beside_proxy([](TestProxy&) {
    const Options options = over_proxy();
    BOOST_TEST(ping("127.0.0.1", 5s, options).answered());
    BOOST_TEST(ping("::1", 5s, options).answered());
    Prober prober{options};
    for (int i = 0; i < 100; ++i) static_cast<void>(prober.submit(localhost, ProbeOptions{}, 5s));
    std::size_t answered = 0;
    while (prober.in_flight() > 0)
      for (const auto& [token, result] : prober.poll(10s)) answered += result.answered() ? 1U : 0U;
    BOOST_TEST(answered == 100U);
  });
}

BOOST_AUTO_TEST_CASE(series_of_both_kinds) {
  beside_proxy([](TestProxy&) {
    const SeriesOptions options{.count = 5, .interval = 5ms, .timeout = 10s, .ping = over_proxy()};
    const std::vector<std::string> hosts{"127.0.0.1", "::1", "127.0.0.2"};
    for (const Series& series : ping_series(hosts, options)) {
      BOOST_TEST(series.statistics.sent() == 5U);
      BOOST_TEST(series.statistics.received() == 5U);
    }
    std::size_t rounds = 0;
    for (const auto& round : PingSeries{hosts, options}) {
      ++rounds;
      BOOST_TEST(count(round.results, Outcome::reply) == hosts.size());
    }
    BOOST_TEST(rounds == 5U);
  });
}

BOOST_AUTO_TEST_CASE(two_objects_with_the_same_targets) {
  beside_proxy([](TestProxy&) {
    const auto hosts = both_families(200);
    const Options options = over_proxy();
    MultiPing one{hosts, options}, two{hosts, options};
    for (int round = 0; round < 4 && one.unanswered() + two.unanswered() > 0; ++round)
      for (MultiPing* each : {&one, &two, &one, &two}) {
        each->send();
        each->receive(500ms);
      }
    for (MultiPing* each : {&one, &two}) BOOST_TEST(each->unanswered() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_proxy_that_lies_finds_no_belief) {
  const std::function<void(Bytes&)> lies[] = {
      [](Bytes& reply) { reply[9] ^= 1; },  // the checksum is wrong too
      [](Bytes& reply) { reply.resize(std::min<std::size_t>(reply.size(), 7)); },
      [](Bytes& reply) { reply = hex("0000 ffff 0000 0000"); }, [](Bytes& reply) { reply.clear(); }};
  for (const auto& lie : lies) {
    beside_proxy(
        [](TestProxy&) {
          const Batch batch = multi_ping(loopback_hosts(50), 300ms, 0, over_proxy());
          BOOST_TEST(batch.responses.empty());
          BOOST_TEST(count(batch.no_responses, Outcome::no_reply) == 50U);
        },
        {.lie = lie});
  }
}

BOOST_AUTO_TEST_CASE(a_killed_proxy_is_an_error_long_before_the_timeout) {
  beside_proxy(
      [](TestProxy& proxy) {
        const Options options = over_proxy();
        MultiPing batch{both_families(100), options};
        batch.send();
        batch.receive(50ms);
        proxy.kill();
        const Stopwatch watch;
        batch.receive(40s);
        BOOST_CHECK(watch.elapsed() < 20s);
        BOOST_TEST(count(batch.results(), Outcome::send_failed) == 100U);
        for (const Result& result : batch.results()) BOOST_TEST((result.error == error_of(ECONNREFUSED)));

        batch.reset();
        batch.send();
        batch.receive(5s);
        BOOST_TEST(count(batch.results(), Outcome::send_failed) == 100U, "and so it is from then on");
        BOOST_CHECK(ping("127.0.0.1", 5s, options).error == error_of(ECONNREFUSED));
      },
      {.silent = true});
}

BOOST_AUTO_TEST_CASE(a_single_probe_hears_of_the_death_too) {
  beside_proxy(
      [](TestProxy& proxy) {
        Prober prober{over_proxy()};
        static_cast<void>(prober.submit(localhost, ProbeOptions{}, 40s, 2));
        BOOST_TEST(prober.poll(50ms).empty());
        proxy.kill();
        const Stopwatch watch;
        const auto done = prober.poll(40s);
        BOOST_CHECK(watch.elapsed() < 20s);
        BOOST_REQUIRE(done.size() == 1U);
        BOOST_CHECK(done[0].result.outcome == Outcome::send_failed);
        BOOST_CHECK(done[0].result.error == error_of(ECONNREFUSED));
      },
      {.silent = true});
}

BOOST_AUTO_TEST_CASE(who_waits_in_poll_hears_of_the_death_too) {
  beside_proxy(
      [](TestProxy& proxy) {
        Prober prober{over_proxy()};
        MultiPing batch{{"127.0.0.1", "::1"}, over_proxy()};
        pollfd watched[] = {{prober.native_handle(), POLLIN, 0}, {batch.native_handle(), POLLIN, 0}};
        static_cast<void>(prober.submit(localhost, ProbeOptions{}, 40s));
        batch.send();
        proxy.kill();
        const Stopwatch watch;
        bool heard = false;
        while (!heard || count(batch.results(), Outcome::send_failed) < 2) {
          BOOST_REQUIRE((watch.elapsed() < 20s && ::poll(watched, 2, 20'000) > 0));
          heard = !prober.poll(0s).empty() || heard;
          batch.receive(0s);
        }
      },
      {.silent = true});
}

BOOST_AUTO_TEST_CASE(an_absent_proxy_is_refused_at_once) {
  in_namespace([] {
    become_nobody();
    for (const char* name : {"127.0.0.1:63312", "127.0.0.1", "[::1]:7", "::1", "localhost:9"}) {
      const TransportOptions options{.kinds = {TransportKind::proxy}, .proxy = name};
      const Stopwatch watch;
      std::error_code error;
      BOOST_TEST(open_transport(options, error) == nullptr, name);
      BOOST_TEST((error == std::errc::connection_refused), name << ": " << error.message());
      BOOST_CHECK(watch.elapsed() < 10s);
      BOOST_CHECK_EXCEPTION((void)open_transport(options), std::system_error, [&](const std::system_error& e) {
        return std::string{e.what()}.find(name) != std::string::npos;
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(what_the_proxy_cannot_do_is_told) {
  beside_proxy([](TestProxy&) {
    const Options options = over_proxy();
    Options asks_ttl = options;
    asks_ttl.probe.ttl = 5;
    BOOST_CHECK_EXCEPTION((MultiPing{{"127.0.0.1"}, asks_ttl}), std::system_error, [](const std::system_error& e) {
      return e.code() == Errc::not_supported &&
             std::string{e.what()}.find("ProbeOptions::ttl 5 over a transport of kind proxy") != std::string::npos;
    });
    const Batch batch = multi_ping({{"127.0.0.1"}, {"127.0.0.1", {.tos = 8}}, {"fe80::1%lo"}}, 5s, 0, options);
    BOOST_TEST(batch.responses.size() == 1U);
    for (const Result& result : batch.no_responses) {
      BOOST_CHECK(result.outcome == Outcome::send_failed);
      BOOST_TEST((result.error == Errc::not_supported), result.error.message());
    }
  });
}

BOOST_AUTO_TEST_CASE(traces_and_path_mtu_are_refused_by_name_and_go_by_udp) {
  beside_proxy([](TestProxy&) {
    TraceOptions options{.ping = over_proxy()};
    const auto refuses = [](const std::function<void()>& body, const std::string& option) {
      BOOST_CHECK_EXCEPTION(body(), std::system_error, [&](const std::system_error& e) {
        return e.code() == Errc::not_supported &&
               std::string{e.what()}.find("ProbeOptions::" + option + " over a transport of kind proxy") !=
                   std::string::npos;
      });
    };
    std::vector<Result> silent(1);
    silent.front().host = "127.0.0.1";
    silent.front().address = localhost;
    silent.front().outcome = Outcome::no_reply;
    refuses([&] { static_cast<void>(traceroute({"127.0.0.1"}, options)); }, "ttl 1");
    refuses([&] { static_cast<void>(diagnose(silent, 5s, options)); }, "ttl 1");
    refuses([&] { static_cast<void>(discover_mtu({"127.0.0.1"}, options)); }, "dont_fragment");
    options.ping.probe.protocol = Protocol::udp;
    for (const Route& route : traceroute({"127.0.0.1", "::1"}, options)) BOOST_TEST(route.reached, route.host);
  });
}

BOOST_AUTO_TEST_CASE(udp_and_tcp_need_no_proxy) {
  beside_proxy([](TestProxy&) {
    const ProbeOptions udp{.protocol = Protocol::udp}, tcp{.protocol = Protocol::tcp, .port = 9};
    const Batch batch =
        multi_ping({{"127.0.0.1", udp}, {"127.0.0.1", tcp}, {"::1", tcp}, {"127.0.0.1"}}, 10s, 1, over_proxy());
    BOOST_TEST(batch.responses.size() == 4U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
