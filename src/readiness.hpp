// Whether the probes of a batch can be sent from here at all, asked of its transports before the first is sent.
// One target that cannot be probed is its own result; a batch that has no other is an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/endpoint.hpp"
#include "engine/probe_table.hpp"
#include "multiping/options.hpp"
#include "net/transport.hpp"

namespace multiping {

class Readiness {
 public:
  explicit Readiness(std::span<const ProbeOptions> shapes) : shapes_{shapes}, asked_(shapes.size() * 2) {}

  /// Makes a transport ready for every distinct pair of shape and family in its table, or among these endpoints.
  void prepare(const engine::ProbeTable& table, net::ProbeTransport& transport);
  void prepare(std::span<const engine::Endpoint> endpoints, net::ProbeTransport& transport);
  /// Asks for the other family too where this process may not send to one.
  void ask_both_families(net::ProbeTransport& transport);
  /// Whether these are all probes, or more may come that work.
  enum class Asked : bool { all, some };
  /// Throws PermissionError where a target needs what this process may not do: SCTP, half_open, or ICMP in every
  /// family. Throws std::system_error where options of every target cannot be honoured here. A family that this host
  /// lacks is its targets' fate.
  void refuse_if_hopeless(Asked asked = Asked::all) const;
  /// What this process may not open any more, one transport has from before, and another has not: fewer would do.
  [[nodiscard]] bool serves_fewer() const;

 private:
  struct Answer {
    net::ShapeNumber shape = 0;
    Family family = Family::any;
    net::Obstacle obstacle{};
  };
  void ask(Family family, net::ShapeNumber shape, net::ProbeTransport& transport);
  [[nodiscard]] bool forbids_batch(const Answer& answer) const;

  std::span<const ProbeOptions> shapes_;
  std::vector<bool> asked_;  ///< Of the transport in hand, by shape and family.
  std::vector<Answer> answers_;
};

}  // namespace multiping
