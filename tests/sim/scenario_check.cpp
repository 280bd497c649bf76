// Runs one scenario through MultiPing or Prober, and checks every result and counter. See scenarios.hpp.
// The checks are the same for a simulated and a real network.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <utility>

#include "multiping/prober.hpp"
#include "sim/scenarios.hpp"

namespace multiping::test {
namespace {

std::string_view protocol_of(const Expected& expected) {
  return to_string(expected.probe ? expected.probe->protocol : Protocol::icmp);
}

bool weaker_alternative(const Expected& expected, const Result& result) {
  return expected.or_else && result.outcome == *expected.or_else && result.auth_bits < expected.weak_below;
}

// By default the responder is the target when it answers, and there is none otherwise.
bool right_responder(const Expected& expected, const Result& result) {
  const bool target = expected.outcome == Outcome::reply || expected.outcome == Outcome::refused;
  const Address usual = target ? result.address : Address{};
  return result.responder == (expected.responder ? expected.responder : usual) ||
         std::ranges::find(expected.or_from, result.responder) != expected.or_from.end();
}

void check_icmp(const Expected& expected, const Result& result) {
  BOOST_TEST((result.icmp != nullptr) == expected.type.has_value());
  if (result.icmp == nullptr || !expected.type) return;
  BOOST_TEST(unsigned{result.icmp->type} == unsigned{*expected.type});
  BOOST_TEST(unsigned{result.icmp->code} == unsigned{expected.code.value_or(std::uint8_t{0})});
  BOOST_TEST(result.icmp->mtu == expected.mtu);
  BOOST_TEST((result.icmp->mpls == expected.mpls), "labels: " << result.icmp->mpls.size());
  BOOST_TEST((result.icmp->interfaces == expected.interfaces), "interfaces: " << result.icmp->interfaces.size());
}

void check_answer(const Expected& expected, const Result& result) {
  if (!result.answered()) return;
  BOOST_TEST(result.attempt == expected.attempt);
  BOOST_TEST(result.rtt.count() >= expected.rtt_at_least.count());
  BOOST_TEST(result.payload_altered == expected.payload_altered);
}

void check_target(const Expected& expected, const Result& result, Duration budget) {
  BOOST_TEST_CONTEXT(result << ", " << protocol_of(expected)) {
    BOOST_TEST(result.host == expected.host);
    BOOST_TEST((result.rtt >= Duration{} && result.rtt <= budget + std::chrono::seconds{1}));
    if (weaker_alternative(expected, result)) return;
    BOOST_TEST(result.outcome == expected.outcome);
    BOOST_TEST(right_responder(expected, result), "responder " << result.responder);
    BOOST_TEST(unsigned{result.auth_bits} >= unsigned{expected.auth_at_least});
    BOOST_TEST(unsigned{result.auth_bits} <= unsigned{expected.auth_at_most});
    BOOST_TEST(result.error.value() == expected.error);
    check_icmp(expected, result);
    check_answer(expected, result);
  }
}

void check_counters(const Scenario& scenario, const Counters& counters, TransportKind kind) {
  BOOST_TEST(counters.received <= counters.sent);
  for (const CounterRule& rule : scenario.counters) {
    const auto& expected = kind == TransportKind::raw ? rule.raw : rule.ping;
    if (!expected) continue;
    // A real socket on a busy machine may drop packets. The kernel reports the drops, and the targets that they may
    // concern are probed again.
    BOOST_TEST_CONTEXT("counter " << rule.name) {
      if (counters.receive_drops == 0) BOOST_TEST((counters.*rule.counter) <= *expected);
      BOOST_TEST((counters.*rule.counter) + counters.receive_drops >= *expected);
    }
  }
}

}  // namespace

TargetList targets_of(const Scenario& scenario) {
  std::vector<Target> targets;
  for (const Expected& expected : scenario.targets) {
    if (!expected.ttl && !expected.probe) {
      targets.emplace_back(expected.host);
      continue;
    }
    ProbeOptions probe = expected.probe.value_or(options_of(scenario, nullptr).probe);
    if (expected.ttl) probe.ttl = expected.ttl;
    targets.emplace_back(expected.host, std::move(probe));
  }
  return targets;
}

Options options_of(const Scenario& scenario, std::shared_ptr<Transport> transport) {
  Options options;
  options.threads = 1;
  options.fail_fast = scenario.fail_fast;
  options.probe.payload_size = scenario.payload_size;
  options.probe.pattern = scenario.pattern;
  options.transport = std::move(transport);
  return options;
}

namespace {

bool has_come(const Expected& expected, const Result& result) {
  switch (expected.outcome) {
    case Outcome::reply:
    case Outcome::refused:
      return result.answered();
    case Outcome::unreachable:
    case Outcome::ttl_expired:
      return result.outcome != Outcome::no_reply && result.outcome != Outcome::pending;
    default:
      // No answer is expected. A target whose answer this host may have dropped is pending until it is probed again.
      return result.outcome != Outcome::pending;
  }
}

/// True when all answers that the network sends within `attempts` attempts have arrived.
bool all_has_come(const Scenario& scenario, const MultiPing& batch, int attempts) {
  const Duration each = scenario.timeout / (scenario.retry + 1);
  const auto results = batch.results();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Expected& expected = scenario.targets[i];
    const Duration given = each * (attempts + 1 - static_cast<int>(expected.attempt));
    if (!expected.or_else && expected.rtt_at_least < given && !has_come(expected, results[i])) return false;
  }
  return true;
}

}  // namespace

std::vector<Result> results_of(const Scenario& scenario, MultiPing& batch, Duration patience) {
  const Duration step = std::chrono::milliseconds{100};
  for (int attempt = 1; attempt <= scenario.retry + 1; ++attempt) {
    batch.send();
    static_cast<void>(batch.receive(scenario.timeout / (scenario.retry + 1)));
    for (; patience > Duration{} && !all_has_come(scenario, batch, attempt); patience -= step)
      static_cast<void>(batch.receive(step));
  }
  const auto results = batch.results();
  return {results.begin(), results.end()};
}

void check_scenario(const Scenario& scenario, std::shared_ptr<Transport> transport, TransportKind kind,
                    Duration patience) {
  MultiPing batch{targets_of(scenario), options_of(scenario, std::move(transport))};
  const auto results = results_of(scenario, batch, patience);
  BOOST_REQUIRE(results.size() == scenario.targets.size());
  for (std::size_t i = 0; i < results.size(); ++i)
    check_target(scenario.targets[i], results[i], scenario.timeout + patience);
  check_counters(scenario, batch.counters(), kind);
}

namespace {

// The results are in the order of the targets.
std::vector<Result> probe_singly(const Scenario& scenario, std::shared_ptr<Transport> transport) {
  Options options = options_of(scenario, std::move(transport));
  const ProbeOptions usual = std::exchange(options.probe, {});
  options.threads = 0;
  Prober prober{options};
  std::map<Prober::Token, std::size_t> positions;
  const TargetList targets = targets_of(scenario);
  for (const Target& target : targets) {
    const ProbeOptions& probe = target.probe() != nullptr ? *target.probe() : usual;
    const Address address = Address::parse(target.host()).value();
    const auto token = prober.submit(address, probe, scenario.timeout / (scenario.retry + 1), scenario.retry);
    positions.emplace(token, positions.size());
  }
  std::vector<Result> results(positions.size());
  while (prober.in_flight() > 0)
    for (auto& [token, result] : prober.poll(scenario.timeout)) results.at(positions.at(token)) = std::move(result);
  BOOST_TEST(prober.counters().received <= prober.counters().sent);
  return results;
}

}  // namespace

void check_scenario_singly(const Scenario& scenario, std::shared_ptr<Transport> transport) {
  const std::vector<Result> results = probe_singly(scenario, std::move(transport));
  BOOST_REQUIRE(results.size() == scenario.targets.size());
  for (std::size_t i = 0; i < results.size(); ++i) check_target(scenario.targets[i], results[i], scenario.timeout);
}

}  // namespace multiping::test
