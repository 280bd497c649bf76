// Asks the transports of a batch, before the first probe, whether this host can send the probes.
// A single target that cannot be probed gets a result that says so; a batch without any other target throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/probe_table.hpp"
#include "engine/target_key.hpp"
#include "multiping/options.hpp"
#include "net/probe_transport.hpp"

namespace multiping {

class SendabilityCheck {
 public:
  explicit SendabilityCheck(std::span<const ProbeOptions> profiles)
      : profiles_{profiles}, asked_(profiles.size() * 2) {}

  /// Makes a transport ready for each distinct pair of profile and family in its table or among these destinations.
  void prepare(const engine::ProbeTable& table, net::ProbeTransport& transport);
  void prepare(std::span<const engine::TargetKey> destinations, net::ProbeTransport& transport);
  /// For each profile that this process may not send to one family: asks for the other family too.
  void ask_both_families(net::ProbeTransport& transport);
  /// all: every probe is known. some: more probes may come, and they may work.
  enum class Asked : bool { all, some };
  /// Throws PermissionError when a target needs a privilege that this process lacks: for SCTP, for half_open, or for
  /// ICMP in every family. With Asked::all, throws std::system_error when no target works here. A family that this host
  /// lacks is no reason to throw: its targets fail alone.
  void refuse_if_hopeless(Asked asked = Asked::all) const;
  /// True when one transport has sockets that this process may not open again for another transport. Then fewer
  /// transports may work.
  [[nodiscard]] bool serves_fewer() const;

 private:
  struct Answer {
    net::ProfileNumber profile = 0;
    Family family = Family::any;
    net::Obstacle obstacle{};
  };
  void ask(Family family, net::ProfileNumber profile, net::ProbeTransport& transport);
  [[nodiscard]] bool forbids_batch(const Answer& answer) const;

  std::span<const ProbeOptions> profiles_;
  std::vector<bool> asked_;  ///< By profile and family: the transport of the current prepare() was asked.
  std::vector<Answer> answers_;
};

}  // namespace multiping
