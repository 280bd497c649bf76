// Tests ping() calls in a row without a transport: each is as if it were the first, though it uses the memory of the
// last. No socket stays open, and nothing of one call is seen by the next.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(pings_in_a_row_test, *precondition(needs_root) * label("own_sockets"))

constexpr auto long_enough = 20s;

bool answers(const std::string& host, const Options& options = {}) {
  const Result result = ping(host, long_enough, options);
  return result.answered() && result.host == host && result.responder == *Address::parse(host);
}

/// Calls `body` as root, whose pings are by raw sockets, and as a user who has only ping sockets.
template <class Body>
void as_root_and_as_nobody(Body body) {
  for (const bool root : {true, false}) {
    in_namespace([root, &body] {
      BOOST_TEST_CONTEXT((root ? "raw sockets" : "ping sockets")) {
        allow_ping_sockets(!root);
        if (!root) become_nobody();
        body();
      }
    });
  }
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{}));
}

/// All members that do not differ from ping to ping. Now and then the kernel's time of an answer from this host is not
/// after the time measured for its probe, and is not used.
void check_same(const Result& ours, const Result& theirs) {
  BOOST_TEST(ours.host == theirs.host);
  BOOST_TEST(ours.address == theirs.address);
  BOOST_TEST((ours.outcome == theirs.outcome));
  BOOST_TEST(ours.responder == theirs.responder);
  BOOST_TEST(ours.attempt == theirs.attempt);
  BOOST_TEST(int{ours.reply_ttl} == int{theirs.reply_ttl});
  BOOST_TEST((ours.timestamps == TimestampSource::none) == (theirs.timestamps == TimestampSource::none));
  BOOST_TEST(int{ours.auth_bits} == int{theirs.auth_bits});
  BOOST_TEST((ours.reply_tos == theirs.reply_tos));
  BOOST_TEST((ours.error == theirs.error));
  BOOST_TEST((ours.icmp != nullptr) == (theirs.icmp != nullptr));
  BOOST_TEST(ours.position == theirs.position);
  BOOST_TEST((ours.protocol == theirs.protocol));
  BOOST_TEST(ours.reply_size == theirs.reply_size);
  BOOST_TEST((ours.cause == theirs.cause));
  BOOST_TEST((ours.at > std::chrono::system_clock::now() - 1min));
  BOOST_TEST((ours.answered() ? ours.rtt > Duration{} : ours.rtt == Duration{}));
}

BOOST_AUTO_TEST_CASE(each_result_is_that_of_a_first_call) {
  as_root_and_as_nobody([] {
    // As nobody there are ping sockets, whose identifiers no test may choose: 127.0.0.1 answers, 192.0.2.1 has no
    // route.
    const std::vector<std::string> hosts{"127.0.0.1", "::1", "127.0.0.2", "192.0.2.1", "127.0.0.1", "127.0.0.1"};
    const std::vector<Options> all{{},
                                   {.probe = {.payload_size = 8}},
                                   {.probe = {.ttl = 3}},
                                   {.fail_fast = true},
                                   {.any_source = true},
                                   {.probe = {.payload_size = 1'402}}};
    for (int times = 0; times < 3; ++times)
      for (const Options& options : all)
        for (const std::string& host : hosts) {
          const Result ours = ping(host, host == "192.0.2.1" ? Timeout{100ms} : Timeout{long_enough}, options);
          MultiPing fresh{host, options};
          fresh.send();
          const Batch theirs = fresh.receive(host == "192.0.2.1" ? Timeout{100ms} : Timeout{long_enough});
          BOOST_TEST_CONTEXT(host << ", round " << times)
          check_same(ours, theirs.responses.empty() ? theirs.no_responses.front() : theirs.responses.front());
        }
  });
}

BOOST_AUTO_TEST_CASE(no_descriptor_stays_open) {
  as_root_and_as_nobody([] {
    const std::size_t before = open_descriptors();
    for (int times = 0; times < 20; ++times)
      for (const char* host : {"127.0.0.1", "::1"}) {
        BOOST_TEST(answers(host));
        BOOST_TEST(open_descriptors() == before);
      }
  });
}

BOOST_AUTO_TEST_CASE(calls_with_a_transport_come_in_between) {
  in_namespace([] {
    for (const TransportKind kind : both_kinds) {
      allow_ping_sockets();
      const Options kept = options_for(kind);
      std::weak_ptr<Transport> seen;
      {
        const Options passing = options_for(kind);
        seen = passing.transport;
        for (int times = 0; times < 3; ++times) {
          BOOST_TEST(answers("127.0.0.1"));
          BOOST_TEST(answers("127.0.0.1", kept));
          BOOST_TEST(answers("::1", passing));
          BOOST_TEST(ping("127.0.0.1", long_enough, {.probe = {.protocol = Protocol::tcp, .port = 9}}).answered());
        }
      }
      BOOST_TEST(seen.expired());  // the caller's transport is not kept alive
    }
  });
}

/// The addresses of two hosts that answer after 150 ms: no answer to one call counts for a later one.
BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_call_is_none, *precondition(needs_tun)) {
  in_namespace([] {
    const TunDevice network{slow_network(150ms)};
    BOOST_TEST(answers("10.20.0.1"));
    for (int times = 0; times < 20; ++times) {
      BOOST_TEST((ping("10.20.0.1", 20ms).outcome == Outcome::no_reply));
      BOOST_TEST(answers("127.0.0.1"));
    }
    BOOST_TEST(ping("10.20.0.1", long_enough).rtt >= Duration{150ms});
    BOOST_TEST(ping("10.20.0.1", long_enough).rtt >= Duration{150ms});
  });
}

BOOST_AUTO_TEST_CASE(threads_ask_at_once) {
  as_root_and_as_nobody([] {
    std::atomic<int> answered = 0;
    std::vector<std::jthread> threads;
    for (int i = 1; i <= 8; ++i)
      threads.emplace_back([&answered, host = "127.0.0." + std::to_string(i)] {
        for (int times = 0; times < 100; ++times) answered += answers(host) ? 1 : 0;
      });
    threads.clear();
    BOOST_TEST(answered == 800);
  });
}

BOOST_AUTO_TEST_CASE(a_forked_child_goes_on_by_itself) {
  as_root_and_as_nobody([] {
    BOOST_TEST(answers("127.0.0.1"));
    const auto ask = [](const std::string& host) {
      for (int times = 0; times < 300; ++times) BOOST_TEST(answers(host));
    };
    Child child{[&ask] { ask("127.0.0.2"); }};
    ask("127.0.0.3");
    BOOST_TEST(child.join());
    BOOST_TEST(answers("127.0.0.1"));
  });
}

/// The other namespace has a host, 192.0.2.1, to which this namespace has no route.
BOOST_AUTO_TEST_CASE(a_thread_that_moves_asks_where_it_is) {
  in_namespace([] {
    make_peer();
    run("nsenter --net=/run/netns/peer ip addr add 192.0.2.1/32 dev lo");
    const std::string home = "/proc/" + std::to_string(::getpid()) + "/ns/net";
    const int back = ::open(home.c_str(), O_RDONLY | O_CLOEXEC), peer = ::open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
    for (int times = 0; times < 3; ++times) {
      BOOST_TEST(answers("127.0.0.1"));
      BOOST_TEST(!ping("192.0.2.1", 100ms).answered());
      BOOST_TEST(answers("127.0.0.1"));
      BOOST_REQUIRE(::setns(peer, CLONE_NEWNET) == 0);
      BOOST_TEST(answers("192.0.2.1"));
      BOOST_REQUIRE(::setns(back, CLONE_NEWNET) == 0);
      BOOST_TEST(!ping("192.0.2.1", 100ms).answered());
    }
    ::close(back);
    ::close(peer);
  });
}

/// The kind of sockets is chosen anew for each call.
BOOST_AUTO_TEST_CASE(a_process_that_gives_up_its_privileges_goes_on_by_ping_sockets) {
  in_namespace([] {
    BOOST_TEST(answers("127.0.0.1"));
    allow_ping_sockets(false);
    become_nobody();
    BOOST_CHECK_THROW(static_cast<void>(ping("127.0.0.1", 1s)), PermissionError);
  });
  in_namespace([] {
    BOOST_TEST(answers("127.0.0.1"));
    allow_ping_sockets();
    become_nobody();
    for (int times = 0; times < 3; ++times) BOOST_TEST(answers("127.0.0.1"));
  });
}

/// Calls `body` while this process can open no descriptor, whichever it has inherited.
void without_descriptors(const std::function<void()>& body) {
  rlimit usual{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const int lowest_free = ::dup(0);
  BOOST_REQUIRE(::close(lowest_free) == 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = usual.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  body();
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
}

/// A first call and a later one end alike.
BOOST_AUTO_TEST_CASE(a_lack_of_descriptors_is_told_as_at_first) {
  for (const bool first : {true, false}) {
    in_namespace([first] {
      if (!first) BOOST_TEST(answers("127.0.0.1"));
      without_descriptors([] {
        BOOST_CHECK_EXCEPTION(static_cast<void>(ping("127.0.0.1", 1s)), std::system_error,
                              [](const std::system_error& error) {
                                return error.what() == "cannot open a transport of kind raw: Too many open files"s;
                              });
      });
      BOOST_TEST(answers("127.0.0.1"));
    });
  }
}

/// The stop source ends while the call runs: later calls do not pay for it.
BOOST_AUTO_TEST_CASE(a_stop_source_may_end_meanwhile, *precondition(needs_tun)) {
  in_namespace([] {
    const TunDevice network{slow_network(150ms)};
    auto stop = std::make_unique<std::stop_source>();
    Options options{.stop = stop->get_token()};
    const std::size_t before = open_descriptors();
    const std::jthread ender{[&stop] {
      std::this_thread::sleep_for(50ms);
      stop.reset();
    }};
    BOOST_TEST(answers("10.20.0.1", options));
    BOOST_TEST(answers("127.0.0.1"));
    BOOST_TEST(open_descriptors() == before);
  });
}

BOOST_AUTO_TEST_CASE(wrong_options_are_refused_every_time) {
  in_namespace([] {
    BOOST_TEST(answers("127.0.0.1"));
    for (int times = 0; times < 2; ++times) {
      BOOST_CHECK_THROW(static_cast<void>(ping("127.0.0.1", 1s, {.probe = {.ttl = 256}})), std::invalid_argument);
      BOOST_CHECK_THROW(static_cast<void>(ping("127.0.0.1", 1s, {.threads = -1})), std::invalid_argument);
      BOOST_CHECK_THROW(static_cast<void>(ping("127.0.0.1", 0s)), std::invalid_argument);
      BOOST_CHECK_THROW(static_cast<void>(ping("no such host", 1s)), std::exception);
      BOOST_TEST(answers("127.0.0.1"));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
