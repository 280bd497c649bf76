// Tests single probes over real sockets: every protocol, deadlines, late answers, a poll() loop with another
// descriptor, and a fork.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "sim/scenario_parts.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;
using namespace parts;

BOOST_AUTO_TEST_SUITE(prober_test, *precondition(needs_tun))

constexpr auto network_delay = 60ms;

/// 10.20.0.0/16 and its open ports answer after network_delay; 10.21.0.0/16 is silent.
Scenario slow_network() {
  Scenario scenario{.name = "slow"};
  HostRule slow{.block = "10.20.0.0/16", .replies = {{.delay = network_delay}}};
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::sctp})
    slow.ports.push_back(open(protocol, {.delay = network_delay}));
  scenario.hosts = {slow, silent("10.21.0.0/16")};
  return scenario;
}

Address address(const std::string& text) { return *Address::parse(text); }

std::map<Prober::Token, Result> all_of(Prober& prober) {
  std::map<Prober::Token, Result> results;
  while (prober.in_flight() > 0)
    for (auto& [token, result] : prober.poll(60s)) {
      const bool is_new = results.emplace(token, std::move(result)).second;
      BOOST_TEST(is_new);
    }
  return results;
}

std::ptrdiff_t count_answered(const std::map<Prober::Token, Result>& results) {
  return std::ranges::count_if(results, [](const auto& entry) { return entry.second.answered(); });
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{}));
}

/// The resident memory of this process, in kilobytes.
std::size_t resident() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  return 0;
}

bool printable(int descriptor, int milliseconds) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, milliseconds) == 1;
}

BOOST_AUTO_TEST_CASE(thousands_in_flight_of_every_kind) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      Prober prober{options_for(kind)};
      std::map<Prober::Token, std::pair<Address, bool>> asked;
      for (const Address& host : loopback_hosts(5000)) {
        asked[prober.submit(host, {}, 20s, 1)] = {host, false};
        asked[prober.submit(host, udp(9), 20s, 5)] = {host, true};
        asked[prober.submit(host, tcp(9), 20s)] = {host, true};
      }
      const auto results = all_of(prober);
      BOOST_TEST(results.size() == 15'000U);
      for (const auto& [token, result] : results) {
        BOOST_REQUIRE(result.address == asked.at(token).first);
        BOOST_REQUIRE(result.answered());
        BOOST_REQUIRE((result.outcome == Outcome::refused) == asked.at(token).second);
      }
      BOOST_TEST(prober.in_flight() == 0U);
      BOOST_TEST(prober.counters().received <= prober.counters().sent);
    });
  }
}

BOOST_AUTO_TEST_CASE(raw_probes_of_every_protocol_and_family, *label("own_sockets")) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    Prober prober;
    for (const ProbeOptions& probe : {ProbeOptions{}, udp(), tcp(), half_open(), sctp()})
      static_cast<void>(prober.submit(address("10.20.0.1"), probe, 5s));
    static_cast<void>(prober.submit(address("::1"), {}, 5s));
    static_cast<void>(prober.submit(address("::1"), tcp(9), 5s));
    const auto results = all_of(prober);
    BOOST_TEST(results.size() == 7U);
    for (const auto& [token, result] : results) BOOST_TEST(result.answered(), result);
  });
}

BOOST_AUTO_TEST_CASE(a_loop_of_the_programs_own) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    const int other = ::eventfd(0, EFD_CLOEXEC);
    Prober prober;
    pollfd watched[] = {{prober.native_handle(), POLLIN, 0}, {other, POLLIN, 0}};
    BOOST_TEST(::poll(watched, 2, 0) == 0);
    static_cast<void>(prober.submit(address("10.20.0.1"), {}, 5s));
    static_cast<void>(prober.submit(address("10.21.0.1"), {}, 1500ms, 1));
    std::jthread late{[other] {
      ::poll(nullptr, 0, 30);
      ::eventfd_write(other, 1);
    }};
    std::vector<Outcome> order;
    bool other_seen = false;
    int wakes = 0;
    while (prober.in_flight() > 0) {
      BOOST_REQUIRE(::poll(watched, 2, 20'000) > 0);
      ++wakes;
      if (watched[1].revents != 0) {
        eventfd_t value = 0;
        other_seen = ::eventfd_read(other, &value) == 0;
      }
      if (watched[0].revents != 0)
        for (const auto& done : prober.poll(0s)) order.push_back(done.result.outcome);
    }
    BOOST_TEST(other_seen);
    BOOST_TEST((order == std::vector{Outcome::reply, Outcome::no_reply}));
    BOOST_TEST(wakes < 20);  // the loop waited, and did not spin
    BOOST_TEST(!printable(watched[0].fd, 50));
  });
}

BOOST_AUTO_TEST_CASE(the_descriptor_tells_what_no_packet_announces) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    Prober prober{{.max_rate = 20}};
    const int handle = prober.native_handle();
    static_cast<void>(prober.submit(address("224.0.0.1"), {}, 1s));  // done at once
    BOOST_TEST(printable(handle, 0));
    BOOST_TEST(prober.poll(0s).size() == 1U);
    BOOST_TEST(!printable(handle, 0));
    static_cast<void>(prober.submit(address("10.21.0.1"), {}, 60s));
    static_cast<void>(prober.submit(address("10.21.0.2"), {}, 3s));  // sent after 50 ms, ends after 3 s
    while (prober.counters().sent < 2) {
      BOOST_REQUIRE(printable(handle, 20'000));
      BOOST_TEST(prober.poll(0s).empty());
    }
    std::vector<Prober::Completion> done;
    while (done.empty()) {
      BOOST_REQUIRE(printable(handle, 20'000));
      done = prober.poll(0s);
    }
    BOOST_TEST(done[0].result.host == "10.21.0.2");
    BOOST_TEST(done[0].result.attempt == 1U);
  });
}

BOOST_AUTO_TEST_CASE(late_answers_are_never_credited_to_another_probe) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const TunDevice network{slow_network()};
      Prober prober{options_for(kind)};
      for (const ProbeOptions& probe : {ProbeOptions{}, udp(), tcp()}) {
        for (int i = 0; i < 10; ++i) {
          const auto token = prober.submit(address("10.20.0.7"), probe, 20ms);
          const auto results = all_of(prober);
          BOOST_REQUIRE(results.size() == 1U);
          // A busy machine may be late itself, but an answer never comes sooner than the network sends it.
          BOOST_TEST((!results.at(token).answered() || results.at(token).rtt >= network_delay));
        }
      }
      const auto last = prober.submit(address("10.20.0.7"), {}, 20s);
      const Result result = all_of(prober).at(last);
      BOOST_TEST(result.answered());
      BOOST_TEST((result.rtt >= network_delay));
      BOOST_TEST(prober.counters().late >= 1U);
      BOOST_TEST(prober.counters().received + prober.counters().late <= prober.counters().sent);
    });
  }
}

BOOST_AUTO_TEST_CASE(deadlines_are_kept_while_nothing_comes) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    Prober prober;
    const Stopwatch watch;
    const auto longer = prober.submit(address("10.21.0.1"), {}, 1s);
    const auto shorter = prober.submit(address("10.21.0.2"), udp(), 12'500us, 1);
    const auto first = prober.poll(20s);
    BOOST_TEST((watch.elapsed() >= 25ms));
    BOOST_REQUIRE(!first.empty());
    BOOST_TEST(first[0].token == shorter);
    BOOST_TEST(first[0].result.attempt <= 2U);
    auto results = all_of(prober);
    for (const auto& done : first) results.emplace(done.token, done.result);
    BOOST_TEST((watch.elapsed() >= 1s));
    BOOST_TEST(results.at(longer).outcome == Outcome::no_reply);
  });
}

BOOST_AUTO_TEST_CASE(few_descriptors_make_connections_wait) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    const rlimit limit{24, 24};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    Prober prober;
    for (int i = 1; i <= 100; ++i)
      static_cast<void>(prober.submit(address("10.20.1." + std::to_string(i)), tcp(), 30s));
    const auto results = all_of(prober);
    BOOST_TEST(results.size() == 100U);
    BOOST_TEST(count_answered(results) == 100);
  });
}

BOOST_AUTO_TEST_CASE(a_fork_disturbs_nothing) {
  in_namespace([] {
    const TunProcess network{slow_network()};
    Prober prober;
    for (int i = 1; i <= 200; ++i) static_cast<void>(prober.submit(address("10.20.1." + std::to_string(i)), {}, 20s));
    Child child{[&prober] {
      BOOST_CHECK_THROW(static_cast<void>(prober.submit(address("10.20.0.1"), {}, 1s)), std::logic_error);
      BOOST_CHECK_THROW(static_cast<void>(prober.poll(1s)), std::logic_error);
      BOOST_TEST(!prober.cancel(1));  // it is the parent's
      { const Prober taken = std::move(prober); }
    }};
    BOOST_TEST(child.join());
    BOOST_TEST(count_answered(all_of(prober)) == 200);
  });
}

BOOST_AUTO_TEST_CASE(a_rate_takes_no_time_from_a_probe) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      Options options = options_for(kind);
      options.max_rate = 20;
      Prober prober{options};
      for (const Address& host : loopback_hosts(20)) static_cast<void>(prober.submit(host, {.timeout = 200ms}));
      static_cast<void>(prober.submit(address("::1"), {.timeout = 200ms}));
      BOOST_TEST(count_answered(all_of(prober)) >= 20);  // a busy machine may be late once
    });
  }
}

BOOST_AUTO_TEST_CASE(an_end_by_the_steady_clock_is_kept) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    Prober prober;
    const auto end = std::chrono::steady_clock::now() + 150ms;
    const auto retried = prober.submit(address("10.21.0.1"), {.timeout = 50ms, .retry = 1000, .expires = end});
    const auto cut_short = prober.submit(address("10.21.0.2"), {.timeout = 1h, .expires = end});
    const auto over = prober.submit(address("10.20.0.1"), {.expires = std::chrono::steady_clock::now()});
    auto results = all_of(prober);
    BOOST_TEST(results.at(retried).outcome == Outcome::no_reply);
    BOOST_TEST(results.at(retried).attempt <= 4U);
    BOOST_TEST(results.at(cut_short).outcome == Outcome::pending);
    BOOST_TEST(results.at(over).outcome == Outcome::pending);
  });
}

BOOST_AUTO_TEST_CASE(what_is_cancelled_gives_its_sockets_back_and_counts_as_late) {
  in_namespace([] {
    const TunDevice network{slow_network()};
    Prober prober;
    const int handle = prober.native_handle();
    const auto kept = prober.submit(address("10.21.0.1"), {.probe = tcp(), .timeout = 60s});
    const std::size_t descriptors = open_descriptors();
    for (int i = 1; i <= 50; ++i) {
      const auto token = prober.submit(address("10.21.1." + std::to_string(i)), {.probe = tcp(), .timeout = 60s});
      BOOST_TEST(open_descriptors() == descriptors + 1);
      BOOST_TEST(prober.cancel(token));
      BOOST_TEST(open_descriptors() == descriptors);
    }
    for (const ProbeOptions& probe : {ProbeOptions{}, udp()})
      BOOST_TEST(prober.cancel(prober.submit(address("10.20.0.1"), {.probe = probe, .timeout = 60s})));
    BOOST_TEST(prober.in_flight() == 1U);
    while (prober.counters().late < 2) {
      BOOST_REQUIRE(printable(handle, 20'000));
      BOOST_TEST(prober.poll(0s).empty());
    }
    const std::size_t before = open_descriptors();
    BOOST_TEST(prober.cancel(kept));
    BOOST_TEST(prober.in_flight() == 0U);
    BOOST_TEST(open_descriptors() == before - 1);
    BOOST_TEST(prober.poll(60s).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_stop_request_from_another_thread_ends_the_wait) {
  in_namespace([] {
    std::stop_source source;
    const TunDevice network{slow_network()};
    Prober prober{{.stop = source.get_token()}};
    static_cast<void>(prober.submit(address("10.21.0.1"), {}, 1h));
    std::jthread other{[&source] {
      ::poll(nullptr, 0, 50);  // so that poll() waits
      source.request_stop();
    }};
    const Stopwatch watch;
    const auto done = prober.poll(1h);
    BOOST_TEST((watch.elapsed() < 30s));
    BOOST_REQUIRE_EQUAL(done.size(), 1U);
    BOOST_TEST(done[0].result.outcome == Outcome::pending);
    BOOST_TEST(prober.in_flight() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(the_descriptor_tells_of_a_stop_request_from_another_thread) {
  in_namespace([] {
    std::stop_source source;
    const TunDevice network{slow_network()};
    Prober prober{{.stop = source.get_token()}};
    static_cast<void>(prober.submit(address("10.21.0.1"), {}, 1h));
    BOOST_TEST(!printable(prober.native_handle(), 0));
    std::jthread other{[&source] {
      ::poll(nullptr, 0, 50);  // so that this thread waits
      source.request_stop();
    }};
    BOOST_REQUIRE(printable(prober.native_handle(), 30'000));
    BOOST_TEST(prober.poll(0s).size() == 1U);
    other.join();
    static_cast<void>(prober.poll(0s));
    BOOST_TEST(!printable(prober.native_handle(), 0));
  });
}

BOOST_AUTO_TEST_CASE(an_ordinary_user_probes_by_udp_and_tcp_and_is_told_about_icmp, *label("own_sockets")) {
  in_namespace([] {
    allow_ping_sockets(false);
    become_nobody();
    Prober prober;
    const auto echo = prober.submit(address("127.0.0.1"), {}, 5s);
    const auto datagram = prober.submit(address("127.0.0.1"), udp(9), 5s);
    const auto connection = prober.submit(address("127.0.0.1"), tcp(9), 5s);
    const auto results = all_of(prober);
    BOOST_TEST(results.at(echo).outcome == Outcome::send_failed);
    BOOST_TEST(static_cast<bool>(results.at(echo).error));
    BOOST_TEST(results.at(datagram).outcome == Outcome::refused);
    BOOST_TEST(results.at(connection).outcome == Outcome::refused);
  });
}

BOOST_AUTO_TEST_CASE(a_source_address_of_nobody_is_its_probes_error) {
  in_namespace([] {
    Prober prober;
    ProbeOptions from_nowhere = udp(9);
    from_nowhere.source_v4 = address("192.0.2.77");
    const auto token = prober.submit(address("127.0.0.1"), from_nowhere, 1s);
    const auto good = prober.submit(address("127.0.0.1"), udp(9), 5s);
    const auto results = all_of(prober);
    BOOST_TEST(results.at(token).outcome == Outcome::send_failed);
    BOOST_TEST(results.at(token).error == error_of(EADDRNOTAVAIL));
    BOOST_TEST(results.at(good).outcome == Outcome::refused);
  });
}

BOOST_AUTO_TEST_CASE(a_long_run_takes_no_more_memory_and_no_more_descriptors, *label("long")) {
  in_namespace(
      [] {
        Prober prober;
        const auto round = [&prober](int count) {
          for (int i = 0; i < count; ++i) {
            const Address host = Address::v4({127, 2, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
            const ProbeOptions echo{.ttl = i % 200 + 1, .payload_size = static_cast<std::size_t>(i % 100)};
            static_cast<void>(prober.submit(host, i % 10 == 9 ? tcp(9) : echo, 5s));
            if (prober.in_flight() >= 500) static_cast<void>(prober.poll(5s));
          }
          BOOST_TEST(static_cast<std::size_t>(count_answered(all_of(prober))) <= static_cast<std::size_t>(count));
        };
        round(70'000);  // more than the number of answered probes that are remembered
        const std::size_t memory = resident(), descriptors = open_descriptors();
        round(100'000);
        BOOST_TEST(open_descriptors() <= descriptors + 2);
        if (!sanitized) BOOST_TEST(resident() <= memory + 4096);
        BOOST_TEST(prober.counters().received + 500 >= prober.counters().sent);
      },
      200s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
