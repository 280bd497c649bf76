// Tests PingSeries in a loop of the program's own over real sockets: what its descriptor tells, and that it tells no
// more. The number of wakes is bounded: a descriptor that is readable without a reason makes a loop spin.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "multiping/ping_series.hpp"
#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using namespace parts;

BOOST_AUTO_TEST_SUITE(series_poll_test, *precondition(needs_tun))

/// 10.20.0.0/16 and fd20::/64 answer after 40 ms, 10.21.0.0/16 is silent.
Scenario network() {
  Scenario scenario{.name = "polled"};
  scenario.hosts = {HostRule{.block = "10.20.0.0/16", .replies = {{.delay = 40ms}}},
                    HostRule{.block = "fd20::/64", .replies = {{.delay = 40ms}}}, silent("10.21.0.0/16")};
  return scenario;
}

bool readable(int descriptor, int milliseconds) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, milliseconds) == 1;
}

/// Calls poll(0s) only when the descriptor is readable. Returns how often it was.
int run_loop(PingSeries& series, std::vector<Round>& rounds) {
  int wakes = 0;
  while (!series.done()) {
    BOOST_REQUIRE(readable(series.native_handle(), 20'000));
    ++wakes;
    if (auto round = series.poll(0s)) rounds.push_back(std::move(*round));
  }
  return wakes;
}

BOOST_AUTO_TEST_CASE(rounds_come_by_the_descriptor_alone) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const TunDevice tun{network()};
      SeriesOptions options{.count = 4, .interval = 100ms, .timeout = 2s};
      options.ping = options_for(kind);
      PingSeries series{{"10.20.0.1", "fd20::1", "10.21.0.1"}, options};
      std::vector<Round> rounds;
      const int wakes = run_loop(series, rounds);
      BOOST_REQUIRE_EQUAL(rounds.size(), 4U);
      for (int i = 0; i < 4; ++i) {
        const Round& round = rounds[static_cast<std::size_t>(i)];
        BOOST_TEST(round.number == i);
        BOOST_TEST(round.results[0].outcome == Outcome::reply);
        BOOST_TEST(round.results[1].outcome == Outcome::reply);
        BOOST_TEST(round.results[2].outcome == Outcome::no_reply);
      }
      BOOST_TEST(wakes < 100);  // 12 probes, 8 answers, 4 deadlines: the loop waited, and did not spin
      BOOST_TEST(!readable(series.native_handle(), 50));
    });
  }
}

BOOST_AUTO_TEST_CASE(other_descriptors_are_served_between_rounds) {
  in_namespace([] {
    const TunDevice tun{network()};
    const int other = ::eventfd(0, EFD_CLOEXEC);
    PingSeries series{{"10.20.0.1"}, {.count = 2, .interval = 150ms}};
    pollfd watched[] = {{series.native_handle(), POLLIN, 0}, {other, POLLIN, 0}};
    std::jthread late{[other] {
      ::poll(nullptr, 0, 60);
      ::eventfd_write(other, 1);
    }};
    std::string order;
    while (!series.done()) {
      BOOST_REQUIRE(::poll(watched, 2, 20'000) > 0);
      if (watched[1].revents != 0) {
        eventfd_t value = 0;
        ::eventfd_read(other, &value);
        order += 'e';
      }
      if (watched[0].revents != 0 && series.poll(0s)) order += 'r';
    }
    BOOST_TEST(order.size() == 3U);
    BOOST_TEST(order.back() == 'r');
    late.join();
    ::close(other);
  });
}

BOOST_AUTO_TEST_CASE(a_deadline_and_a_sending_time_make_it_readable) {
  in_namespace([] {
    const TunDevice tun{network()};
    PingSeries series{{"10.21.0.1"}, {.count = 2, .interval = 300ms, .timeout = 100ms}};
    const int handle = series.native_handle();
    BOOST_REQUIRE(readable(handle, 20'000));  // the first probe is due
    BOOST_TEST(!series.poll(0s).has_value());
    BOOST_TEST(series.counters().sent == 1U);
    BOOST_REQUIRE(readable(handle, 20'000));
    std::optional<Round> round;
    while (!(round = series.poll(0s))) BOOST_REQUIRE(readable(handle, 20'000));
    BOOST_TEST(round->results[0].outcome == Outcome::no_reply);
    BOOST_TEST(series.counters().sent == 1U);
    while (series.counters().sent == 1) {
      BOOST_REQUIRE(readable(handle, 20'000));
      static_cast<void>(series.poll(0s));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_further_round_that_is_complete_makes_it_readable_at_once) {
  in_namespace([] {
    const TunDevice tun{network()};
    PingSeries series{{"10.20.0.1", "10.21.0.1"}, {.count = 2, .interval = 1ms, .timeout = 300ms}};
    const int handle = series.native_handle();
    std::optional<Round> round;
    while (!(round = series.poll(0s))) BOOST_REQUIRE(readable(handle, 20'000));
    ::poll(nullptr, 0, 50);  // the second round's deadline passes as well
    BOOST_TEST(readable(handle, 0));
    round = series.poll(0s);
    BOOST_REQUIRE(round.has_value());
    BOOST_TEST(round->number == 1);
    BOOST_TEST(series.done());
  });
}

BOOST_AUTO_TEST_CASE(a_stop_from_another_thread_makes_it_readable) {
  in_namespace([] {
    const TunDevice tun{network()};
    std::stop_source source;
    SeriesOptions options{.count = 0, .interval = 1h, .timeout = 1h};
    options.ping.stop = source.get_token();
    PingSeries series{{"10.21.0.1"}, options};
    BOOST_TEST(!series.poll(0s).has_value());
    BOOST_TEST(!readable(series.native_handle(), 50));
    std::jthread other{[&source] {
      ::poll(nullptr, 0, 50);  // so that this thread waits
      source.request_stop();
    }};
    BOOST_REQUIRE(readable(series.native_handle(), 30'000));
    other.join();
    BOOST_TEST(!series.poll(0s).has_value());
    BOOST_TEST(series.done());
    BOOST_TEST(!readable(series.native_handle(), 20));
  });
}

BOOST_AUTO_TEST_CASE(what_arrives_after_the_end_leaves_it_silent) {
  in_namespace([] {
    const TunDevice tun{network()};
    PingSeries series{{"10.20.0.1"}, {.count = 1, .timeout = 1ms}};  // the answer comes after 40 ms
    std::vector<Round> rounds;
    static_cast<void>(run_loop(series, rounds));
    BOOST_REQUIRE_EQUAL(rounds.size(), 1U);
    BOOST_TEST(rounds[0].results[0].outcome == Outcome::no_reply);
    BOOST_TEST(!readable(series.native_handle(), 150));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
