// Tests round-trip times of a large batch on a busy machine: no answer comes before its probe was sent.
// The kernel time-stamps answers during the send call, and that call is interrupted again and again.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(sending_times_test, *precondition(needs_root))

constexpr std::size_t hosts_at_once = 30'000;

/// Less than the kernel takes for an echo request and its reply, on any machine.
constexpr Duration impossible = 300ns;

void busy() {
  const Stopwatch watch;
  while (watch.elapsed() < 60s) continue;
}

void check_times(const Batch& batch) {
  BOOST_TEST(batch.responses.size() == hosts_at_once);
  const auto& answers = batch.responses;
  const auto percent = static_cast<std::ptrdiff_t>(answers.size() / 100);
  BOOST_TEST(std::ranges::count_if(answers, [](const Result& result) { return result.rtt <= 0s; }) == 0);
  // The clocks of time stamps and of sending times are not read at exactly the same moment.
  BOOST_TEST(std::ranges::count_if(answers, [](const Result& r) { return r.rtt < impossible; }) <= percent);
  BOOST_TEST(std::ranges::count(answers, TimestampSource::user, &Result::timestamps) <= 5 * percent);
}

BOOST_AUTO_TEST_CASE(no_host_answers_before_it_was_asked) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const Child neighbour{busy}, other_neighbour{busy};
      Options options = options_for(kind);
      options.threads = 1;
      check_times(multi_ping(loopback_hosts(hosts_at_once), 20s, 2, options));
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
