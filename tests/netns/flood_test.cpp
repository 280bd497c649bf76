// Tests a flood of a million forged replies while a batch waits for the real ones.
// The forgeries are counted and change no result, and the real replies are found.
#include <boost/test/unit_test.hpp>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(flood_test, *precondition(needs_tun))

constexpr unsigned targets = 100;
const unsigned forgeries_each = sanitized || through_broker_only() ? 1'000 : 10'000;
const std::uint64_t forged = std::uint64_t{targets} * forgeries_each;

// Two thirds of the forgeries have the batch's identifier. Half of the hosts never answer.
Scenario flooded_network() {
  Scenario scenario{.name = "flooded"};
  const Forgeries forgeries{.count = forgeries_each, .over = 2s};
  scenario.hosts = {{.block = "10.20.1.0/24", .replies = {{.delay = 500ms}}, .forgeries = forgeries},
                    {.block = "10.20.2.0/24", .replies = {}, .forgeries = forgeries}};
  return scenario;
}

BOOST_AUTO_TEST_CASE(a_flood_of_forgeries_changes_no_result) {
  for (const TransportKind kind : both_kinds) {
    in_namespace(
        [kind] {
          allow_ping_sockets();
          const TunDevice device{flooded_network()};
          std::vector<std::string> list = hosts("10.20.1.", 1, targets / 2);
          for (const std::string& silent : hosts("10.20.2.", 1, targets / 2)) list.push_back(silent);
          MultiPing batch{list, options_for(kind)};
          const Stopwatch watch;
          do {
            batch.send();
            static_cast<void>(batch.receive(1s));
          } while (count(batch.results(), Outcome::reply) < targets / 2 && watch.elapsed() < 60s);
          BOOST_TEST(count(batch.results(), Outcome::reply) == targets / 2);
          // When the kernel dropped packets of the flood, a real reply may be among them: its target is pending.
          BOOST_TEST(count(batch.results(), Outcome::no_reply) + count(batch.results(), Outcome::pending) ==
                     targets / 2);
          for (const Result& result : batch.results())
            BOOST_TEST(result.answered() == result.host.starts_with("10.20.1."));
          const Counters counters = batch.counters();
          BOOST_TEST(counters.received <= counters.sent);
          // The forgeries with the right identifier, without those that the kernel drops when this process is too slow.
          BOOST_TEST(counters.unauthenticated > forged / 100);
          BOOST_TEST(counters.unauthenticated + counters.late <= forged * 2 / 3 + targets);
          BOOST_TEST(counters.wrong_source == 0U);
        },
        120s);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
