// Tests the causes of silence in virtual time: 1000 networks whose gateways go and come back while a batch runs, and
// whose neighbour entries are of every age. Nobody is accused who was not silent.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <random>
#include <sstream>
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

/// A gateway that is sound, dead, or goes and perhaps comes back; its entry is of any age. The kernel may still take it
/// for reachable when it has just died. A few gateways answer no packet to themselves.
SimulatedHost::Gateway any_gateway(Random& random, std::size_t i) {
  SimulatedHost::Gateway gateway{.block = "10." + std::to_string(i) + ".0.0/16",
                                 .address = Address::v4({10, 0, 0, static_cast<std::uint8_t>(i)})};
  if (one_in(random, 2)) {
    const Duration from = one_in(random, 2) ? Duration{} : up_to(random, 3s);
    gateway.gone.push_back({.from = from, .until = one_in(random, 2) ? Duration{1h} : from + up_to(random, 4s)});
  }
  gateway.mute = one_in(random, 8);
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
      gateway.state = State::reachable;
      gateway.confirmed_before = up_to(random, 30s);
  }
  return gateway;
}

struct Counted {
  std::map<Cause, std::size_t> causes{};
  std::size_t wrong = 0, unnoticed = 0;
};

/// What one run did.
struct Run {
  const SimulatedHost& host;
  const HostLog& log;
  int retry = 0;
};

/// The only probe was lost at a gateway that was back before the end of the wait, when it was called.
bool came_back_unnoticed(const Result& result, const Run& run) {
  const auto& gateway = run.host.gateways.at(result.address.bytes()[1] - 1U);
  return run.retry == 0 && !gateway.gone.empty() && run.host.start + gateway.gone.front().until <= run.log.last_waited;
}

/// Wrong: a gateway is accused that let all packets to the target pass, or this host's part is called sound although
/// no packet passed.
void judge(const Result& result, const Run& run, Counted& counted) {
  const HostLog& log = run.log;
  ++counted.causes[result.cause];
  const auto found = log.passages.find(result.address);
  const HostLog::Passage passage = found != log.passages.end() ? found->second : HostLog::Passage{};
  const auto passed = std::ranges::count_if(passage.passed, [&](Instant at) { return at <= log.last_waited; });
  const auto lost = std::ssize(passage.passed) - passed + passage.lost;
  const bool accused = result.cause == Cause::gateway_silent, cleared = result.cause == Cause::remote;
  const bool unnoticed = cleared && passed == 0 && came_back_unnoticed(result, run);
  const bool wrong = (accused && lost == 0) || (cleared && passed == 0 && !unnoticed);
  if (unnoticed) ++counted.unnoticed;
  if (wrong || is_local(result.cause) != accused) {
    ++counted.wrong;
    const auto& gateway = run.host.gateways.at(result.address.bytes()[1] - 1U);
    const auto gone = gateway.gone.empty() ? SimulatedHost::Absence{} : gateway.gone.front();
    BOOST_ERROR(result << ", " << result.cause << ": " << passed << " passed, " << lost << " lost; gone from "
                       << to_milliseconds(gone.from) << " to " << to_milliseconds(gone.until) << " of "
                       << to_milliseconds(log.last_waited - run.host.start) << " ms; entry "
                       << (gateway.state ? static_cast<int>(*gateway.state) : -1) << ", mute " << gateway.mute);
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
  const int retry = static_cast<int>(random() % 4);
  const Batch batch = multi_ping(targets, timeout, retry, options);
  for (const Result& result : batch.responses) BOOST_TEST(result.cause == Cause::none);
  for (const Result& result : batch.no_responses) judge(result, {host, transport->log(), retry}, counted);
  BOOST_TEST(transport->log().questions <= 12U);  // routes; three ways; a link, three neighbours, and these again
  if (batch.no_responses.empty()) BOOST_TEST(transport->log().questions == 0U);
}

BOOST_AUTO_TEST_CASE(nobody_is_accused_wrongly_in_a_thousand_networks) {
  Counted counted;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) run_once(seed, counted);
  BOOST_TEST(counted.wrong == 0U);
  // The rules are not silent themselves: most causes are known.
  for (const auto& [cause, count] : counted.causes) BOOST_TEST_MESSAGE(cause << ": " << count);
  BOOST_TEST_MESSAGE("a gateway came back unnoticed: " << counted.unnoticed);
  BOOST_TEST(counted.unnoticed < counted.causes[Cause::remote] / 50);
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

SimulatedHost::Gateway with_entry(SimulatedHost::Gateway gateway, State state, Duration confirmed_before) {
  gateway.state = state;
  gateway.confirmed_before = confirmed_before;
  return gateway;
}

SimulatedHost::Gateway muted(SimulatedHost::Gateway gateway) {
  gateway.mute = true;
  return gateway;
}

BOOST_AUTO_TEST_CASE(an_answer_clears_a_gateway_whose_entry_is_stale) {
  const World world{{muted(with_entry(alive, State::stale, 1min))}};
  const Result doubted = ping("10.2.1.1", 1s, world.options);
  BOOST_TEST(doubted.cause == Cause::unknown);
  BOOST_TEST(doubted.cause_address == alive.address);
  BOOST_TEST(world.transport->log().calls == 1U);
  const Batch batch = multi_ping({"10.2.1.1", "10.2.0.1"}, 1s, 0, world.options);
  BOOST_TEST(batch.no_responses.front().cause == Cause::remote);
  BOOST_TEST(world.transport->log().calls == 0U);
}

void check_all(const std::vector<Result>& results, Cause cause, const Address& gateway = {}) {
  BOOST_TEST(!results.empty());
  for (const Result& result : results) {
    BOOST_TEST(result.cause == cause, result);
    BOOST_TEST(result.cause_address == gateway);
  }
}

/// The results of each way of calling, for two silent targets behind the gateway.
template <class Check>
void ask_in_each_way(const SimulatedHost::Gateway& gateway, const std::string& block, Check check) {
  const World world{{gateway}};
  const std::vector<Target> targets{block + "1.1", block + "1.2"};
  for (const int retry : {0, 1, 3}) check(multi_ping(targets, 2s, retry, world.options).no_responses);
  MultiPing mp{targets, world.options};
  mp.send();
  check(mp.receive(500ms).no_responses);
  const auto told = [&](const Result& result, int) { check(std::vector{result}); };
  static_cast<void>(
      ping_series(targets, {.count = 2, .interval = 100ms, .timeout = 500ms, .ping = world.options}, told));
  Prober prober{world.options};
  for (std::uint8_t i = 1; i <= 2; ++i)
    static_cast<void>(prober.submit(*Address::parse(block + "1." + std::to_string(i)), {.timeout = 200ms, .retry = i}));
  while (prober.in_flight() > 0)
    for (const auto& completion : prober.poll(10s)) check(std::vector{completion.result});
}

BOOST_AUTO_TEST_CASE(a_gateway_that_died_just_now_is_not_cleared) {
  ask_in_each_way(with_entry(dead, State::reachable, 5s), "10.1.",
                  [](const auto& results) { check_all(results, Cause::unknown, dead.address); });
  ask_in_each_way(with_entry(dead, State::stale, 3min), "10.1.",
                  [](const auto& results) { check_all(results, Cause::unknown, dead.address); });
}

BOOST_AUTO_TEST_CASE(a_gateway_that_answers_a_call_is_cleared) {
  for (const State state : {State::reachable, State::stale})
    ask_in_each_way(with_entry(alive, state, 20s), "10.2.",
                    [](const auto& results) { check_all(results, Cause::remote); });
}

/// A program that checks hosts all the time, with 0.8 s from round to round.
std::vector<Transition> watch(HealthTracker& tracker, const World& world, std::vector<Target> hosts, int rounds) {
  std::vector<Transition> changes;
  PingSeries series{std::move(hosts), {.count = rounds, .interval = 800ms, .timeout = 500ms, .ping = world.options}};
  for (const Round& round : series)
    for (Transition& change : tracker.observe(round.results)) changes.push_back(std::move(change));
  return changes;
}

std::size_t count_to(const std::vector<Transition>& changes, multiping::State state) {
  return static_cast<std::size_t>(std::ranges::count(changes, state, &Transition::to));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_fails_makes_no_host_down) {
  for (const bool mute : {false, true})
    for (int seconds = 0; seconds < 30; seconds += 3) {
      SimulatedHost::Gateway gateway = with_entry(dead, State::reachable, 1s);
      gateway.gone = {{.from = std::chrono::seconds{5 + seconds}, .until = 75s}};
      gateway.mute = mute;
      HealthTracker tracker;
      const auto changes = watch(tracker, World{{gateway}}, {"10.1.0.1", "10.1.0.2"}, 120);
      BOOST_TEST(count_to(changes, multiping::State::down) == 0U);
      BOOST_TEST(count_to(changes, multiping::State::unknown) == 2U);
      for (const char* const host : {"10.1.0.1", "10.1.0.2"}) BOOST_TEST(tracker.host(host) == multiping::State::up);
    }
}

BOOST_AUTO_TEST_CASE(a_dead_host_behind_a_healthy_gateway_becomes_down) {
  for (const State state : {State::reachable, State::stale}) {
    HealthTracker tracker;
    const auto changes = watch(tracker, World{{with_entry(alive, state, 20s)}}, {"10.2.1.1"}, 4);
    BOOST_REQUIRE(changes.size() == 1U);
    BOOST_TEST(changes[0].to == multiping::State::down);
    BOOST_TEST(changes[0].round <= 3U);
  }
}

/// A run each few minutes, with a state file between them: the gateway's entry is old in each.
multiping::State state_after_runs(const SimulatedHost::Gateway& gateway, const std::string& host, int runs) {
  std::stringstream file;
  HealthTracker{}.save(file);
  for (int run = 0; run < runs; ++run) {
    const World world{{with_entry(gateway, State::stale, 3min)}};
    HealthTracker tracker = HealthTracker::load(file);
    const Batch batch = multi_ping(host, 2s, 3, world.options);
    tracker.observe(batch.responses.empty() ? batch.no_responses : batch.responses);
    file = std::stringstream{};
    tracker.save(file);
  }
  return HealthTracker::load(file).host(host);
}

BOOST_AUTO_TEST_CASE(runs_of_cron_tell_a_dead_gateway_from_a_dead_host) {
  BOOST_TEST(state_after_runs(alive, "10.2.0.1", 2) == multiping::State::up);
  BOOST_TEST(state_after_runs(dead, "10.1.0.1", 10) == multiping::State::unknown);
  BOOST_TEST(state_after_runs(alive, "10.2.1.1", 2) == multiping::State::unknown);
  BOOST_TEST(state_after_runs(alive, "10.2.1.1", 3) == multiping::State::down);
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
