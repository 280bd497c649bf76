// Tests the health of hosts, verdicts, blame and the causes of silence while each allocation fails in turn.
// A call throws std::bad_alloc or returns its whole result, but for a cause, which is then unknown.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "memory/trial.hpp"
#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {

BOOST_AUTO_TEST_SUITE(health_memory_test)

namespace {

using namespace std::chrono_literals;

const std::string long_name = "a-host-with-a-name-that-is-too-long-for-a-string-without-memory-";

std::vector<Result> round_of(Outcome outcome) {
  std::vector<Result> results;
  for (int i = 0; i < 6; ++i)
    results.push_back({.host = long_name + std::to_string(i), .outcome = outcome, .cause = Cause::remote});
  return results;
}

/// Two racks of three hosts that are up.
HealthTracker racks() {
  HealthTracker tracker{{.fall = 1}};
  for (int i = 0; i < 6; ++i)
    tracker.add(long_name + std::to_string(i), {"a-room-with-a-long-name/rack" + std::to_string(i / 3)});
  tracker.set_quorum("a-room-with-a-long-name/rack0", {.share = 0.5});
  const auto up = round_of(Outcome::reply);
  for (int i = 0; i < 2; ++i) tracker.observe(up);
  return tracker;
}

std::string saved(const HealthTracker& tracker) {
  std::ostringstream out;
  tracker.save(out);
  return out.str();
}

/// Calls `change(tracker)`. When that throws, the tracker can be assigned to; else it is as `expected`.
template <class Change>
void check_change(const std::string& what, Change change) {
  HealthTracker changed = racks();
  change(changed);
  const std::string expected = saved(changed);
  const auto failed = fail_each_allocation(what, [&](Trial& trial) {
    HealthTracker tracker = racks();
    if (!trial.call([&] { change(tracker); })) {
      tracker = racks();
      change(tracker);
    }
    BOOST_TEST(saved(tracker) == expected);
  });
  BOOST_TEST(failed > 1U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tracker_changes_or_can_be_replaced) {
  check_change("HealthTracker::add()", [](HealthTracker& tracker) {
    tracker.add(long_name + "new", {"another-room-with-a-long-name/rack1", "a-room-with-a-long-name/rack1"});
  });
  check_change("HealthTracker::set_quorum()",
               [](HealthTracker& tracker) { tracker.set_quorum("a-third-room-with-a-long-name", {.count = 2}); });
  check_change("HealthTracker::set_options()",
               [](HealthTracker& tracker) { tracker.set_options({.flap_window = 2, .loss_window = 1}); });
  const auto fallen = round_of(Outcome::no_reply);
  check_change("HealthTracker::observe()", [&](HealthTracker& tracker) { static_cast<void>(tracker.observe(fallen)); });
}

BOOST_AUTO_TEST_CASE(a_state_is_saved_and_loaded_whole_or_not_at_all) {
  const HealthTracker tracker = racks();
  const std::string expected = saved(tracker);
  auto failed = fail_each_allocation("HealthTracker::save()", [&](Trial& trial) {
    std::ostringstream out;
    if (trial.call([&] { tracker.save(out); }) && out.good()) BOOST_TEST(out.str() == expected);
  });
  BOOST_TEST(failed > 1U);
  failed = fail_each_allocation("HealthTracker::load()", [&](Trial& trial) {
    std::istringstream in{expected};
    std::optional<HealthTracker> loaded;
    if (trial.call([&] { loaded = HealthTracker::load(in); })) BOOST_TEST(saved(*loaded) == expected);
    BOOST_TEST((in.exceptions() == std::ios::goodbit));
  });
  BOOST_TEST(failed > 10U);
}

BOOST_AUTO_TEST_CASE(judgements_are_whole_or_not_at_all) {
  std::vector<Sighting> rows;
  for (int from = 0; from < 5; ++from)
    for (int to = 0; to < 5; ++to)
      if (from != to)
        rows.push_back({long_name + std::to_string(from), long_name + std::to_string(to), 50, to == 3 ? 0U : 50U});
  fail_each_allocation("blame()", [&](Trial& trial) {
    std::vector<Suspect> suspects;
    if (!trial.call([&] { suspects = blame(rows); })) return;
    BOOST_TEST((suspects.size() == 1 && suspects[0].name == long_name + "3"));
  });
  // Ten probes each second, of which one each second is answered, after a burst of six.
  std::vector<Result> series;
  for (int i = 0; i < 60; ++i) {
    Result result{.host = "h", .outcome = i < 6 || i % 10 == 0 ? Outcome::reply : Outcome::no_reply};
    result.at = std::chrono::sys_time<Duration>{1000s + i * 100ms};
    series.push_back(result);
  }
  fail_each_allocation("rate_limit()", [&](Trial& trial) {
    std::optional<multiping::RateLimit> limit;
    if (trial.call([&] { limit = rate_limit(series); })) BOOST_TEST(limit.has_value());
  });
  fail_each_allocation("verdict()", [&](Trial& trial) {
    auto said = Verdict::unknown;
    BOOST_TEST(trial.call([&] { said = verdict(series); }));
    BOOST_TEST((said == Verdict::limited || (trial.failed() && said == Verdict::up)));
  });
  fail_each_allocation("causes()", [&](Trial& trial) {
    std::map<Cause, std::size_t> counted;
    if (trial.call([&] { counted = causes(series); })) BOOST_TEST(counted.at(Cause::none) == series.size());
  });
}

namespace {

/// In the half of it that is left after a gateway is called, the gateway answers on a busy machine too.
constexpr auto answer_time = 150ms;
const std::vector<std::string> silent_hosts{"10.25.0.1", "fd25::1", "10.1.0.77"};

/// Behind the gateway 10.1.0.2, which answers, all is silent.
void make_silence() {
  make_peer();
  run("ip route add 10.25.0.0/16 via 10.1.0.2 && ip -6 route add fd25::/32 via fd01::2");
}

/// The cause is the one that is found with memory, or unknown. That of a target on the link is unknown, too, until the
/// kernel has asked for it for a while.
void check(const Trial& trial, const Result& result) {
  const bool beyond = result.host != silent_hosts[2];
  const bool found = result.cause == (beyond ? Cause::remote : Cause::neighbour_silent);
  if (!found && !((trial.failed() || !beyond) && result.cause == Cause::unknown))
    BOOST_ERROR("allocation " << trial.number() << ": " << result << ": " << result.cause);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_cause_is_found_or_unknown, *boost::unit_test::precondition(needs_root)) {
  in_namespace(
      [] {
        make_silence();
        const auto failed = fail_each_allocation("multi_ping() of silent hosts", [](Trial& trial) {
          Batch batch;
          if (!trial.call([&] { batch = multi_ping(silent_hosts, answer_time, 1); })) return;
          for (const Result& result : batch.no_responses) check(trial, result);
        });
        BOOST_TEST(failed > 20U);
        fail_each_allocation("Prober::poll() of silent hosts", [](Trial& trial) {
          std::vector<Prober::Completion> done;
          Prober prober;
          for (const std::string& host : silent_hosts)
            static_cast<void>(prober.submit(*Address::parse(host), {.timeout = answer_time}));
          if (!trial.call([&] {
                while (done.size() < silent_hosts.size())
                  for (auto& each : prober.poll(1s)) done.push_back(std::move(each));
              }))
            return;
          for (const auto& each : done) check(trial, each.result);
        });
      },
      300s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace multiping::test
