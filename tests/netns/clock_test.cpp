// Clocks that misbehave: a monotonic one near zero, and a wall clock that is set while probes are under way.
// Round-trip times stay what they are, between nothing and the time since the probe left.
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"

namespace {

// What is added to the wall clock, as this program sees it, and since which reading.
std::atomic<long> wall_clock_step_s{0};

}  // namespace

// Takes the place of the C library's function in this program, the host's own clock being none of a test's business.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += wall_clock_step_s.load();
  return static_cast<int>(result);
}

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(clock_test, *precondition(needs_root))

constexpr auto network_delay = 100ms;

void check_times(const Batch& batch, std::size_t hosts, Duration elapsed) {
  BOOST_TEST(batch.responses.size() == hosts);
  for (const Result& result : batch.responses) {
    BOOST_TEST_CONTEXT(result) { BOOST_TEST((result.rtt >= network_delay && result.rtt <= elapsed)); }
  }
}

// Time namespaces are entered by the children of who made them.
void in_young_namespace(const std::function<void()>& body) {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  BOOST_REQUIRE(::unshare(CLONE_NEWTIME) == 0);
  write_file("/proc/self/timens_offsets", "monotonic -" + std::to_string(now.tv_sec) + " 0\n");
  Child child{body};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_CASE(a_monotonic_clock_near_zero) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      in_young_namespace([kind] {
        BOOST_REQUIRE((std::chrono::steady_clock::now().time_since_epoch() < 30s));
        const TunDevice device{slow_network(network_delay)};
        const Stopwatch watch;
        const Batch batch = multi_ping(hosts("10.20.0.", 1, 50), 10s, 1, options_for(kind));
        check_times(batch, 50, watch.elapsed());
        const Stopwatch silent;
        const Batch nobody = multi_ping({"10.99.0.1"}, 200ms, 1, options_for(kind));
        BOOST_TEST(count(nobody.no_responses, Outcome::no_reply) == 1U);
        BOOST_TEST((silent.elapsed() >= 200ms && silent.elapsed() < 12s));
      });
    });
  }
}

// The kernel's stamps are of the true wall clock; what this process reads of it jumps in the midst of the batch.
void ping_across_a_step(TransportKind kind, long step_s) {
  const TunDevice device{slow_network(network_delay)};
  MultiPing batch{hosts("10.20.0.", 1, 50), options_for(kind)};
  const Stopwatch watch;
  batch.send();
  wall_clock_step_s = step_s;
  const Batch answers = batch.receive(40s);
  check_times(answers, 50, watch.elapsed());
  const auto by_kernel = [](const Result& result) { return result.timestamps == TimestampSource::kernel; };
  BOOST_TEST(std::ranges::count_if(answers.responses, by_kernel) == 0);
  BOOST_TEST((watch.elapsed() < 20s));
}

BOOST_AUTO_TEST_CASE(the_wall_clock_is_set_an_hour_on) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      ping_across_a_step(kind, 3600);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_wall_clock_is_set_an_hour_back) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      ping_across_a_step(kind, -3600);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
