// Checks whom blame() names for faults in a simulated mesh, and that it accuses nobody for chance.
// The faults are random, with seeds: hosts, racks, links, directions, and links that lose a few per cent.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "multiping/blame.hpp"
#include "support/sanitized.hpp"

BOOST_AUTO_TEST_SUITE(blame_test)

using namespace multiping;
using test::sanitized;

namespace {

std::string host_name(std::size_t host) { return "n" + std::to_string(host / 10) + std::to_string(host % 10); }
std::string rack_name(std::size_t rack) { return "rack" + std::to_string(rack); }

/// Hosts, eight to a rack, that ask each other.
class SimulatedMesh {
 public:
  SimulatedMesh(std::size_t hosts, std::uint64_t probes, double chance)
      : hosts_{hosts}, probes_{probes}, loss_(hosts * hosts, chance) {
    for (std::size_t host = 0; host < hosts; ++host) groups_[host_name(host)] = rack_name(host / 8);
  }

  template <class Hit>
  void fault(double loss, Hit hit) {
    for (std::size_t from = 0; from < hosts_; ++from)
      for (std::size_t to = 0; to < hosts_; ++to)
        if (from != to && hit(from, to)) at(from, to) = 1 - (1 - at(from, to)) * (1 - loss);
  }
  void mute(std::size_t host) { mute_.insert(host); }

  std::vector<Sighting> rows(std::mt19937& random) const {
    std::vector<Sighting> rows;
    for (std::size_t from = 0; from < hosts_; ++from)
      for (std::size_t to = 0; to < hosts_; ++to) {
        if (from == to || mute_.count(from) != 0) continue;
        std::binomial_distribution<std::uint64_t> answers{probes_, 1 - loss_[from * hosts_ + to]};
        rows.push_back({host_name(from), host_name(to), probes_, answers(random)});
      }
    return rows;
  }
  const std::map<std::string, std::string>& groups() const { return groups_; }

 private:
  double& at(std::size_t from, std::size_t to) { return loss_[from * hosts_ + to]; }

  std::size_t hosts_;
  std::uint64_t probes_;
  std::vector<double> loss_;
  std::map<std::string, std::string> groups_{};
  std::set<std::size_t> mute_{};
};

/// "node n07; pair n01 n02".
std::string names(const std::vector<Suspect>& suspects) {
  std::string text;
  for (const Suspect& each : suspects) {
    text.append(text.empty() ? "" : "; ").append(to_string(each.kind)).append(" ").append(each.name);
    if (!each.other.empty()) text.append(" ").append(each.other);
  }
  return text;
}

std::string blamed(const SimulatedMesh& mesh, unsigned seed = 1) {
  std::mt19937 random{seed};
  return names(blame(mesh.rows(random), mesh.groups()));
}

/// Puts a random fault of a kind into a mesh of 64. Returns its name.
std::string random_fault(SimulatedMesh& mesh, int kind, std::mt19937& random) {
  const std::size_t a = random() % 64, other = random() % 63, b = other < a ? other : other + 1, rack = a / 8;
  const std::string link = host_name(std::min(a, b)) + " " + host_name(std::max(a, b));
  const auto is_link = [&](std::size_t from, std::size_t to) { return std::minmax(from, to) == std::minmax(a, b); };
  switch (kind) {
    case 0:
      if (random() % 2 == 0) mesh.mute(a);
      mesh.fault(1, [&](std::size_t from, std::size_t to) { return from == a || to == a; });
      return "node " + host_name(a);
    case 1: {
      const bool inside = random() % 2 == 0;  // all are dead, or their switch cannot reach the others
      mesh.fault(1, [&](std::size_t from, std::size_t to) {
        return (from / 8 == rack) != (to / 8 == rack) || (inside && from / 8 == rack && to / 8 == rack);
      });
      return "group " + rack_name(rack);
    }
    case 2:
      mesh.fault(1, is_link);
      return "pair " + link;
    case 3:
      mesh.fault(1, [&](std::size_t from, std::size_t to) { return from == a && to == b; });
      return "direction " + host_name(a) + " " + host_name(b);
    default:
      mesh.fault(0.02, is_link);
      return "pair " + link;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(single_faults_are_named) {
  std::mt19937 random{20};
  const int faults = sanitized ? 100 : 500;
  int right = 0, wrong = 0;
  for (int i = 0; i < faults; ++i) {
    SimulatedMesh mesh{64, 500, i % 2 == 0 ? 0 : 0.0002};
    const std::string fault = random_fault(mesh, i % 5, random);
    const std::string suspects = blamed(mesh, static_cast<unsigned>(i));
    right += suspects == fault ? 1 : 0;
    wrong += suspects != fault && !suspects.empty() ? 1 : 0;
    if (suspects != fault) BOOST_TEST_MESSAGE(fault << " was called " << suspects);
  }
  BOOST_TEST(right * 100 >= faults * 99);
  BOOST_TEST(wrong == 0);  // 0.1 % of 500 is less than one
}

BOOST_AUTO_TEST_CASE(chance_accuses_nobody) {
  for (const double chance : {0.0, 0.00001, 0.001, 0.02, 0.3, 1.0})
    for (unsigned seed = 0; seed < 5; ++seed) BOOST_TEST(blamed(SimulatedMesh{32, 50, chance}, seed) == "");
  BOOST_TEST(blame({}).empty());
}

BOOST_AUTO_TEST_CASE(several_faults_are_named_the_surest_first) {
  SimulatedMesh mesh{64, 200, 0.001};
  mesh.fault(1, [](std::size_t from, std::size_t to) { return (from / 8 == 2) != (to / 8 == 2); });
  mesh.fault(1, [](std::size_t from, std::size_t to) { return from == 5 || to == 5; });
  mesh.fault(0.3, [](std::size_t from, std::size_t to) { return from == 40 && to == 41; });
  std::mt19937 random{4};
  const auto suspects = blame(mesh.rows(random), mesh.groups());
  BOOST_TEST(names(suspects) == "group rack2; node n05; direction n40 n41");
  BOOST_REQUIRE(suspects.size() == 3U);
  BOOST_TEST(suspects[0].loss > 0.999);
  BOOST_TEST(suspects[0].confidence > 0.9999);
  BOOST_TEST(suspects[2].loss > 0.2);
  BOOST_TEST(suspects[2].loss < 0.4);
}

BOOST_AUTO_TEST_CASE(groups_that_lose_each_other_are_a_group_pair) {
  SimulatedMesh mesh{64, 100, 0};
  mesh.fault(0.5, [](std::size_t from, std::size_t to) {
    return std::minmax(from / 8, to / 8) == std::minmax<std::size_t>(1, 6);
  });
  BOOST_TEST(blamed(mesh) == "group-pair rack1 rack6");
}

BOOST_AUTO_TEST_CASE(a_host_that_hears_nobody_is_a_node) {
  SimulatedMesh deaf{64, 100, 0};
  deaf.fault(1, [](std::size_t, std::size_t to) { return to == 9; });
  BOOST_TEST(blamed(deaf) == "node n09");
  SimulatedMesh uneven{64, 100, 0};
  uneven.fault(1, [](std::size_t, std::size_t to) { return to == 9; });
  uneven.fault(0.05, [](std::size_t from, std::size_t) { return from == 9; });
  BOOST_TEST(blamed(uneven) == "node n09");
}

// Its links lose in bursts, so that some lose thrice as much as others.
BOOST_AUTO_TEST_CASE(a_bad_host_need_not_be_evenly_bad) {
  SimulatedMesh mesh{64, 1000, 0};
  mesh.fault(0.02, [](std::size_t from, std::size_t to) { return from == 9 || to == 9; });
  mesh.fault(0.02, [](std::size_t from, std::size_t to) { return (from == 9 || to == 9) && (from + to) % 2 == 0; });
  BOOST_TEST(blamed(mesh) == "node n09");
}

BOOST_AUTO_TEST_CASE(most_of_a_rack_is_not_the_rack) {
  SimulatedMesh mesh{64, 100, 0};
  mesh.fault(1, [](std::size_t from, std::size_t to) { return from / 6 == 0 || to / 6 == 0; });
  BOOST_TEST(blamed(mesh) == "node n00; node n01; node n02; node n03; node n04; node n05");
}

BOOST_AUTO_TEST_CASE(both_directions_of_a_link_are_one_suspect) {
  SimulatedMesh mesh{64, 100, 0};
  mesh.fault(1, [](std::size_t from, std::size_t to) { return from == 3 && to == 7; });
  mesh.fault(0.1, [](std::size_t from, std::size_t to) { return from == 7 && to == 3; });
  BOOST_TEST(blamed(mesh) == "pair n03 n07");
}

BOOST_AUTO_TEST_CASE(rows_may_be_in_parts_and_in_any_order) {
  SimulatedMesh mesh{16, 20, 0};
  mesh.fault(1, [](std::size_t from, std::size_t to) { return from == 3 || to == 3; });
  std::mt19937 random{1};
  std::vector<Sighting> rows = mesh.rows(random), more = mesh.rows(random);
  rows.insert(rows.end(), more.begin(), more.end());
  std::shuffle(rows.begin(), rows.end(), random);
  rows.push_back({"n01", "n01", 1000, 0});  // about itself
  rows.push_back({"n01", "n99", 0, 0});     // nothing was sent
  BOOST_TEST(names(blame(rows, mesh.groups())) == "node n03");
  BOOST_TEST(names(blame(rows)) == "node n03");
}

BOOST_AUTO_TEST_CASE(a_link_that_one_end_alone_reports_is_a_pair) {
  const std::vector<Sighting> rows = {{"a", "b", 50, 50}, {"a", "c", 50, 0}, {"a", "d", 50, 50}, {"a", "e", 50, 49}};
  BOOST_TEST(names(blame(rows)) == "pair a c");
}

BOOST_AUTO_TEST_CASE(more_answers_than_probes_are_refused) {
  const std::vector<Sighting> rows = {{"a b", "c", 2, 3}};
  BOOST_CHECK_EXCEPTION(static_cast<void>(blame(rows)), std::invalid_argument, [](const auto& error) {
    return error.what() ==
           std::string{"Sighting::received is 3 from \"a b\" to c; it must be at most Sighting::sent, 2"};
  });
}

BOOST_AUTO_TEST_CASE(a_suspect_is_one_line) {
  std::ostringstream text;
  text << Suspect{Suspect::Kind::pair, "a", "b", 0.4, 0.99991} << '\n'
       << Suspect{Suspect::Kind::direction, "a", "b", 0.0213, 1} << '\n'
       << Suspect{Suspect::Kind::group, "rack 7", "", 1, 1};
  BOOST_TEST(text.str() ==
             "pair a - b: 40 % loss, confidence 0.9999\ndirection a -> b: 2.1 % loss, confidence 1.0000\n"
             "group \"rack 7\": 100 % loss, confidence 1.0000");
}

BOOST_AUTO_TEST_SUITE_END()
