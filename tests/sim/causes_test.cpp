// Tests the causes of silence in virtual time: 1000 networks whose gateways go and come back while a batch runs, and
// whose neighbour entries are of every age. Nobody is accused who was not silent.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using State = net::Neighbour::State;

BOOST_AUTO_TEST_SUITE(causes_sim)

using Random = std::mt19937_64;

Duration up_to(Random& random, Duration most) {
  return Duration{std::uniform_int_distribution<Duration::rep>{0, most.count()}(random)};
}
bool one_in(Random& random, unsigned count) { return random() % count == 0; }

/// 10.<i>.0.0/24 answers and 10.<i>.1.0/24 is silent, both behind gateway i.
Scenario network(std::uint64_t seed) {
  Scenario scenario{.name = "causes", .seed = seed};
  for (const std::string i : {"1", "2", "3"}) {
    scenario.hosts.push_back(HostRule{.block = "10." + i + ".0.0/24"});
    scenario.hosts.push_back(silent("10." + i + ".1.0/24"));
  }
  return scenario;
}

/// A gateway that is sound, dead, or goes and perhaps comes back; its entry is of any age. An entry that the kernel
/// still takes for reachable belongs to a gateway that was alive until the batch began.
SimulatedHost::Gateway any_gateway(Random& random, std::size_t i) {
  SimulatedHost::Gateway gateway{.block = "10." + std::to_string(i) + ".0.0/16",
                                 .address = Address::v4({10, 0, 0, static_cast<std::uint8_t>(i)})};
  if (one_in(random, 2)) {
    const Duration from = one_in(random, 2) ? Duration{} : up_to(random, 3s);
    gateway.gone.push_back({.from = from, .until = one_in(random, 2) ? Duration{1h} : from + up_to(random, 4s)});
  }
  const bool dead_at_start = !gateway.gone.empty() && gateway.gone.front().from == Duration{};
  switch (random() % 4) {
    case 0:
      break;
    case 1:
      gateway.state = State::failed;
      break;
    case 2:
      gateway.state = State::stale;
      gateway.confirmed_before = 30s + up_to(random, 1min);
      break;
    default:
      if (dead_at_start) break;
      gateway.state = State::reachable;
      gateway.confirmed_before = up_to(random, 30s);
  }
  return gateway;
}

struct Counted {
  std::map<Cause, std::size_t> causes{};
  std::size_t wrong = 0, questions = 0;
};

/// Wrong: a gateway is accused that let all packets to the target pass, or this host's part is called sound although
/// no packet passed.
void judge(const Result& result, const HostLog& log, Counted& counted) {
  ++counted.causes[result.cause];
  const auto found = log.passages.find(result.address);
  const HostLog::Passage passage = found != log.passages.end() ? found->second : HostLog::Passage{};
  const auto passed = std::ranges::count_if(passage.passed, [&](Instant at) { return at <= log.last_waited; });
  const auto lost = std::ssize(passage.passed) - passed + passage.lost;
  const bool accused = result.cause == Cause::gateway_silent, cleared = result.cause == Cause::remote;
  const bool wrong = (accused && lost == 0) || (cleared && passed == 0);
  if (wrong || is_local(result.cause) != accused) {
    ++counted.wrong;
    BOOST_ERROR(result << ", " << result.cause << ": " << passed << " passed, " << lost << " lost");
  }
}

void run_once(std::uint64_t seed, Counted& counted) {
  Random random{seed};
  SimulatedHost host;
  for (std::size_t i = 1; i <= 3; ++i) host.gateways.push_back(any_gateway(random, i));
  std::vector<Target> targets;
  for (std::size_t i = 0; i < 30; ++i)
    targets.emplace_back("10." + std::to_string(1 + random() % 3) + "." + std::to_string(one_in(random, 3) ? 0 : 1) +
                         "." + std::to_string(1 + i));
  const auto transport = simulate(network(seed), host);
  Options options;
  options.transport = transport;
  const Duration timeout = 50ms + up_to(random, one_in(random, 5) ? Duration{15s} : Duration{4s});
  const Batch batch = multi_ping(targets, timeout, static_cast<int>(random() % 4), options);
  for (const Result& result : batch.responses) BOOST_TEST(result.cause == Cause::none);
  for (const Result& result : batch.no_responses) judge(result, transport->log(), counted);
  BOOST_TEST(transport->log().questions <= 10U);
  if (batch.no_responses.empty()) BOOST_TEST(transport->log().questions == 0U);
}

BOOST_AUTO_TEST_CASE(nobody_is_accused_wrongly_in_a_thousand_networks) {
  Counted counted;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) run_once(seed, counted);
  BOOST_TEST(counted.wrong == 0U);
  // The rules are not silent themselves: most causes are known.
  for (const auto& [cause, count] : counted.causes) BOOST_TEST_MESSAGE(cause << ": " << count);
  BOOST_TEST(counted.causes[Cause::gateway_silent] > 1000U);
  BOOST_TEST(counted.causes[Cause::remote] > 4000U);
  BOOST_TEST(counted.causes[Cause::unknown] < counted.causes[Cause::remote]);
}

struct World {
  explicit World(std::vector<SimulatedHost::Gateway> gateways) {
    SimulatedHost host;
    host.gateways = std::move(gateways);
    transport = simulate(network(1), host);
    options.transport = transport;
  }
  std::shared_ptr<SimulatedTransport> transport;
  Options options;
};

const SimulatedHost::Gateway dead{
    .block = "10.1.0.0/16", .address = Address::v4({10, 0, 0, 1}), .gone = {{.from = 0s, .until = 1h}}};
const SimulatedHost::Gateway alive{.block = "10.2.0.0/16", .address = Address::v4({10, 0, 0, 2})};

BOOST_AUTO_TEST_CASE(a_dead_gateway_and_a_healthy_one_are_told_apart) {
  const World world{{dead, alive}};
  std::vector<Target> targets;
  for (int i = 1; i <= 50; ++i) targets.emplace_back("10." + std::to_string(1 + i % 2) + ".1." + std::to_string(i));
  const Batch batch = multi_ping(targets, 2s, 1, world.options);
  auto counted = causes(batch.no_responses);
  BOOST_TEST(counted[Cause::gateway_silent] == 25U);
  BOOST_TEST(counted[Cause::remote] == 25U);
  BOOST_TEST(world.transport->log().questions <= 8U);
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_where_all_answer) {
  const World world{{alive}};
  for (const auto& result : multi_ping({"10.2.0.1", "10.2.0.2"}, 1s, 0, world.options).responses)
    BOOST_TEST(result.cause == Cause::none);
  BOOST_TEST(world.transport->log().questions == 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_clears_a_gateway_whose_entry_is_stale) {
  SimulatedHost::Gateway old = alive;
  old.state = State::stale;
  old.confirmed_before = 1min;
  const World world{{old}};
  BOOST_TEST(ping("10.2.1.1", 1s, world.options).cause == Cause::unknown);
  const Batch batch = multi_ping({"10.2.1.1", "10.2.0.1"}, 1s, 0, world.options);
  BOOST_TEST(batch.no_responses.front().cause == Cause::remote);
}

BOOST_AUTO_TEST_CASE(a_series_and_a_prober_ask_seldom) {
  const World world{{dead}};
  std::size_t told = 0;
  const SeriesOptions often{.count = 5, .interval = 100ms, .timeout = 1s, .ping = world.options};
  static_cast<void>(ping_series({"10.1.1.1", "10.1.1.2"}, often, [&](const Result& result, int) {
    told += result.cause == Cause::gateway_silent ? 1U : 0U;
  }));
  BOOST_TEST(told == 10U);
  BOOST_TEST(world.transport->log().questions <= 20U);
  Prober prober{world.options};
  for (std::uint8_t i = 1; i <= 50; ++i) static_cast<void>(prober.submit(Address::v4({10, 1, 1, i}), {}, 1s));
  told = 0;
  while (prober.in_flight() > 0)
    for (const auto& completion : prober.poll(10s)) told += completion.result.cause == Cause::gateway_silent ? 1U : 0U;
  BOOST_TEST(told == 50U);
  BOOST_TEST(world.transport->log().questions <= 8U);
}

/// The simulated host of other tests answers no questions, as a broker does not.
BOOST_AUTO_TEST_CASE(without_an_answer_the_cause_is_unknown) {
  const World world{{}};
  BOOST_TEST(ping("10.1.1.1", 1s, world.options).cause == Cause::unknown);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
