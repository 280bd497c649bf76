// Why a target has no answer: the rules, from how its probes ended and from what the kernel says about the way out.
// Pure. cause_finder.hpp asks the questions.
#pragma once

#include <optional>
#include <system_error>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/cause.hpp"
#include "multiping/options.hpp"
#include "multiping/result.hpp"
#include "net/routes_and_neighbours.hpp"

namespace multiping::engine {

/// A cause, and the gateway or neighbour that is meant. See Result::cause_address.
struct FoundCause {
  Cause cause = Cause::unknown;
  Address address{};
  friend bool operator==(const FoundCause&, const FoundCause&) = default;
};

/// How the probes of one target ended.
struct Silence {
  const Address& to;
  const ProbeOptions& probe;
  Outcome outcome = Outcome::no_reply;
  std::error_code error{};
  const IcmpError* icmp = nullptr;
  bool heard = false;  ///< Another address answered, mostly by an ICMP error.
  bool own = false;    ///< That address is one of this host.
  Duration asked{};    ///< Time since the first probe was sent.
};

/// True for outcomes that have a cause.
[[nodiscard]] constexpr bool has_cause(Outcome outcome) noexcept {
  return outcome == Outcome::no_reply || outcome == Outcome::unreachable || outcome == Outcome::ttl_expired ||
         outcome == Outcome::send_failed;
}

/// The cause that an error of this host tells alone; none: the way out decides.
[[nodiscard]] std::optional<Cause> cause_of(std::error_code error) noexcept;

/// The cause, when the way in which the probes ended tells it alone; none: the way out decides.
[[nodiscard]] std::optional<Cause> cause_by_end(const Silence& silence) noexcept;

/// What is known of the way out of a target. Empty members are not known.
struct WayFacts {
  std::optional<net::WayOut> way{};
  std::optional<net::Link> link{};  ///< The route's interface; without a route, the one that the probe asked for.
  std::optional<net::Neighbour> next_hop{};
  /// Since the first probe was sent, another target answered through the same gateway, or the gateway itself answered
  /// when it was called.
  bool gateway_heard = false;
};

/// The cause by the way out. The claim that somebody is silent, or that this host's part is in order, is made only
/// where the facts say so; else the cause is unknown. Then the address is that of the gateway where it may have failed:
/// nothing shows that it is alive.
[[nodiscard]] FoundCause cause_by_way(const Silence& silence, const WayFacts& facts) noexcept;

}  // namespace multiping::engine
