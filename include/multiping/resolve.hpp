// Names to addresses and addresses to names, many at once, within time limits.
// What MultiPing does with the names in its list, for programs that want the addresses themselves.
#pragma once

#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/export.hpp"
#include "multiping/options.hpp"

namespace multiping {

/// What one name resolved to.
struct Resolution {
  std::string name{};                ///< As the caller wrote it.
  std::vector<Address> addresses{};  ///< In the resolver's order; numeric text resolves to itself at no cost.
  std::error_code error{};  ///< Why there are none: Errc::no_address, not_an_address, lookup_failed or lookup_timeout.
};

/// The addresses of every name, in the caller's order, looked up in parallel by the system's resolver (getaddrinfo(3)).
///
/// One Resolution per name; a name that fails costs the others nothing. With a family in the options, only its
/// addresses are given. Text that inet_aton(3) would take for an address and Address::parse() does not ("10.1", "1") is
/// Errc::no_address, without a lookup; a block ("192.0.2.0/24") and a port ("192.0.2.1:80", "example.org:80") are
/// Errc::not_an_address. A name that is not in ASCII is UTF-8, or as the locale says where that knows more than ASCII,
/// and is looked up in its ASCII form (RFC 5891; needs the C library's AI_IDN, getaddrinfo(3)), then as it is.
///
/// Returns when all is known, when no lookup has ended for options.timeout, or when options.budget is over: what is not
/// known then is Errc::lookup_timeout. Where all name servers turn queries down or cannot be reached, that is known at
/// once: Errc::lookup_failed. A server in trouble is asked again until then. A lookup under way cannot be cancelled:
/// its thread goes on for about a second for each silent name server. The process has at most 64 lookups under way, and
/// its calls have them in turn; what has no turn is Errc::lookup_timeout. Throws std::invalid_argument for options out
/// of range.
[[nodiscard]] MULTIPING_EXPORT std::vector<Resolution> resolve(const std::vector<std::string>& names,
                                                               const ResolveOptions& options = {});

/// What one address is called.
struct ReverseResolution {
  Address address{};        ///< What was asked about.
  std::string name{};       ///< Empty: none.
  std::error_code error{};  ///< Why: Errc::no_address where it has no name, lookup_failed or lookup_timeout.
};

/// The name of every address, in the caller's order, looked up in parallel by the system's resolver (getnameinfo(3)).
///
/// One ReverseResolution per address; each distinct address is looked up once, and one that fails costs the others
/// nothing. The zone of a link-local address goes with it, though DNS and hosts files know none. No address
/// (Family::any) is Errc::no_address. ResolveOptions::family chooses whose names are looked up: of the other family,
/// all are Errc::no_address. A name is what the owner of the other network likes it to be: it proves nothing, and what
/// is not a host name (RFC 1123, and '_') is taken for none. Returns as resolve() does. Throws std::invalid_argument
/// for options out of range.
[[nodiscard]] MULTIPING_EXPORT std::vector<ReverseResolution> reverse_resolve(const std::vector<Address>& addresses,
                                                                              const ResolveOptions& options = {});

}  // namespace multiping
