// Tests batches that run on several threads: they give the same results, have one descriptor, and end their threads.
// Two cores are enough; with one core, the tests still pass.
#include <poll.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <thread>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(shards_test, *precondition(needs_root))

std::ptrdiff_t running_threads() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, std::filesystem::directory_iterator{});
}

/// Waits up to 2 s until at most `count` threads run: a joined thread stays in /proc for a moment.
bool threads_fall_to(std::ptrdiff_t count) {
  const Stopwatch watch;
  while (running_threads() > count && watch.elapsed() < 2s) std::this_thread::yield();
  return running_threads() <= count;
}

Options with_threads(TransportKind kind, int threads) {
  Options options = options_for(kind);
  options.threads = threads;
  return options;
}

BOOST_AUTO_TEST_CASE(threads_change_no_result) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      (void)multi_ping(loopback_hosts(100), 5s, 0, with_threads(kind, 2));
      const auto threads_before = running_threads();  // a sanitizer has threads of its own
      auto targets = loopback_hosts(20'000);
      targets.push_back(targets[3]);  // a position whose target is in another shard
      for (const int threads : {0, 1, 2, 8}) {
        MultiPing batch{targets, with_threads(kind, threads)};
        batch.send();
        const auto [responses, no_responses] = batch.receive(5s);
        BOOST_TEST(responses.size() == targets.size());
        BOOST_TEST(no_responses.empty());
        BOOST_TEST(batch.counters().sent >= 20'000U);
        BOOST_CHECK(batch.results()[20'000].rtt == batch.results()[3].rtt);
        for (std::size_t i = 0; i < targets.size(); ++i) BOOST_REQUIRE(responses[i].address == targets[i]);
      }
      BOOST_TEST(threads_fall_to(threads_before));
    });
  }
}

BOOST_AUTO_TEST_CASE(one_descriptor_for_all_shards) {
  in_namespace([] {
    make_peer();
    run("nsenter --net=/run/netns/peer ip route add local 10.1.8.0/21 dev vb");
    auto targets = expand("10.1.8.0/23");
    MultiPing batch{targets, with_threads(TransportKind::raw, 2)};
    pollfd watched{.fd = batch.native_handle(), .events = POLLIN, .revents = 0};
    BOOST_TEST(::poll(&watched, 1, 0) == 0);
    for (int rounds = 0; rounds < 10 && batch.unanswered() > 0; ++rounds) {
      batch.send();
      while (batch.awaited() > 0 && ::poll(&watched, 1, 1000) == 1) batch.receive(0s);
    }
    BOOST_TEST(batch.unanswered() == 0U);
    // Answers to repeated probes may still come; then the batch has nothing more to do.
    for (int late = 0; late < 100 && ::poll(&watched, 1, 20) == 1; ++late) batch.receive(0s);
    BOOST_TEST(::poll(&watched, 1, 0) == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_all_threads) {
  in_namespace([] {
    std::stop_source source;
    Options options = with_threads(TransportKind::raw, 2);
    options.stop = source.get_token();
    MultiPing batch{loopback_hosts(10'000), options};
    source.request_stop();
    batch.send();
    BOOST_TEST(batch.unanswered() == 10'000U);
    BOOST_TEST(batch.counters().sent == 0U);
    BOOST_TEST(batch.receive(10s).no_responses.size() == 10'000U);
  });
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_for_the_whole_batch) {
  in_namespace([] {
    Options options = with_threads(TransportKind::raw, 2);
    options.max_rate = 20'000;
    MultiPing batch{loopback_hosts(20'000), options};
    const Stopwatch watch;
    batch.send();
    const double seconds = std::chrono::duration<double>(watch.elapsed()).count();
    BOOST_TEST(seconds > 0.95);
    BOOST_TEST(seconds < 3.0);
    BOOST_TEST(batch.receive(1s).responses.size() + 0U == 20'000U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
