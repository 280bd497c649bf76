// A simulated network: takes an IP packet of the prober, and returns the packets that come back.
// Deterministic: the result depends on the scenario's seed, the address and the attempt, not on the order of calls.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "sim/prefix_table.hpp"
#include "sim/routers.hpp"
#include "sim/scenario.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

class SimNetwork {
 public:
  explicit SimNetwork(const Scenario& scenario);

  /// The packets that come back for a packet that the prober sends at `now`. Only a sound request gets an answer. An
  /// IPv6 packet may have been fragmented into pieces of at most `largest_piece` bytes.
  [[nodiscard]] std::vector<Delivery> answer(Instant now, ByteView packet, std::size_t largest_piece = all_of_it);

  /// True when the network loses this request. `attempt` counts from 1 for each address and each of its ports.
  [[nodiscard]] bool loses(const Address& target, unsigned attempt) const;

  [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }  ///< Sound requests so far.
  [[nodiscard]] std::uint64_t unsound() const noexcept { return unsound_; }    ///< Packets with a wrong checksum.
  /// The traffic of each router so far. It is updated while this object exists, and may outlive it.
  [[nodiscard]] std::shared_ptr<const RouterTraffic> traffic() const noexcept { return routers_.traffic(); }

 private:
  struct Request;
  /// The destination of a request.
  struct Destination {
    Address address{};
    Protocol protocol = Protocol::icmp;
    int port = 0;
    friend bool operator==(const Destination&, const Destination&) = default;
  };
  struct DestinationHash {
    std::size_t operator()(const Destination& destination) const noexcept;
  };
  [[nodiscard]] const HostRule* rule_of(const Address& target) const;
  [[nodiscard]] std::uint64_t draw(const Address& target, unsigned attempt, std::uint64_t purpose) const;
  [[nodiscard]] bool lost(const HostRule& rule, const Address& target, unsigned attempt) const;
  void deliver(const HostRule& rule, const Request& request, std::vector<Delivery>& out) const;
  void deliver_to_port(const PortRule& port, const Request& request, std::vector<Delivery>& out) const;
  void answer_as(const EchoReply& reply, const Request& request, Bytes message, std::vector<Delivery>& out) const;
  void forge(const Forgeries& forgeries, const Request& request, std::vector<Delivery>& out) const;

  std::shared_ptr<const Scenario> scenario_;
  PrefixTable rules_;
  std::unordered_map<Destination, unsigned, DestinationHash> attempts_;
  Routers routers_;
  std::uint64_t requests_ = 0, unsound_ = 0;
};

}  // namespace multiping::test
