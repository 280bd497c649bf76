// A simulated network with hosts of each kind, and a Prober on it, for the tests of single probes.
// Every time there is exact, except for the microseconds that simulated sends take.
#pragma once

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "multiping/multiping.hpp"
#include "sim/scenario_parts.hpp"
#include "sim/simulated_transport.hpp"

namespace multiping::test::prober_world {

using namespace std::chrono_literals;
using namespace parts;

/// 10.0.0.0/24 answers after a millisecond, 10.0.1.0/24 is silent, 10.0.2.0/24 answers after 300 ms, 10.0.3.0/24
/// loses the first request; a router says that 10.0.4.0/24 is unreachable; 10.0.5.0/24 answers three times.
/// 10.1.0.0/16 accepts requests to its ports, 10.2.0.0/16 declines them.
inline Scenario network() {
  Scenario scenario{.name = "prober", .seed = 11};
  const RouterError unreachable{.from = *Address::parse("10.9.9.9")};
  scenario.hosts = {
      HostRule{.block = "10.0.0.0/24"},
      HostRule{.block = "10.0.1.0/24", .replies = {}},
      HostRule{.block = "10.0.2.0/24", .replies = {EchoReply{.delay = 300ms}}},
      HostRule{.block = "10.0.3.0/24", .lost = {1}},
      HostRule{.block = "10.0.4.0/24", .replies = {}, .errors = {unreachable}},
      HostRule{.block = "10.0.5.0/24", .replies = {EchoReply{.copies = 3}}},
  };
  for (const Protocol protocol : {Protocol::udp, Protocol::tcp, Protocol::sctp}) {
    const auto subnet = std::to_string(static_cast<int>(protocol)) + ".0/24";
    scenario.hosts.push_back(with_open("10.1." + subnet, protocol, {.delay = 5ms}));
    scenario.hosts.push_back(with_closed("10.2." + subnet, protocol, {.delay = 5ms}));
  }
  return scenario;
}

inline Address address(const std::string& text) { return *Address::parse(text); }
inline bool about(Duration time, Duration expected) { return time >= expected - 1ms && time <= expected + 1ms; }

struct World {
  explicit World(SimulatedHost host = {}, double max_rate = 0)
      : transport{simulate(network(), std::move(host))}, prober{options(max_rate)} {}
  [[nodiscard]] Options options(double max_rate) const {
    Options options;
    options.max_rate = max_rate;
    options.transport = transport;
    return options;
  }

  Prober::Token submit(const std::string& host, Duration timeout = 1s, int retry = 0, const ProbeOptions& probe = {}) {
    return prober.submit(address(host), probe, timeout, retry);
  }
  /// The results of all requests in flight, by token. Waits as long as needed.
  std::map<Prober::Token, Result> all() {
    std::map<Prober::Token, Result> results;
    while (prober.in_flight() > 0)
      for (Prober::Completion& done : prober.poll(1h)) {
        const bool is_new = results.emplace(done.token, std::move(done.result)).second;
        BOOST_TEST(is_new);
      }
    return results;
  }
  /// The result of the only request in flight.
  Result only() {
    const auto results = all();
    BOOST_REQUIRE_EQUAL(results.size(), 1U);
    return results.begin()->second;
  }

  std::shared_ptr<SimulatedTransport> transport;
  Prober prober;
};

inline const SimulatedHost recording{.record = true};

}  // namespace multiping::test::prober_world
