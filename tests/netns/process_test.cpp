// Tests batches whose process is stopped, forked, signalled, short of descriptors, or asked to stop.
// None of this may change results.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <latch>
#include <set>
#include <thread>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "os/socket_basics.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(process_test, *precondition(needs_root))

constexpr auto network_delay = 60ms, stopped_for = 3000ms;

std::set<int> open_descriptors() {
  std::set<int> open;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
    open.insert(std::stoi(entry.path().filename().string()));
  return open;
}

void stop_this_process(int) { ::raise(SIGSTOP); }

void every(std::chrono::microseconds interval, std::chrono::microseconds first) {
  const itimerval timer{{0, static_cast<suseconds_t>(interval.count())}, {0, static_cast<suseconds_t>(first.count())}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

// Waits until the kernel time-stamps packets, which begins some time after the first socket has asked for it.
void wait_for_stamps(const Options& options) {
  for (int tries = 0; tries < 1000; ++tries)
    if (ping("127.0.0.1", 1s, options).timestamps == TimestampSource::kernel) return;
  BOOST_FAIL("the kernel stamps nothing");
}

// Runs in a child, which sends all probes and is stopped in receive() until long after the deadline; all replies wait.
void be_stopped_while_replies_wait(TransportKind kind) {
  const Options options = options_for(kind);
  std::vector<std::string> targets = hosts("10.20.1.", 1, 250);
  for (const std::string& host : hosts("10.20.2.", 1, 250)) targets.push_back(host);
  MultiPing batch{targets, options};
  wait_for_stamps(options);
  std::signal(SIGALRM, &stop_this_process);
  batch.send();
  every(0us, 10ms);
  const Batch answers = batch.receive(400ms);
  BOOST_TEST(answers.responses.size() == 500U);
  // The limit is less than the stop, but allows for a late process of the simulated network.
  const auto slow = [](const Result& result) { return result.rtt > stopped_for - 200ms; };
  BOOST_TEST(std::ranges::count_if(answers.responses, slow) == 0);
  BOOST_TEST(std::ranges::count(answers.responses, TimestampSource::kernel, &Result::timestamps) == 500);
}

BOOST_AUTO_TEST_CASE(a_stopped_process_loses_no_reply_that_waited, *precondition(needs_tun)) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const TunProcess network{slow_network(network_delay)};
      Child pinger{[kind] { be_stopped_while_replies_wait(kind); }};
      BOOST_REQUIRE(pinger.wait_stopped());
      ::poll(nullptr, 0, static_cast<int>(stopped_for.count()));  // the child is stopped meanwhile
      pinger.signal(SIGCONT);
      BOOST_TEST(pinger.join());
    });
  }
}

BOOST_AUTO_TEST_CASE(a_fork_in_the_midst_of_a_batch_disturbs_nothing, *precondition(needs_tun)) {
  in_namespace([] {
    const TunProcess network{slow_network(network_delay)};
    MultiPing batch{hosts("10.20.1.", 1, 200)};
    batch.send();
    Child child{[&] {
      BOOST_CHECK_THROW(batch.send(), std::logic_error);
      BOOST_CHECK_THROW(static_cast<void>(batch.receive(1s)), std::logic_error);
      { const MultiPing taken = std::move(batch); }
    }};
    BOOST_TEST(child.join());
    BOOST_TEST(batch.receive(20s).responses.size() == 200U);
    BOOST_TEST(batch.counters().received == 200U);
  });
}

bool is_printable(int descriptor, std::chrono::milliseconds wait = 0ms) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, static_cast<int>(wait.count())) > 0;
}

// The child has copies of all sockets. Packets that arrive on sockets which its parent has closed stay in them.
BOOST_AUTO_TEST_CASE(a_socket_that_a_child_has_too_wakes_nobody_once_it_is_closed, *label("own_sockets")) {
  in_namespace([] {
    Prober prober{options_for(TransportKind::sockets)};
    const int handle = prober.native_handle();
    const auto ask_from = [&](int first_port) {
      for (int port = first_port; port < first_port + 40; ++port) {
        static_cast<void>(
            prober.submit(*Address::parse("127.0.0.1"), {.protocol = Protocol::udp, .source_port = port}, 20s));
        while (prober.in_flight() > 0) static_cast<void>(prober.poll(20s));
      }
    };
    ask_from(6000);
    const Child child{[] { ::pause(); }};
    ask_from(7000);
    const os::FileDescriptor other = os::open_socket(Family::ipv4, SOCK_DGRAM, 0);
    for (std::uint16_t port = 6000; port < 6040; ++port) {
      os::SocketAddress to{};
      const socklen_t length = os::to_socket_address(*Address::parse("127.0.0.1"), to);
      os::set_port(to, port);
      static_cast<void>(::sendto(other.value(), "x", 1, 0, &to.any, length));
    }
    for (int times = 0; times < 3; ++times) static_cast<void>(prober.poll(0s));
    BOOST_TEST(!is_printable(handle));
  });
}

// The kernel looks for the neighbour for three seconds, long after the connection was given up.
BOOST_AUTO_TEST_CASE(a_connection_that_a_child_has_too_wakes_nobody_once_it_is_given_up,
                     *label("own_sockets") * label("long")) {
  in_namespace([] {
    make_peer();
    Prober prober{options_for(TransportKind::sockets)};
    const int handle = prober.native_handle();
    static_cast<void>(prober.submit(*Address::parse("10.1.0.99"), {.protocol = Protocol::tcp}, 200ms));
    const Child child{[] { ::pause(); }};
    while (prober.in_flight() > 0) static_cast<void>(prober.poll(20s));
    for (int times = 0; times < 3; ++times) static_cast<void>(prober.poll(0s));
    BOOST_TEST(!is_printable(handle, 5s));
  });
}

BOOST_AUTO_TEST_CASE(no_descriptor_survives_exec) {
  in_namespace([] {
    allow_ping_sockets();
    for (const TransportKind kind : both_kinds) {
      std::set<int> before = open_descriptors();
      // The descriptor by which they were listed is closed by now.
      std::erase_if(before, [](int descriptor) { return ::fcntl(descriptor, F_GETFD) < 0; });
      MultiPing batch{{"127.0.0.1", "::1"}, options_for(kind)};
      batch.send();
      std::size_t ours = 0;
      for (const int descriptor : open_descriptors()) {
        if (before.contains(descriptor) || ::fcntl(descriptor, F_GETFD) < 0) continue;
        ++ours;
        BOOST_TEST((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
      }
      BOOST_TEST(ours >= 2U);
      BOOST_TEST(batch.receive(20s).responses.size() == 2U);
    }
  });
}

BOOST_AUTO_TEST_CASE(objects_leave_no_descriptor_behind) {
  in_namespace([] {
    static_cast<void>(ping("127.0.0.1", 10s));
    const std::set<int> before = open_descriptors();
    for (int i = 0; i < 50; ++i) BOOST_TEST(ping("127.0.0.1", 10s).answered());
    BOOST_TEST((open_descriptors() == before));
  });
}

BOOST_AUTO_TEST_CASE(a_storm_of_signals_changes_no_result, *precondition(needs_tun)) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const TunDevice device{slow_network(network_delay)};
      std::signal(SIGALRM, [](int) {});
      std::vector<std::string> targets = hosts("10.20.1.", 1, 250);
      targets.push_back("192.0.2.1");  // silent, so the wait lasts to the end
      const Options options = options_for(kind);
      every(1ms, 1ms);
      const Stopwatch watch;
      const Batch batch = multi_ping(targets, 3s, 1, options);
      const Duration elapsed = watch.elapsed();
      every(0us, 0us);
      BOOST_TEST(batch.responses.size() == 250U);
      BOOST_REQUIRE(batch.no_responses.size() == 1U);
      BOOST_TEST(batch.no_responses[0].outcome == Outcome::no_reply);
      BOOST_TEST((elapsed >= 3s && elapsed < 15s));
    });
  }
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_wait_at_once, *precondition(needs_tun)) {
  in_namespace([] {
    const TunDevice device{slow_network(network_delay)};
    std::stop_source stop;
    Options options;
    options.stop = stop.get_token();
    std::latch answered{1};
    Duration asked_at{};
    const Stopwatch watch;
    std::thread other{[&] {
      answered.wait();
      ::poll(nullptr, 0, 50);  // so that receive() waits
      asked_at = watch.elapsed();
      stop.request_stop();
    }};
    MultiPing batch{{"10.20.1.1", "192.0.2.1"}, options};
    batch.send();
    while (batch.awaited() == 2) static_cast<void>(batch.receive(10ms));
    answered.count_down();
    const Batch rest = batch.receive(30s);
    const Duration returned_at = watch.elapsed();
    other.join();
    BOOST_TEST((returned_at - asked_at < 10s));
    BOOST_REQUIRE(rest.no_responses.size() == 1U);
    BOOST_TEST(rest.no_responses[0].host == "192.0.2.1");
    BOOST_TEST(batch.unanswered() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(sixteen_descriptors_are_enough) {
  in_namespace([] {
    const rlimit limit{16, 16};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    const Batch batch = multi_ping(loopback_hosts(500), 20s);
    BOOST_TEST(batch.responses.size() == 500U);
  });
}

// A sanitizer itself needs descriptors when an exception is thrown.
BOOST_AUTO_TEST_CASE(no_descriptors_left_is_an_exception) {
  in_namespace([] {
    MultiPing good{"127.0.0.1"};
    const rlimit limit{16, 16};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (::dup(0) >= 0) continue;
    if (!sanitized) BOOST_CHECK_THROW(MultiPing{"127.0.0.1"}, std::system_error);
    good.send();
    BOOST_TEST(good.receive(20s).responses.size() == 1U);
  });
}

/// Uses up all descriptors of this process except `left`.
void use_up_descriptors(int left) {
  const rlimit limit{32, 32};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  std::vector<int> taken;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken.push_back(fd);
  for (; left > 0; --left, taken.pop_back()) ::close(taken.back());
}

/// The code of the std::system_error that a call throws: -1 for a PermissionError, -2 for Errc::lookup_failed, 0 when
/// nothing is thrown.
template <class Call>
int thrown_by(Call call) {
  try {
    call();
  } catch (const PermissionError&) {
    return -1;
  } catch (const std::system_error& error) {
    return error.code() == make_error_code(Errc::lookup_failed) ? -2 : error.code().value();
  }
  return 0;
}

// A process without descriptors does not lack permission, and must not get a lesser kind of transport.
BOOST_AUTO_TEST_CASE(descriptors_that_ran_out_are_told_as_that) {
  if (sanitized) return;
  for (const bool privileged : {true, false})
    for (const bool may_ping : {true, false})
      in_namespace([&] {
        allow_ping_sockets(may_ping);
        if (!privileged) become_nobody();
        use_up_descriptors(0);
        const ProbeOptions tcp{.protocol = Protocol::tcp, .port = 1}, udp{.protocol = Protocol::udp};
        for (const ProbeOptions& probe : {ProbeOptions{}, tcp, udp}) {
          BOOST_TEST(thrown_by([&] {
                       static_cast<void>(multi_ping({{"127.0.0.1", probe}, {"::1", probe}}, 1s));
                     }) == EMFILE);
        }
        BOOST_TEST(thrown_by([] { const Prober prober; }) == EMFILE);
        BOOST_TEST(thrown_by([] { static_cast<void>(open_transport({.kinds = {TransportKind::sockets}})); }) == EMFILE);
        std::error_code error;
        BOOST_TEST(!open_transport({}, error));
        BOOST_TEST(error == error_of(EMFILE));
      });
}

BOOST_AUTO_TEST_CASE(a_name_is_not_unknown_because_descriptors_ran_out) {
  if (sanitized) return;
  for (const bool known_before : {true, false})
    in_namespace([&] {
      Options options;
      options.resolve.timeout = 500ms;
      if (known_before) static_cast<void>(multi_ping("localhost", 5s));
      use_up_descriptors(0);
      BOOST_TEST(thrown_by([&] { static_cast<void>(multi_ping("localhost", 1s, 0, options)); }) == -2);
      BOOST_TEST(resolve({"localhost"}, options.resolve)[0].error == make_error_code(Errc::lookup_failed));
      BOOST_TEST(reverse_resolve({*Address::parse("127.0.0.1")}, options.resolve)[0].error ==
                 make_error_code(Errc::lookup_failed));
    });
}

BOOST_AUTO_TEST_CASE(five_thousand_open_descriptors_are_no_hindrance) {
  in_namespace([] {
    const rlimit limit{6000, 6000};
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int i = 0; i < 5000; ++i) BOOST_REQUIRE(::eventfd(0, EFD_CLOEXEC) >= 0);
    MultiPing batch{{"127.0.0.1", "::1", "localhost"}};
    BOOST_TEST(batch.native_handle() >= 1024);
    batch.send();
    BOOST_TEST(batch.receive(20s).responses.size() == 3U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
