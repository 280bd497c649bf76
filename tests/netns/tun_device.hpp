// A TUN device whose other end is a simulated network in real time.
// Packets that the kernel routes to it get the answers of the scenario, after its delays.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "netns/namespace.hpp"
#include "sim/network.hpp"

namespace multiping::test {

/// For `* precondition(needs_tun)`: skips a test, with the reason, when no such device can be made.
boost::test_tools::assertion_result needs_tun(boost::unit_test::test_unit_id unit);

/// Hosts of 10.20.0.0/16 that answer after `delay`.
[[nodiscard]] inline Scenario slow_network(Duration delay) {
  Scenario scenario{.name = "slow"};
  scenario.hosts = {{.block = "10.20.0.0/16", .replies = {{.delay = delay}}}};
  return scenario;
}

class TunDevice {
 public:
  /// Makes the device "sim0" in this network namespace, and routes everything to it. Its addresses are 10.255.255.1 and
  /// fdff::1; 10.255.255.2 and fdff::2 are further source addresses. A thread with all signals blocked answers until
  /// the object is destroyed.
  explicit TunDevice(const Scenario& scenario);
  TunDevice(const TunDevice&) = delete;
  TunDevice& operator=(const TunDevice&) = delete;
  ~TunDevice();

  /// How many answers the kernel refused.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }
  /// How many packets of the kernel had a wrong checksum.
  [[nodiscard]] std::uint64_t unsound() const noexcept { return unsound_.load(); }

 private:
  class Responder;
  int device_ = -1, stop_ = -1;
  std::atomic<std::uint64_t> refused_{0}, unsound_{0};
  std::thread thread_;
};

/// The same in a process of its own, for tests that fork: the test process has no further thread.
class TunProcess {
 public:
  /// Returns when the device exists.
  explicit TunProcess(const Scenario& scenario);

 private:
  int ready_ = -1;
  Child child_;
};

}  // namespace multiping::test
