// Measures a HealthTracker on simulated rounds: what chance makes of 2 % loss, that outages are found in time, that a
// rack is one event, and how often lossy() is right. Seeded.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "multiping/health.hpp"

BOOST_AUTO_TEST_SUITE(health_chance_test)

using namespace multiping;

namespace {

constexpr double chance = 0.02;

/// Hosts that lose a share of their probes, and those that are dead.
class Simulation {
 public:
  Simulation(std::size_t hosts, std::size_t in_rack, unsigned seed, const HealthOptions& options = {})
      : tracker{options}, dead(hosts), random_{seed}, round_(hosts) {
    for (std::size_t i = 0; i < hosts; ++i) {
      round_[i].host = "h" + std::to_string(i);
      tracker.add(round_[i].host, {"rack" + std::to_string(i / in_rack)});
    }
  }

  std::vector<Transition> step(double loss) {
    const auto limit = static_cast<std::uint32_t>(loss * 4294967295.0);
    for (std::size_t i = 0; i < round_.size(); ++i)
      round_[i].outcome = dead[i] || random_() < limit ? Outcome::no_reply : Outcome::reply;
    return tracker.observe(round_);
  }
  void start() {
    for (int i = 0; i < 3; ++i) step(0);
  }
  std::size_t draw(std::size_t below) { return random_() % below; }
  const std::string& name(std::size_t host) const { return round_[host].host; }

  HealthTracker tracker;
  std::vector<bool> dead;

 private:
  std::mt19937 random_;
  std::vector<Result> round_;
};

bool tells_of(const std::vector<Transition>& told, const std::string& host) {
  return std::ranges::any_of(told, [&](const Transition& each) {
    const bool member = std::ranges::find(each.members, host) != each.members.end();
    return each.to == State::down && (member || (!each.group && each.name == host));
  });
}

}  // namespace

// Three losses in a row after an answer: 2 % * 2 % * 2 % * 98 % of 1,000,000 rounds are 7.8.
BOOST_AUTO_TEST_CASE(a_million_rounds_at_two_per_cent) {
  Simulation mesh{1000, 20, 1};
  mesh.start();
  int falls = 0, rises = 0, others = 0;
  for (int round = 0; round < 1000; ++round)
    for (const Transition& each : mesh.step(chance)) {
      falls += each.to == State::down ? 1 : 0;
      rises += each.to == State::up ? 1 : 0;
      others += each.group || each.to == State::flapping || each.to == State::unknown ? 1 : 0;
    }
  BOOST_TEST_MESSAGE(falls << " falls and " << rises << " rises in 1,000,000 rounds");
  BOOST_TEST(falls <= 19);  // 4 standard deviations above
  BOOST_TEST(rises <= falls);
  BOOST_TEST(rises >= falls - 1);
  BOOST_TEST(others == 0);
}

BOOST_AUTO_TEST_CASE(every_outage_is_found_within_fall_and_one_rounds) {
  Simulation mesh{200, 10, 2};
  mesh.start();
  for (int outage = 0; outage < 100; ++outage) {
    const std::size_t host = mesh.draw(200);
    for (int i = 0; i < 3; ++i) mesh.step(0);  // whoever fell by chance is up again
    mesh.dead[host] = true;
    bool told = false;
    for (int i = 0; i < 4; ++i) told = tells_of(mesh.step(chance), mesh.name(host)) || told;
    BOOST_TEST(told, mesh.name(host) << " was not found");
    BOOST_TEST(mesh.tracker.host(mesh.name(host)) == State::down);
    mesh.dead[host] = false;
  }
}

// Its switch dies in the middle of a round, while others lose 2 %.
BOOST_AUTO_TEST_CASE(a_rack_is_one_event) {
  int one_event = 0, early = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    Simulation mesh{200, 20, seed};
    mesh.start();
    for (int i = 0; i < 3; ++i) mesh.step(chance);
    const std::size_t rack = mesh.draw(10), answered = mesh.draw(21);
    std::set<std::string> members;
    int events = 0, alone = 0;
    for (int i = 0; i < 5; ++i) {
      for (std::size_t each = i == 0 ? answered : 0; each < 20; ++each) mesh.dead[20 * rack + each] = true;
      for (const Transition& told : mesh.step(chance)) {
        events += told.group && told.name == "rack" + std::to_string(rack) && told.to == State::down ? 1 : 0;
        for (const std::string& member : told.members) members.insert(member);
        for (std::size_t host = 20 * rack; host < 20 * rack + 20; ++host) alone += told.name == mesh.name(host) ? 1 : 0;
      }
    }
    // A host that had just lost two probes by chance falls up to two rounds before the others, and is told by itself.
    one_event += events == 1 && members.size() + static_cast<std::size_t>(alone) == 20 ? 1 : 0;
    early += alone;
  }
  BOOST_TEST_MESSAGE(one_event << " of 200 racks are one event; " << early << " of 4,000 hosts told before it");
  BOOST_TEST(one_event == 200);
  BOOST_TEST(early <= 80);
}

// By the lower end of an interval of 95 %, 2.5 % of those hosts are called lossy that lose just what is accepted.
BOOST_AUTO_TEST_CASE(lossy_is_right_as_often_as_it_says) {
  const auto lossy = [](double loss, double accepted) {
    Simulation mesh{2000, 2000, 3, {.flap_high = 2, .max_loss = accepted}};
    for (int i = 0; i < 100; ++i) mesh.step(loss);
    int called = 0;
    for (std::size_t host = 0; host < 2000; ++host) called += mesh.tracker.lossy(mesh.name(host)) ? 1 : 0;
    return called / 2000.0;
  };
  const double wrong = lossy(0.05, 0.05), right = lossy(0.2, 0.05);
  BOOST_TEST_MESSAGE("called lossy: " << wrong << " of those at the limit, " << right << " of those at four times it");
  BOOST_TEST(wrong < 0.04);
  BOOST_TEST(wrong > 0.005);
  BOOST_TEST(lossy(0.02, 0.05) < 0.001);
  BOOST_TEST(right > 0.99);
}

BOOST_AUTO_TEST_SUITE_END()
