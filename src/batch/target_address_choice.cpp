// Takes the address that the options ask for, and asks for a route only when two families are left.
// See batch/target_address_choice.hpp.
#include "batch/target_address_choice.hpp"

#include <algorithm>
#include <optional>

#include "batch/ipv6_zones.hpp"
#include "batch/transport_opener.hpp"
#include "multiping/error.hpp"
#include "multiping/transport.hpp"
#include "net/probe_transport.hpp"
#include "resolve/resolve_names.hpp"
#include "values/probeable_address.hpp"

namespace multiping {
namespace {

AddressChoice unresolved(std::error_code error) noexcept { return {.outcome = Outcome::unresolved, .error = error}; }

AddressChoice probed_if_allowed(const Address& address, const ProbeOptions& probe) {
  AddressChoice choice{.address = address};
  if (address.family() == Family::ipv6) choice.address = Ipv6Zones{}.place(address, probe, {});
  choice.error = objection(choice.address, probe);
  if (choice.error) choice.outcome = Outcome::send_failed;
  return choice;
}

/// The family that the options imply by a flow label or by a source address; any: none or both.
Family asked_family(const ProbeOptions& probe) noexcept {
  if (probe.flow_label) return Family::ipv6;
  const bool v4 = static_cast<bool>(probe.source_v4), v6 = static_cast<bool>(probe.source_v6);
  if (v4 == v6) return Family::any;
  return v4 ? Family::ipv4 : Family::ipv6;
}

std::optional<Address> first_usable(const Resolution& resolution, Family family, const ProbeOptions& probe,
                                    const Transport& transport) {
  const auto usable = [&](const Address& address) {
    return address.family() == family && transport.has_route(address, probe);
  };
  const auto found = std::ranges::find_if(resolution.addresses, usable);
  return found == resolution.addresses.end() ? std::nullopt : std::optional{*found};
}

std::optional<Address> best_of(const Resolution& resolution, const ProbeOptions& probe, Options& options) {
  const Family wanted = wanted_family(probe, options);
  const auto v4 = resolver::preferred(resolution, Family::ipv4), v6 = resolver::preferred(resolution, Family::ipv6);
  if (wanted != Family::any || !v4 || !v6) return resolver::preferred(resolution, wanted);
  if (const Family asked = asked_family(probe); asked != Family::any) return asked == Family::ipv4 ? v4 : v6;
  if (!options.transport) options.transport = open_own_transport();
  for (const Family family : {Family::ipv4, Family::ipv6})
    if (const auto usable = first_usable(resolution, family, probe, *options.transport)) return usable;
  return v4;
}

}  // namespace

bool AddressChoice::unknown() const noexcept {
  return unresolved() && (error == Errc::lookup_failed || error == Errc::lookup_timeout);
}

Family wanted_family(const ProbeOptions& probe, const Options& options) noexcept {
  return probe.family == Family::any ? options.resolve.family : probe.family;
}

AddressChoice choose(const Address& address, const ProbeOptions& probe, const Options& options) {
  const Family family = wanted_family(probe, options);
  if (family != Family::any && family != address.family()) return unresolved(Errc::no_address);
  return probed_if_allowed(address, probe);
}

AddressChoice choose(const Resolution& resolution, const ProbeOptions& probe, Options& options) {
  if (resolution.error) return unresolved(resolution.error);
  const auto address = best_of(resolution, probe, options);
  return address ? probed_if_allowed(*address, probe) : unresolved(Errc::no_address);
}

ResolveOptions lookup_options(const Options& options) {
  ResolveOptions both = options.resolve;
  both.family = Family::any;
  return both;
}

}  // namespace multiping
