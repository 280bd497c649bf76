// What a lookup makes of a position of a list: the address that is probed, or why none is.
// The same rule at first and whenever the name is looked up again.
#pragma once

#include <cstdint>
#include <system_error>
#include <vector>

#include "engine/endpoint.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "multiping/resolve.hpp"
#include "multiping/result.hpp"

namespace multiping {

/// A position whose host is a name, or an address with a zone, which is the name of an interface.
struct NamedPosition {
  std::uint32_t position = 0;
  net::ShapeNumber shape = 0;
};

struct Choice {
  Address address{};                   ///< None while unresolved.
  Outcome outcome = Outcome::pending;  ///< Pending: the address is to be probed. Else it is not, for this reason:
  std::error_code error{};

  [[nodiscard]] bool unresolved() const noexcept { return outcome == Outcome::unresolved; }
  /// The lookup itself failed, so that nothing is known of the name.
  [[nodiscard]] bool unknown() const noexcept;
};

/// A position, and what its host was found to be.
struct FoundName {
  NamedPosition at{};
  bool ttl_asked = false;  ///< Its probes set a ttl.
  Choice choice{};

  [[nodiscard]] engine::Endpoint endpoint() const noexcept {
    return {.address = choice.address, .shape = at.shape, .ttl_asked = ttl_asked};
  }
};

/// The family of the address that such a probe is sent to; any: the name says.
[[nodiscard]] Family wanted_family(const ProbeOptions& probe, const Options& options) noexcept;
/// An address that needs no lookup.
[[nodiscard]] Choice choose(const Address& address, const ProbeOptions& probe, const Options& options);
/// Of what is known of a name, for one such probe. Where both families are found and none is asked for, the first IPv4
/// address that can be used, else the first IPv6 address that can, else the first IPv4 address.
///
/// A flow label asks for IPv6, and so does a source address of one family alone for that one. Otherwise an address can
/// be used when there is a route to it, RFC 6724 section 6, rule 1; for that alone options.transport is opened where
/// there is none yet.
[[nodiscard]] Choice choose(const Resolution& resolution, const ProbeOptions& probe, Options& options);

/// How names of a list are looked up: both families, since each target chooses by its own options.
[[nodiscard]] ResolveOptions lookup_options(const Options& options);

}  // namespace multiping
