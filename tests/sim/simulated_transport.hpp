// A Transport for Options::transport that opens simulated sockets, so that the whole public API runs in virtual time.
// Each object that opens it gets its own network and clock.
#pragma once

#include <memory>
#include <mutex>

#include "net/probe_transport.hpp"
#include "sim/simulated_packet_io.hpp"

namespace multiping::test {

class SimulatedTransport final : public Transport {
 public:
  explicit SimulatedTransport(Scenario scenario, SimulatedHost host = {});

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded& request) const override;

  /// The log of the object that opened this transport last. Not to be called while that object runs in another thread.
  [[nodiscard]] const HostLog& log() const { return *logs_.back(); }

 private:
  Scenario scenario_;
  SimulatedHost host_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<HostLog>> logs_;
};

/// Makes a simulated transport.
[[nodiscard]] std::shared_ptr<SimulatedTransport> simulate(Scenario scenario, SimulatedHost host = {});

}  // namespace multiping::test
