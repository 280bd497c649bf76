// Asks about the way out of silent targets: once for each route and each next hop, not for each target.
// Pure: net::LocalNetwork answers. The rules are in cause_rules.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/monotonic_time.hpp"
#include "engine/cause_rules.hpp"
#include "engine/kernel_routes.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/routes_and_neighbours.hpp"

namespace multiping::engine {

/// What was asked about stays known for the life of the object, so it should not live for long.
class CauseFinder {
 public:
  /// A target that answered, and the probe that it answered.
  struct Answer {
    Address from{};
    const ProbeOptions* probe = nullptr;
    Instant at{};
  };
  /// Where more than a few silent targets are expected, the list of routes tells which of them share a route.
  CauseFinder(net::LocalNetwork& network, std::size_t expected) : network_{network}, many_{expected > few} {}

  /// Targets that answered, for the proof that a gateway is alive. They are looked at when that is needed.
  void set_answers(std::vector<Answer> answers) {
    answers_ = std::move(answers);
    answers_seen_ = false;
    alive_.clear();
  }
  /// For a target that is silent so far, and whose time is not over: calls its gateway, if nothing shows that it is
  /// alive. What it answers until find() is evidence, unless an earlier call was not answered: then it has come back.
  void look_ahead(const Silence& silence);
  /// Forgets what changes from moment to moment: the states of neighbours; those of links where they matter.
  void refresh() noexcept {
    links_are_old_ = true;
    neighbours_.clear();
    neighbours_asked_.clear();
  }
  /// Further silent targets are expected.
  void expect(std::size_t more) noexcept { many_ = many_ || more > few; }
  [[nodiscard]] FoundCause find(const Silence& silence);

 private:
  static constexpr std::size_t few = 3;
  using Way = std::optional<net::WayOut>;
  /// A next hop: its interface and its address.
  using Hop = std::pair<std::uint32_t, Address>;

  /// What the kernel said of a neighbour, and when.
  struct Said {
    std::optional<net::Neighbour> neighbour{};
    Instant at{};
  };

  [[nodiscard]] std::size_t kind_of(const ProbeOptions& probe);
  [[nodiscard]] std::uint32_t device_of(const Address& to, const ProbeOptions& probe) const;
  [[nodiscard]] const KernelRoutes* table(Family family);
  [[nodiscard]] Way way_of(const Address& to, const ProbeOptions& probe);
  [[nodiscard]] Way ask_alone(const Address& to, const ProbeOptions& probe, std::size_t kind);
  [[nodiscard]] const std::optional<net::Link>& link(std::uint32_t device);
  [[nodiscard]] std::optional<net::Neighbour> neighbour(const Hop& hop);
  void list_neighbours(Family family, std::uint32_t device);
  [[nodiscard]] std::map<Hop, Said>::iterator ask_for_neighbour(const Hop& hop);
  void look_at_answers();
  [[nodiscard]] bool was_heard(const Hop& gateway, Duration asked);
  [[nodiscard]] bool has_answered_call(const Hop& gateway, Instant first);

  net::LocalNetwork& network_;
  bool many_;
  std::vector<Answer> answers_{};
  bool answers_seen_ = false;
  std::map<Hop, Instant> alive_{};   ///< Gateways of targets that answered, and when the last of these did.
  std::map<Hop, Instant> called_{};  ///< Gateways that were called, and when that was done first.
  /// Probes that the kernel may route in different ways. Kept as copies: a profile may change meanwhile.
  std::vector<ProbeOptions> kinds_{};
  std::array<std::optional<std::optional<KernelRoutes>>, 2> tables_{};          ///< By family; none: not read yet.
  std::map<std::pair<std::size_t, const net::RouteEntry*>, Way> route_ways_{};  ///< By kind of probe and route.
  std::map<std::pair<std::size_t, Address>, Way> single_ways_{};                ///< By kind of probe and target.
  std::map<std::uint32_t, std::optional<net::Link>> links_{};
  bool links_are_old_ = false;
  std::map<Hop, Said> neighbours_{};
  std::map<std::pair<Family, std::uint32_t>, std::size_t> neighbours_asked_{};  ///< For one after the other.
};

}  // namespace multiping::engine
