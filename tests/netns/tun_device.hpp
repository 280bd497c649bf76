// A TUN device whose other end is a simulated network in real time: what the kernel routes to it is answered as the
// scenario says, after the delays that it says.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "netns/namespace.hpp"
#include "sim/network.hpp"

namespace multiping::test {

/// For `* precondition(needs_tun)`: skips a test, with the reason, where no such device can be made.
boost::test_tools::assertion_result needs_tun(boost::unit_test::test_unit_id unit);

/// Hosts of 10.20.0.0/16 that answer after `delay`.
[[nodiscard]] inline Scenario slow_network(Duration delay) {
  Scenario scenario{.name = "slow"};
  scenario.hosts = {{.block = "10.20.0.0/16", .replies = {{.delay = delay}}}};
  return scenario;
}

class TunDevice {
 public:
  /// Makes the device "sim0" in this network namespace, with 10.255.255.1 and fdff::1 (and as other addresses to send
  /// from 10.255.255.2 and fdff::2), and routes everything to it. A thread answers until the object is gone. Signals
  /// are blocked in it.
  explicit TunDevice(const Scenario& scenario);
  TunDevice(const TunDevice&) = delete;
  TunDevice& operator=(const TunDevice&) = delete;
  ~TunDevice();

  /// Packets that the kernel would not take back.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }
  /// Packets of the kernel's with a wrong checksum.
  [[nodiscard]] std::uint64_t unsound() const noexcept { return unsound_.load(); }

 private:
  class Responder;
  int device_ = -1, stop_ = -1;
  std::atomic<std::uint64_t> refused_{0}, unsound_{0};
  std::thread thread_;
};

/// The same in a process of its own, for tests that fork: this process stays without threads.
class TunProcess {
 public:
  /// Returns when the device is there.
  explicit TunProcess(const Scenario& scenario);

 private:
  int ready_ = -1;
  Child child_;
};

}  // namespace multiping::test
