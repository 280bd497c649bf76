// Tests blame() on what the hosts of a mesh see of each other: 16 namespaces at a switch, with nftables that inject
// faults. Each host asks all others with a series; the rows of all are put together.
#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <future>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "multiping/multiping.hpp"
#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

// The switch filters what it forwards.
const std::string make_filter =
    "ip link add br0 type bridge && nft add table bridge t && "
    "nft 'add chain bridge t f { type filter hook forward priority 0; }' && "
    "nft add rule bridge t f ip saddr 10.5.0.1 icmp type echo-request numgen random mod 100 '<' 30 drop";

BOOST_AUTO_TEST_SUITE(blame_netns, *precondition(needs_root) * precondition(needs_to_work(make_filter)))

constexpr int hosts = 16, in_rack = 4, probes = 25;

std::string address_of(int host) { return "10.5.0." + std::to_string(host + 1); }
std::string host_name(int host) { return (host < 10 ? "n0" : "n") + std::to_string(host); }

void make_mesh() {
  run(make_filter);
  run("ip link set br0 type bridge mcast_snooping 0 && ip link set br0 up");
  std::string commands;
  for (int host = 0; host < hosts; ++host) {
    const std::string name = host_name(host);
    commands += "ip netns add " + name + " && ip link add p" + name + " type veth peer name eth0 netns " + name +
                " && ip link set p" + name + " master br0 up && ";
    commands += "nsenter --net=/run/netns/" + name + " sh -c 'ip addr add " + address_of(host) +
                "/24 dev eth0 && ip link set lo up && ip link set eth0 up' && ";
  }
  run(commands + "nft flush chain bridge t f");
}

/// Does something on a thread inside the namespace of a host.
template <class Step>
auto inside(int host, Step step) {
  return std::async(std::launch::async, [host, step] {
    const os::FileDescriptor place{::open(("/run/netns/" + host_name(host)).c_str(), O_RDONLY | O_CLOEXEC)};
    if (::setns(place.value(), CLONE_NEWNET) != 0) os::fail("cannot enter a namespace");
    return step();
  });
}

std::vector<std::string> others(int host) {
  std::vector<std::string> targets;
  for (int other = 0; other < hosts; ++other)
    if (other != host) targets.push_back(address_of(other));
  return targets;
}

/// What a host sees of the others.
std::vector<Sighting> rows_of(int host) {
  std::vector<Sighting> rows;
  for (const Series& series : ping_series(others(host), {.count = probes, .interval = 10ms, .timeout = 1s})) {
    const int other = std::stoi(series.host.substr(series.host.rfind('.') + 1)) - 1;
    rows.push_back({host_name(host), host_name(other), series.statistics.sent(), series.statistics.received()});
  }
  return rows;
}

template <class Step>
void everywhere(Step step) {
  std::vector<std::future<void>> running;
  for (int host = 0; host < hosts; ++host) running.push_back(inside(host, [host, step] { step(host); }));
  for (auto& each : running) each.get();
}

/// The rows of all hosts but those of a rack that is dead, if one is.
std::string blamed(int mute_rack) {
  std::vector<std::vector<Sighting>> seen(hosts);
  everywhere([&seen](int host) { seen[static_cast<std::size_t>(host)] = rows_of(host); });
  std::vector<Sighting> matrix;
  std::map<std::string, std::string> rack_of;
  for (int host = 0; host < hosts; ++host) {
    rack_of[host_name(host)] = "rack" + std::to_string(host / in_rack);
    if (host / in_rack != mute_rack)
      std::ranges::copy(seen[static_cast<std::size_t>(host)], std::back_inserter(matrix));
  }
  std::string text;
  for (const Suspect& each : blame(matrix, rack_of)) {
    text.append(text.empty() ? "" : "; ").append(to_string(each.kind)).append(" ").append(each.name);
    if (!each.other.empty()) text.append(" ").append(each.other);
  }
  return text;
}

/// The addresses of a rack, as a set of nftables.
std::string rack(int number) {
  std::string set = "{ ";
  for (int host = number * in_rack; host < (number + 1) * in_rack; ++host) set += address_of(host) + ", ";
  return set + "}";
}
std::string from(const std::string& addresses) { return " ip saddr " + addresses; }
std::string to(const std::string& addresses) { return " ip daddr " + addresses; }

struct Fault {
  std::vector<std::string> rules{};  ///< What the switch drops.
  std::string name{};
  int mute_rack = -1;
};

std::string some(int per_cent) { return " numgen random mod 100 < " + std::to_string(per_cent); }

std::vector<Fault> faults() {
  const std::string request = " icmp type echo-request";
  const std::string n3 = address_of(3), n5 = address_of(5), n6 = address_of(6), n12 = address_of(12);
  return {
      {{from(n3), to(n3)}, "node n03"},
      {{to(n5) + request}, "node n05"},  // it is deaf to requests, and hears answers
      {{from(n12) + request + some(40), to(n12) + request + some(40)}, "node n12"},
      {{from(rack(1)) + to("!= " + rack(1)), from("!= " + rack(1)) + to(rack(1))}, "group rack1"},
      {{from(rack(2)), to(rack(2))}, "group rack2", 2},
      {{from(n3) + to(n12), from(n12) + to(n3)}, "pair n03 n12"},
      {{from(n5) + to(n6) + request}, "direction n05 n06"},
      {{from(n6) + to(n12) + request + some(50), from(n12) + to(n6) + request + some(50)}, "pair n06 n12"},
      {{from(rack(0)) + to(rack(3)), from(rack(3)) + to(rack(0))}, "group-pair rack0 rack3"},
      {{from(n3), to(n3), from(n6) + to(n12) + request}, "node n03; direction n06 n12"},
  };
}

BOOST_AUTO_TEST_CASE(ten_faults_are_named) {
  in_namespace(
      [] {
        make_mesh();
        everywhere([](int host) {  // a new link takes up to a second until it carries packets
          if (!multi_ping(others(host), 20s, 199).no_responses.empty()) throw std::runtime_error{"a link stays down"};
        });
        BOOST_TEST(blamed(-1) == "");
        for (const auto& [rules, name, mute_rack] : faults()) {
          std::string commands = "nft flush chain bridge t f";
          for (const std::string& rule : rules) commands += " && nft 'add rule bridge t f" + rule + " drop'";
          run(commands);
          BOOST_TEST(blamed(mute_rack) == name);
        }
      },
      120s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
