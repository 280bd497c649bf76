// Connects simulated sockets with the real net::PacketTransport. See simulated_transport.hpp.
// Identifiers and keys come from the scenario's seed, so that a run can be repeated.
#include "sim/simulated_transport.hpp"

#include "net/packet_transport.hpp"

namespace multiping::test {

SimulatedTransport::SimulatedTransport(Scenario scenario, SimulatedHost host)
    : scenario_{std::move(scenario)}, host_{std::move(host)} {
  host_.refusals.insert(host_.refusals.end(), scenario_.refusals.begin(), scenario_.refusals.end());
}

Capabilities SimulatedTransport::capabilities() const noexcept {
  Capabilities result;
  result.kind = host_.sockets;
  result.ipv4 = host_.ipv4;
  result.ipv6 = host_.ipv6;
  result.icmp_errors = result.mpls = result.kernel_timestamps = true;
  result.udp = result.tcp = true;
  result.sctp = host_.sockets == TransportKind::raw;
  result.mark = host_.may_mark;
  result.icmp = host_.sockets != TransportKind::sockets;
  return result;
}

std::unique_ptr<net::ProbeTransport> SimulatedTransport::open(const net::SocketsNeeded& request) const {
  const std::lock_guard lock{mutex_};
  logs_.push_back(std::make_unique<HostLog>());
  const auto id = static_cast<std::uint16_t>(0x4D50U + logs_.size() * 257 + scenario_.seed);
  packet::SipKey key{};
  for (std::size_t i = 0; i < key.bytes.size(); ++i)
    key.bytes[i] = static_cast<std::uint8_t>(scenario_.seed * 31 + i * 7 + id);
  auto io = std::make_unique<SimulatedPacketIo>(request, scenario_, host_, id, logs_.back().get());
  return std::make_unique<net::PacketTransport>(std::move(io), request, key);
}

std::shared_ptr<SimulatedTransport> simulate(Scenario scenario, SimulatedHost host) {
  return std::make_shared<SimulatedTransport>(std::move(scenario), std::move(host));
}

}  // namespace multiping::test
