// Tests ping() calls in a row with one transport: they open no new sockets, and hear no answers to earlier calls.
// A transport keeps its sockets for one process and one network namespace.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(kept_transport_test, *precondition(needs_root) * label("own_sockets"))

constexpr auto long_enough = 20s;
const std::vector<std::string> both_families = {"127.0.0.1", "::1"};

/// Calls `body` for each kind of both_kinds, in a network namespace of its own.
template <class Body>
void for_both_kinds(Body body) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind, &body] {
      BOOST_TEST_CONTEXT(to_string(kind)) {
        allow_ping_sockets();
        body(kind);
      }
    });
  }
}

bool answers(const std::string& host, const Options& options) {
  const Result result = ping(host, long_enough, options);
  return result.answered() && result.responder == *Address::parse(host);
}

/// Returns the files and sockets of all open descriptors by name. A new socket has another number in its name.
std::set<std::string> open_files() {
  std::set<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    open.insert(std::filesystem::read_symlink(entry.path(), gone).string());
  }
  return open;
}

void enter(const std::string& network) {
  const int descriptor = ::open(network.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || ::setns(descriptor, CLONE_NEWNET) != 0) throw std::runtime_error{"cannot enter " + network};
  ::close(descriptor);
}

BOOST_AUTO_TEST_CASE(nothing_is_opened_anew) {
  for_both_kinds([](TransportKind kind) {
    const Options options = options_for(kind);
    for (const std::string& host : both_families) BOOST_TEST(answers(host, options));
    const std::set<std::string> before = open_files();
    for (int times = 0; times < 20; ++times)
      for (const std::string& host : both_families) BOOST_TEST(answers(host, options));
    BOOST_TEST((open_files() == before));
  });
}

/// Each object gets a socket that works, whichever objects used it before.
BOOST_AUTO_TEST_CASE(other_objects_have_it_in_between) {
  for_both_kinds([](TransportKind kind) {
    Options options = options_for(kind);
    allow_ping_sockets(false);
    become_nobody();
    for (int times = 0; times < 3; ++times) {
      for (const std::string& host : both_families) BOOST_TEST(answers(host, options));
      options.probe.payload_size = 1400;  // leaves without DF
      for (const std::string& host : both_families) BOOST_TEST(answers(host, options));
      options.probe.payload_size = 0;
      BOOST_TEST(multi_ping(both_families, long_enough, 1, options).responses.size() == 2U);
      MultiPing batch{both_families, options};
      batch.send();
      BOOST_TEST(batch.receive(long_enough).responses.size() == 2U);
    }
  });
}

/// Each answer comes after the timeout of its own call, while a later call waits.
BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_call_is_none, *precondition(needs_tun)) {
  for_both_kinds([](TransportKind kind) {
    const TunDevice network{slow_network(150ms)};
    for (const std::size_t payload : {56U, 8U}) {
      Options options = options_for(kind);
      options.probe.payload_size = payload;
      for (int times = 0; times < 20; ++times)
        BOOST_TEST((ping("10.20.0.1", 20ms, options).outcome == Outcome::no_reply));
      BOOST_TEST(answers("10.20.0.1", options));
      BOOST_TEST(ping("10.20.0.1", long_enough, options).rtt >= Duration{150ms});
    }
  });
}

BOOST_AUTO_TEST_CASE(threads_ask_at_once) {
  for_both_kinds([](TransportKind kind) {
    const Options options = options_for(kind);
    std::atomic<int> answered = 0;
    std::vector<std::jthread> threads;
    for (int i = 1; i <= 8; ++i)
      threads.emplace_back([&options, &answered, host = "127.0.0." + std::to_string(i)] {
        for (int times = 0; times < 100; ++times) answered += answers(host, options) ? 1 : 0;
      });
    threads.clear();
    BOOST_TEST(answered == 800);
  });
}

BOOST_AUTO_TEST_CASE(a_forked_child_has_its_own) {
  for_both_kinds([](TransportKind kind) {
    const Options options = options_for(kind);
    BOOST_TEST(answers("127.0.0.1", options));
    const auto ask = [&options](const std::string& host) {
      for (int times = 0; times < 300; ++times) BOOST_TEST(answers(host, options));
    };
    Child child{[&ask] { ask("127.0.0.2"); }};
    ask("127.0.0.3");
    BOOST_TEST(child.join());
    BOOST_TEST(answers("127.0.0.1", options));
  });
}

/// The other namespace has a host, 192.0.2.1, to which this namespace has no route.
BOOST_AUTO_TEST_CASE(another_network_namespace_has_its_own) {
  for_both_kinds([](TransportKind kind) {
    make_peer();
    run("nsenter --net=/run/netns/peer ip addr add 192.0.2.1/32 dev lo");
    run("nsenter --net=/run/netns/peer sysctl -qw net.ipv4.ping_group_range='0 2147483647'");
    const Options options = options_for(kind);
    const auto check = [&options](bool in_peer) {
      BOOST_TEST(answers("127.0.0.1", options));
      BOOST_TEST(ping("192.0.2.1", 1s, options).answered() == in_peer);
    };
    check(false);
    std::thread{[&] {
      check(false);
      enter("/run/netns/peer");
      check(true);
    }}.join();
    check(false);
    const std::string home = "/proc/" + std::to_string(::getpid()) + "/ns/net";
    const int back = ::open(home.c_str(), O_RDONLY | O_CLOEXEC);
    enter("/run/netns/peer");
    check(true);
    BOOST_REQUIRE(::setns(back, CLONE_NEWNET) == 0);
    ::close(back);
    check(false);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
