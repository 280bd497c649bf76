// Tests unusual clocks: a monotonic clock near zero, and a wall clock that is set while probes are in flight.
// Round-trip times stay right: between 0 and the time since the probe was sent.
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>

#include "netns/batch.hpp"
#include "netns/interposed.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"

namespace {

// A step of the wall clock, as this program sees it: the time that is added, and the true time of the step.
struct Step {
  std::atomic<std::int64_t> ns{0}, at_ns{0};
};
Step step;

std::int64_t to_ns(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }
timespec to_timespec(std::int64_t ns) { return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000}; }

std::int64_t true_wall_clock() {
  timespec time{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
  return to_ns(time);
}

// Changes the time stamp of a packet as if the kernel's own clock had been stepped.
void step_stamp(msghdr& message) {
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_TIMESTAMPING) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(at), sizeof stamp);
    if (to_ns(stamp) <= step.at_ns) continue;
    stamp = to_timespec(to_ns(stamp) + step.ns);
    std::memcpy(CMSG_DATA(at), &stamp, sizeof stamp);
  }
}

void step_wall_clock(std::int64_t ns) {
  step.at_ns = true_wall_clock();
  step.ns = ns;
  multiping::test::change_received(step_stamp);
}

}  // namespace

// Replaces the C library's function in this program, since a test must not set the host's clock.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME && step.ns != 0) *time = to_timespec(to_ns(*time) + step.ns);
  return static_cast<int>(result);
}

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(clock_test, *precondition(needs_tun) * precondition(needs_to_work("unshare --time true")))

constexpr auto network_delay = 100ms;

void check_times(const Batch& batch, std::size_t hosts, Duration elapsed) {
  BOOST_TEST(batch.responses.size() == hosts);
  for (const Result& result : batch.responses) {
    BOOST_TEST_CONTEXT(result) { BOOST_TEST((result.rtt >= network_delay && result.rtt <= elapsed)); }
  }
}

// Only children enter a new time namespace, not the process that makes it.
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

std::ptrdiff_t stamped(const Batch& batch) {
  return std::ranges::count(batch.responses, TimestampSource::kernel, &Result::timestamps);
}

// Steps the clock in the middle of a batch.
void ping_across_a_step(TransportKind kind, std::chrono::nanoseconds by) {
  const TunDevice device{slow_network(network_delay)};
  MultiPing batch{hosts("10.20.0.", 1, 50), options_for(kind)};
  const Stopwatch watch;
  batch.send();
  step_wall_clock(by.count());
  const Batch answers = batch.receive(40s);
  check_times(answers, 50, watch.elapsed());
  BOOST_TEST(stamped(answers) < 50);  // it is unknown on which side of the step the first answers arrived
  BOOST_TEST((watch.elapsed() < 20s));
  batch.reset();
  const Stopwatch again;
  batch.send();
  const Batch later = batch.receive(40s);
  check_times(later, 50, again.elapsed());
  BOOST_TEST(stamped(later) == 50);
}

BOOST_AUTO_TEST_CASE(the_wall_clock_is_set_an_hour_on) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      ping_across_a_step(kind, 1h);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_wall_clock_is_set_an_hour_back) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      ping_across_a_step(kind, -1h);
    });
  }
}

void be_busy(std::chrono::milliseconds time) {
  const Stopwatch watch;
  while (watch.elapsed() < time) {
  }
}

constexpr int many = 200;  // more than are read in one call

// Hosts that answer echo requests and datagrams, and closed ports, which the error queue reports.
std::vector<Target> targets_of_all_sorts() {
  const ProbeOptions open{.protocol = Protocol::udp, .port = 7}, closed{.protocol = Protocol::udp, .port = 9};
  std::vector<Target> targets;
  for (int i = 1; i <= many; ++i) {
    const std::string last = std::to_string(i);
    targets.push_back({"10.20.0." + last});
    targets.push_back({"fd20::" + last});
    targets.push_back({"10.20.1." + last, open});
    targets.push_back({"10.20.1." + last, closed});
    targets.push_back({"fd20::1:" + last, closed});
  }
  return targets;
}

Scenario network_of_all_sorts() {
  const PortRule open{.protocol = Protocol::udp, .port = 7, .accepts = {{.delay = network_delay}}};
  const auto closed = [](std::uint8_t type, std::uint8_t code) {
    return PortRule{.port = 9, .errors = {{.type = type, .code = code, .delay = network_delay}}};
  };
  Scenario scenario{.name = "of all sorts"};
  scenario.hosts = {{.block = "10.20.0.0/16", .replies = {{.delay = network_delay}}, .ports = {open, closed(3, 3)}},
                    {.block = "fd20::/16", .replies = {{.delay = network_delay}}, .ports = {open, closed(1, 4)}}};
  return scenario;
}

// All answers are in their queues when this process reads at last, and all are older than the step.
BOOST_AUTO_TEST_CASE(a_step_while_this_process_is_busy) {
  for (const TransportKind kind : both_kinds) {
    for (const std::chrono::milliseconds by : {30ms, -50ms}) {
      in_namespace([kind, by] {
        allow_ping_sockets();
        const TunDevice device{network_of_all_sorts()};
        MultiPing batch{targets_of_all_sorts(), options_for(kind)};
        const Stopwatch watch;
        batch.send();
        be_busy(400ms);
        step_wall_clock(std::chrono::nanoseconds{by}.count());
        const Batch answers = batch.receive(20s);
        check_times(answers, std::size_t{5} * many, watch.elapsed());
      });
    }
  }
}

bool timed_by_kernel() { return ping("127.0.0.1", 20s).timestamps == TimestampSource::kernel; }

// A ping() uses the memory of the last one, whose clocks are of another time. The kernel begins to take times a moment
// after the first socket asked for them. Now and then its time of an answer from this host is not after the time that
// was measured for the probe, and is not used.
BOOST_AUTO_TEST_CASE(a_step_between_two_pings) {
  in_namespace([] {
    const MultiPing asks_for_times{"127.0.0.1"};
    for (int times = 0; times < 1'000 && !timed_by_kernel(); ++times) std::this_thread::sleep_for(1ms);
    int timed = 0;
    for (int times = 0; times < 5; ++times)
      for (const std::chrono::milliseconds by : {30ms, -50ms}) {
        step_wall_clock(std::chrono::nanoseconds{by}.count());
        timed += timed_by_kernel() ? 1 : 0;
      }
    BOOST_TEST(timed >= 7);
  });
}

// By the clock before the step the answers are in time; by the clock after it they are too late.
BOOST_AUTO_TEST_CASE(no_answer_is_late_by_a_step) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const TunDevice device{slow_network(network_delay)};
      Prober prober{options_for(kind)};
      for (const std::string& host : hosts("10.20.0.", 1, many))
        static_cast<void>(prober.submit(Address::parse(host).value(), {}, 1500ms));
      static_cast<void>(prober.poll(0s));
      be_busy(2500ms);
      step_wall_clock(std::chrono::nanoseconds{-1600ms}.count());
      int answered = 0;
      while (prober.in_flight() > 0)
        for (const auto& [token, result] : prober.poll(10s)) answered += result.answered() ? 1 : 0;
      BOOST_TEST(answered == many);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
