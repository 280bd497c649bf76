// Checks the health of a cluster from cron: hosts with their racks from a file, a quorum for each rack, and a memory.
// Usage: cluster_health_demo HOSTS STATE
// Exit status: 0 when no rack is below its quorum, 1 when one is, 2 when there was an error.
#include <multiping/multiping.hpp>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr auto usage =
    "usage: cluster_health_demo HOSTS STATE\n"
    "HOSTS has lines \"web1 room2/rack7\", a host and its racks, and \"@room2/rack7 0.8\", the share of a rack that "
    "must\n"
    "be up (else all). STATE is made, and keeps what was seen. Three silent runs make a host down; what is lost on "
    "this\n"
    "host makes nobody down, and hosts of a rack that fall together are one line.\n"
    "Exit status: 0 when no rack is below its quorum, 1 when one is, 2 when there was an error.\n";

multiping::HealthTracker load(const std::string& path) {
  std::ifstream in{path};
  return in ? multiping::HealthTracker::load(in) : multiping::HealthTracker{};
}

/// Returns the hosts of the file, and forgets those that are not in it any more.
std::vector<std::string> add_hosts(multiping::HealthTracker& tracker, const std::string& path) {
  std::ifstream in{path};
  if (!in) throw std::runtime_error{"cannot read " + path};
  std::vector<std::string> hosts, gone = tracker.hosts();
  for (std::string line, name; std::getline(in, line);) {
    std::istringstream words{line.substr(0, line.find('#'))};
    if (!(words >> name)) continue;
    multiping::Quorum quorum;
    if (name.starts_with('@') && words >> quorum.share) tracker.set_quorum(name.substr(1), quorum);
    if (name.starts_with('@')) continue;
    hosts.push_back(name);
    std::erase(gone, name);
    tracker.add(name, {std::istream_iterator<std::string>{words}, {}});
  }
  for (const std::string& host : gone) tracker.remove(host);
  return hosts;
}

void save(const multiping::HealthTracker& tracker, const std::string& path) {
  std::ofstream out{path + ".new"};
  tracker.save(out);
  out.close();
  if (!out || std::rename((path + ".new").c_str(), path.c_str()) != 0) throw std::runtime_error{"cannot write " + path};
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool help = arguments == std::vector<std::string>{"--help"};
  if (arguments.size() != 2) return (help ? std::cout : std::cerr) << usage, help ? 0 : 2;
  multiping::HealthTracker tracker = load(arguments[1]);
  auto [round, silent] = multiping::multi_ping(add_hosts(tracker, arguments[0]), 2s, 3, {.ignore_lookup_errors = true});
  round.insert(round.end(), silent.begin(), silent.end());
  for (const auto& change : tracker.observe(round)) std::cout << change << '\n';
  save(tracker, arguments[1]);
  bool good = true;
  for (const std::string& rack : tracker.groups()) {
    good = good && tracker.group(rack) != multiping::State::down;
    std::cout << multiping::printable(rack) << ' ' << tracker.group(rack) << ": " << tracker.up(rack) << " of "
              << tracker.size(rack) << " up\n";
  }
  return good ? 0 : 1;
} catch (const std::exception& error) {
  return std::cerr << error.what() << '\n', 2;
}
