// Chooses from a lookup the address that a position of a list probes, or says why it probes none.
// The first lookup and later lookups of a name follow the same rule.
#pragma once

#include <cstdint>
#include <system_error>
#include <vector>

#include "engine/target_key.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "multiping/resolve.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// A position whose host is a name, or an address with a zone, which is the name of an interface.
struct NamedPosition {
  std::uint32_t position = 0;
  net::ProfileNumber profile = 0;
};

struct AddressChoice {
  Address address{};                   ///< None while unresolved.
  Outcome outcome = Outcome::pending;  ///< pending: the address is to be probed; otherwise it is not probed.
  std::error_code error{};             ///< Why the address is not probed.

  [[nodiscard]] bool unresolved() const noexcept { return outcome == Outcome::unresolved; }
  /// True when the lookup itself failed, so that nothing is known of the name.
  [[nodiscard]] bool unknown() const noexcept;
};

/// A position, and the choice for its host.
struct FoundName {
  NamedPosition at{};
  bool ttl_asked = false;  ///< The probe options set a TTL.
  AddressChoice choice{};

  [[nodiscard]] engine::TargetKey destination() const noexcept {
    return {.address = choice.address, .profile = at.profile, .ttl_asked = ttl_asked};
  }
};

/// The family of the address that the probe must be sent to; any: the addresses of the name decide.
[[nodiscard]] Family wanted_family(const ProbeOptions& probe, const Options& options) noexcept;
/// The choice for an address, which needs no lookup.
[[nodiscard]] AddressChoice choose(const Address& address, const ProbeOptions& probe, const Options& options);
/// The choice for a name and one probe. When both families are found and none is asked for: the first usable IPv4
/// address, else the first usable IPv6 address, else the first IPv4 address.
///
/// A flow label asks for IPv6. Source addresses of only one family ask for that family. Otherwise an address is usable
/// when there is a route to it (RFC 6724 section 6, rule 1). To ask for routes, this function opens a transport and
/// sets options.transport when it is null.
[[nodiscard]] AddressChoice choose(const Resolution& resolution, const ProbeOptions& probe, Options& options);

/// The options for the lookups of a list. They ask for both families, since each target chooses by its own options.
[[nodiscard]] ResolveOptions lookup_options(const Options& options);

}  // namespace multiping
