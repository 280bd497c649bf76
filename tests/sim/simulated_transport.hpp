// A Transport for Options::transport that opens simulated sockets: the whole public API in virtual time.
// Each object that opens it gets a network and a clock of its own.
#pragma once

#include <memory>
#include <mutex>

#include "net/transport.hpp"
#include "sim/simulated_packet_io.hpp"

namespace multiping::test {

class SimulatedTransport final : public Transport {
 public:
  explicit SimulatedTransport(Scenario scenario, SimulatedHost host = {});

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const override;

  /// What the object that opened this transport last has done so far. Not while it works in another thread.
  [[nodiscard]] const HostLog& log() const { return *logs_.back(); }

 private:
  Scenario scenario_;
  SimulatedHost host_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<HostLog>> logs_;
};

/// Options that use a transport, on one thread.
[[nodiscard]] std::shared_ptr<SimulatedTransport> simulate(Scenario scenario, SimulatedHost host = {});

}  // namespace multiping::test
