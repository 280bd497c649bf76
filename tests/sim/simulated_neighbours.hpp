// The routes and neighbours of the simulated host, in virtual time: gateways that go and come back, and the kernel's
// states of their entries (RFC 4861 section 7.3.2, with the times of Linux).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/monotonic_time.hpp"
#include "net/routes_and_neighbours.hpp"
#include "sim/prefix_table.hpp"
#include "sim/simulated_host.hpp"

namespace multiping::test {

class SimulatedNeighbours final : public net::LocalNetwork {
 public:
  /// `now` is the clock of the simulated host.
  SimulatedNeighbours(const SimulatedHost& host, const Instant& now, HostLog& log);

  /// A packet leaves for `to`: how long it waits for its next hop; none: it is lost there.
  [[nodiscard]] std::optional<Duration> leave(const Address& to);

  [[nodiscard]] std::optional<std::vector<net::RouteEntry>> routes(Family family) override;
  [[nodiscard]] std::optional<net::WayOut> way_out(const Address& to, const ProbeOptions& probe) override;
  [[nodiscard]] std::optional<net::Neighbour> neighbour(const Address& address, std::uint32_t device) override;
  [[nodiscard]] std::vector<net::Neighbour> neighbours(Family family, std::uint32_t device) override;
  [[nodiscard]] std::optional<net::Link> link(std::uint32_t device) override;
  [[nodiscard]] std::uint32_t device(const std::string& name) override;
  void call(const Address& next_hop, std::uint32_t device, const Address& to, const ProbeOptions& probe) override;
  [[nodiscard]] std::optional<Instant> answered_call(const Address& next_hop, std::uint32_t device) override;
  [[nodiscard]] Instant now() override { return now_; }

 private:
  struct Entry {
    SimulatedHost::Gateway gateway{};
    std::optional<net::Neighbour::State> state{};
    Instant confirmed{}, changed{};
    Instant asked_until{};  ///< incomplete, probe: when the kernel gives up.
    bool used = false;      ///< A packet left for it while it was reachable.
    struct Call {
      Instant made{}, answered = Instant::max();
    };
    std::optional<Call> call{};
  };
  [[nodiscard]] Entry* entry_of(const Address& to);
  [[nodiscard]] Entry* entry_at(const Address& gateway);
  [[nodiscard]] std::optional<Duration> pass(Entry& entry) const;
  [[nodiscard]] bool is_there(const Entry& entry, Instant at) const;
  [[nodiscard]] std::optional<Instant> answers(const Entry& entry, Instant from, Instant until) const;
  void change(Entry& entry, net::Neighbour::State state, Instant at) const;
  void age(Entry& entry) const;
  [[nodiscard]] bool step(Entry& entry) const;

  const Instant& now_;
  Instant start_;
  HostLog& log_;
  std::vector<Entry> entries_;
  PrefixTable blocks_;
};

}  // namespace multiping::test
