// Tests round-trip times when this process is interrupted while it sends: they may be too long, but never too short.
// The simulated host knows when each probe was sent, which no call of a real kernel tells.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "multiping/multiping.hpp"
#include "sim/simulated_transport.hpp"
#include "support/sanitized.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(sending_times_sim)

constexpr std::size_t hosts = 640;
constexpr std::ptrdiff_t one_call = 64;
constexpr Duration pace = 5us;
constexpr int stride = sanitized ? 5 : 1;  ///< Factor on the steps between the tested moments of an interruption.

Batch interrupted_batch(Duration delay, std::optional<SimulatedHost::Stall> stall) {
  Scenario scenario{.name = "steady"};
  scenario.hosts = {{.block = "10.0.0.0/8", .replies = {{.delay = delay}}}};
  SimulatedHost host;
  host.send_cost = pace;
  host.stall = stall;
  Options options;
  options.threads = 1;
  options.transport = simulate(scenario, host);
  std::vector<Address> targets = expand("10.1.0.0/16");
  targets.resize(hosts);
  MultiPing batch{targets, options};
  batch.send();
  Batch result = batch.receive(1s);
  BOOST_TEST(result.responses.size() == hosts);
  return result;
}

void check_times(const Batch& batch, Duration at_least, Duration usually) {
  for (const Result& result : batch.responses) {
    BOOST_REQUIRE(result.rtt >= at_least);
    BOOST_REQUIRE(result.timestamps == TimestampSource::kernel);
  }
  const auto is_late = [usually](const Result& result) { return result.rtt > usually; };
  BOOST_TEST(std::ranges::count_if(batch.responses, is_late) <= one_call);
}

BOOST_AUTO_TEST_CASE(without_interruption_times_are_right_within_one_step) {
  for (const Duration delay : {Duration{1us}, Duration{200us}, Duration{30ms}}) {
    const Batch batch = interrupted_batch(delay, std::nullopt);
    for (const Result& result : batch.responses) BOOST_TEST((result.rtt >= delay && result.rtt <= delay + pace));
  }
}

BOOST_AUTO_TEST_CASE(an_interruption_makes_no_time_too_short_and_touches_one_call_alone) {
  for (const Duration delay : {Duration{1us}, Duration{200us}, Duration{30ms}})
    for (const Duration length : {Duration{600us}, Duration{2500us}, Duration{20ms}})
      for (Duration at = 7us; at < 3ms; at += stride * 97us)
        check_times(interrupted_batch(delay, SimulatedHost::Stall{.at = at, .length = length}), delay, delay + pace);
}

// A short interruption looks like a send call that was a little slower all the time.
BOOST_AUTO_TEST_CASE(a_short_interruption_counts_as_a_slow_call_and_leaves_no_time_impossible) {
  const Duration length = 150us;
  for (Duration at = 7us; at < 3ms; at += stride * 31us) {
    const SimulatedHost::Stall stall{.at = at, .length = length};
    check_times(interrupted_batch(1us, stall), 1us, 1us + pace);
    check_times(interrupted_batch(200us, stall), 200us - length, 200us + pace);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
