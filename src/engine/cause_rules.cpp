// Each rule needs evidence; what no rule covers is unknown.
// See cause_rules.hpp.
#include "engine/cause_rules.hpp"

#include <chrono>
#include <cstdint>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;
using net::Neighbour;
using net::WayOut;
using NeighbourState = net::Neighbour::State;

/// So long must the kernel have asked a neighbour without an answer: most answer within some milliseconds, and one that
/// sleeps, such as a device in a wireless network, within this time. The kernel asks again after a second.
constexpr Duration least_asking = 100ms;
/// While the kernel is about to ask a target on the link again, an answer is evidence until so long before the first
/// probe: the time for which the kernel itself goes on to use such a neighbour (delay_first_probe_time).
constexpr Duration lately = 5s;
/// The kernel tells times rounded down to its ticks.
constexpr Duration one_tick = 10ms;
/// An answer that came later after the first probe is no evidence for the probes: the kernel keeps packets for a new
/// neighbour for three seconds, but those for an old one, which it asks again after five seconds, had gone.
constexpr Duration soon = 4s;

bool is(std::error_code error, std::errc condition) noexcept { return error == condition; }

/// What an ICMP error of this host itself says; none: a neighbour does not answer, or it is about the packet's size.
std::optional<Cause> cause_of_own_error(const IcmpError& error, Family family) noexcept {
  const bool v4 = family == Family::ipv4;
  if (error.type != (v4 ? 3 : 1)) return Cause::unknown;  // destination unreachable, RFC 792 and RFC 4443
  if (error.code == 0) return Cause::no_route;            // network unreachable; no route to destination
  if (error.code == (v4 ? 1 : 3)) return std::nullopt;    // host unreachable; address unreachable
  if (v4 && error.code == 4) return Cause::unknown;       // fragmentation needed
  return Cause::firewall;                                 // what a packet filter sends when it rejects
}

bool is_down(const net::Link& link) noexcept { return !link.up || !link.carrier; }

/// The kernel has asked for this neighbour in vain: until now, or until it gave up.
bool is_silent(const Neighbour& neighbour) noexcept {
  return neighbour.state == NeighbourState::failed ||
         (neighbour.state == NeighbourState::incomplete && neighbour.unchanged >= least_asking);
}

bool is_reachable(const Neighbour& neighbour) noexcept { return neighbour.state == NeighbourState::reachable; }

/// The neighbour answered the kernel after the first probe. For a gateway nothing less is evidence: the kernel holds it
/// for reachable up to a minute after it has died.
bool answered_since(const Neighbour& neighbour, Duration asked) noexcept {
  return neighbour.state != NeighbourState::fixed && neighbour.unconfirmed + one_tick <= asked &&
         asked - neighbour.unconfirmed <= soon;
}

/// The kernel holds the target on the link for reachable, which it does for less than a minute after an answer; or the
/// target answered since the first probe, or shortly before. If it has died meanwhile, it is the target that is silent.
bool answered_lately(const Neighbour& neighbour, Duration asked) noexcept {
  if (asked - neighbour.unconfirmed > soon) return false;
  if (is_reachable(neighbour)) return true;
  return (neighbour.state == NeighbourState::delay || neighbour.state == NeighbourState::probe) &&
         neighbour.unconfirmed <= asked + lately;
}

/// The kernel itself has said that the next hop does not answer. With a route, EHOSTUNREACH says the same.
bool was_told(const Silence& silence) noexcept {
  return silence.own || (silence.outcome == Outcome::send_failed && is(silence.error, std::errc::host_unreachable));
}

FoundCause cause_by_gateway(const Silence& silence, const WayFacts& facts) noexcept {
  const Address& gateway = facts.way->gateway;
  const bool told = was_told(silence);
  const bool is_back = facts.gateway_heard || (told && facts.next_hop && is_reachable(*facts.next_hop));
  if (told || (facts.next_hop && is_silent(*facts.next_hop)))
    return {.cause = is_back ? Cause::unknown : Cause::gateway_silent, .address = gateway};  // it went, or came back
  const bool heard = facts.gateway_heard || (facts.next_hop && answered_since(*facts.next_hop, silence.asked));
  return heard ? FoundCause{.cause = Cause::remote} : FoundCause{.cause = Cause::unknown, .address = gateway};
}

FoundCause cause_on_link(const Silence& silence, const WayFacts& facts) noexcept {
  const bool told = was_told(silence);
  if (told && facts.next_hop && is_reachable(*facts.next_hop)) return {};
  if (told || (facts.next_hop && is_silent(*facts.next_hop)))
    return {.cause = Cause::neighbour_silent, .address = silence.to};
  const bool heard = facts.next_hop && answered_lately(*facts.next_hop, silence.asked);
  return {.cause = heard ? Cause::remote : Cause::unknown};
}

bool asks_for_source(const Silence& silence) noexcept {
  return static_cast<bool>(silence.to.family() == Family::ipv4 ? silence.probe.source_v4 : silence.probe.source_v6);
}

/// EADDRNOTAVAIL: the source address does not belong to this host, or there is none, or the ports of TCP have run out.
Cause cause_of_missing_address(const Silence& silence, const WayFacts& facts) noexcept {
  if (asks_for_source(silence)) return Cause::no_source_address;
  if (!facts.way) return Cause::unknown;
  return facts.way->source ? Cause::local_limit : Cause::no_source_address;
}

}  // namespace

std::optional<Cause> cause_of(std::error_code error) noexcept {
  for (const std::errc limit :
       {std::errc::no_buffer_space, std::errc::not_enough_memory, std::errc::too_many_files_open,
        std::errc::too_many_files_open_in_system, std::errc::address_in_use, std::errc::resource_unavailable_try_again})
    if (is(error, limit)) return Cause::local_limit;
  for (const std::errc down :
       {std::errc::network_down, std::errc::no_such_device, std::errc::no_such_device_or_address})
    if (is(error, down)) return Cause::link_down;
  if (is(error, std::errc::operation_not_permitted)) return Cause::firewall;
  for (const std::errc open :
       {std::errc::network_unreachable, std::errc::host_unreachable, std::errc::permission_denied,
        std::errc::invalid_argument, std::errc::address_not_available, std::errc::timed_out})
    if (is(error, open)) return std::nullopt;
  return Cause::unknown;
}

std::optional<Cause> cause_by_end(const Silence& silence) noexcept {
  if (!has_cause(silence.outcome)) return Cause::none;
  if (silence.heard && !silence.own) return Cause::remote;
  if (silence.icmp != nullptr) return cause_of_own_error(*silence.icmp, silence.to.family());
  if (silence.outcome == Outcome::send_failed) return cause_of(silence.error);
  return silence.own ? std::optional{Cause::unknown} : std::nullopt;
}

FoundCause cause_by_way(const Silence& silence, const WayFacts& facts) noexcept {
  if (facts.link && is_down(*facts.link)) return {.cause = Cause::link_down};
  const std::error_code error = silence.outcome == Outcome::send_failed ? silence.error : std::error_code{};
  if (is(error, std::errc::network_unreachable)) return {.cause = Cause::no_route};
  if (is(error, std::errc::address_not_available)) return {.cause = cause_of_missing_address(silence, facts)};
  if (!facts.way) return {};
  const WayOut& way = *facts.way;
  if (way.error) return {.cause = Cause::no_route};
  if (is(error, std::errc::permission_denied)) return {.cause = Cause::firewall};
  if (is(error, std::errc::invalid_argument) || way.kind != WayOut::Kind::unicast) return {};
  if (!way.source) return {.cause = Cause::no_source_address};
  if (way.several) return {};
  return way.gateway ? cause_by_gateway(silence, facts) : cause_on_link(silence, facts);
}

}  // namespace multiping::engine
