// What the kernel of this host knows about the way out: routes, neighbours and links.
// Asked only for targets that did not answer; the simulator answers for a network in virtual time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping::net {

/// An entry of the routing tables.
struct RouteEntry {
  Address to{};              ///< The first address of the prefix.
  std::uint8_t length = 0;   ///< Of the prefix, in bits.
  std::uint32_t metric = 0;  ///< Of several routes to one prefix, the kernel takes one with the least.
  Address gateway{};         ///< None: what the prefix covers is on the link.
  std::uint32_t device = 0;  ///< Index of the interface; 0: none, as with an unreachable route.
  /// The kernel chooses among several next hops, or by more than the destination.
  bool several = false;
  bool exception = false;  ///< For one destination alone: learnt from a redirect or a packet that was too big.
};

/// The way of one probe, as the kernel would send it now.
struct WayOut {
  std::error_code error{};  ///< ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, ...: there is no route.
  /// What the route leads to. other: broadcast, multicast.
  enum class Kind : std::uint8_t { unicast, own, other };
  Kind kind = Kind::unicast;
  Address gateway{};         ///< None: the target is on the link.
  Address source{};          ///< None: this host has no source address for the target.
  std::uint32_t device = 0;  ///< Index of the interface.
  bool several = false;      ///< The route has several next hops; other probes to the same target may take another.
};

/// A neighbour's entry, RFC 4861 section 7.3.2 and NUD_... of rtnetlink(7).
struct Neighbour {
  enum class State : std::uint8_t {
    incomplete,  ///< Asked, and not answered yet.
    failed,      ///< Asked as often as the kernel asks, and never answered.
    reachable,   ///< Its link-layer address was confirmed some time ago, at most a minute.
    stale,       ///< Was not confirmed for long; no packet has left for it since.
    delay,       ///< A packet has left for it; the kernel awaits a sign of life before it asks again.
    probe,       ///< Being asked again.
    fixed,       ///< Nobody is asked: a static entry, or a link without link-layer addresses.
  };
  Address address{};
  std::uint32_t device = 0;
  State state = State::fixed;
  Duration unconfirmed{};  ///< Time since its link-layer address was confirmed last, in steps of 10 ms.
  Duration unchanged{};    ///< Time since the entry last changed its state by an answer or a first question.
};

/// The state of an interface.
struct Link {
  bool up = false;       ///< IFF_UP: the administrator wants it up.
  bool carrier = false;  ///< IFF_LOWER_UP.
  bool asks = true;      ///< Asks for link-layer addresses: no IFF_NOARP, IFF_LOOPBACK, IFF_POINTOPOINT.
};

/// Answers questions about the host from which probes leave. One thread at a time uses it. Each function is empty, or
/// says `unknown`, when there is no answer: a sandbox may refuse the question.
class LocalNetwork {
 public:
  virtual ~LocalNetwork() = default;

  /// All routes of a family, when the destination alone decides about the route and they are few; else none.
  [[nodiscard]] virtual std::optional<std::vector<RouteEntry>> routes(Family family) = 0;
  /// The way of a probe with these options to `to`.
  [[nodiscard]] virtual std::optional<WayOut> way_out(const Address& to, const ProbeOptions& probe) = 0;
  /// A neighbour; none as well when there is no entry.
  [[nodiscard]] virtual std::optional<Neighbour> neighbour(const Address& address, std::uint32_t device) = 0;
  /// The neighbours of a family on one device, as many as can be read in a short time.
  [[nodiscard]] virtual std::vector<Neighbour> neighbours(Family family, std::uint32_t device) = 0;
  [[nodiscard]] virtual std::optional<Link> link(std::uint32_t device) = 0;
  /// The index of the interface of that name; 0: there is none.
  [[nodiscard]] virtual std::uint32_t device(const std::string& name) = 0;

  /// Asks a next hop for a sign of life, with a few packets that it answers if it answers anything: an echo request or
  /// a UDP datagram to itself, and a UDP datagram to `to` whose TTL ends at it. Does not wait. Nothing happens where it
  /// was called a moment ago, or where this process may not.
  virtual void call(const Address& next_hop, std::uint32_t device, const Address& to, const ProbeOptions& probe) {
    static_cast<void>(next_hop), static_cast<void>(device), static_cast<void>(to), static_cast<void>(probe);
  }
  /// When the last call() that the next hop has answered by now was made; none: it answered none of the last ones.
  [[nodiscard]] virtual std::optional<Instant> answered_call(const Address& next_hop, std::uint32_t device) {
    return static_cast<void>(next_hop), static_cast<void>(device), std::nullopt;
  }
  [[nodiscard]] virtual Instant now() = 0;

  /// False when the questions of this call have taken so long that no more should be asked.
  [[nodiscard]] virtual bool has_time() { return true; }
  /// Begins a series of questions: has_time() counts from now.
  virtual void begin() {}
  /// Ends it: gives back what was opened for it.
  virtual void end() noexcept {}
};

}  // namespace multiping::net
