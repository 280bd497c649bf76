// Looks up the addresses of names and the names of addresses, many at once, within time limits.
// MultiPing does this with the names in its list; these calls are for programs that need the addresses themselves.
#pragma once

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/duration.hpp"
#include "multiping/export.hpp"

namespace multiping {

/// How names become addresses.
struct ResolveOptions {
  /// The family of the addresses of a name. any: the first IPv4 address that this host can use for the target, else the
  /// first IPv6 address that it can use, else the first IPv4 address. This host can use an address to which it has a
  /// route (through ProbeOptions::device, where that is set), RFC 6724, section 6, rule 1. A flow label asks for IPv6,
  /// and a source address of only one family asks for that family.
  Family family = Family::any;
  /// The longest wait without progress. When no lookup of the call has ended for this time, the lookups that are under
  /// way or have not begun end with Errc::lookup_timeout. Not negative.
  Timeout timeout = std::chrono::seconds{5};
  /// How many lookups of one call are under way at once, 1 to 256; the default allows one for each name, up to the
  /// limit of the process. The whole process has at most 64 lookups under way, whatever its calls ask for.
  int parallel = 64;
  Timeout budget{};  ///< Time limit for all lookups of one call together; 0: none. Not negative.
};

/// The addresses of one name.
struct Resolution {
  std::string name{};  ///< As the caller wrote it.
  std::vector<Address>
      addresses{};          ///< In the resolver's order; an address as text resolves to itself, without a lookup.
  std::error_code error{};  ///< Why there is none: Errc::no_address, not_an_address, lookup_failed or lookup_timeout.
};

/// Returns the addresses of every name, in the caller's order. The system's resolver looks them up in parallel
/// (getaddrinfo(3)).
///
/// There is one Resolution for each name, and a name that fails does not delay or change the others. With a family in
/// the options, only addresses of that family are returned. Text that inet_aton(3) takes for an address and
/// Address::parse() does not ("10.1", "1") is Errc::no_address, without a lookup. A block ("192.0.2.0/24") or text with
/// a port ("192.0.2.1:80", "example.org:80") is Errc::not_an_address. A name outside ASCII is read as UTF-8, or in the
/// encoding of the locale where that has more than ASCII. It is looked up first in its ASCII form (RFC 5891; needs the
/// C library's AI_IDN, getaddrinfo(3)), then as it is.
///
/// Returns when all names are known, when no lookup has ended for options.timeout, or when options.budget is over. A
/// name that is not known then is Errc::lookup_timeout, or Errc::lookup_failed where its last lookup ended with a
/// temporary failure; such a lookup is repeated until then. Where all name servers refuse queries or cannot be reached,
/// the name is Errc::lookup_failed at once.
///
/// A lookup under way cannot be cancelled: its thread runs on for about a second for each silent name server. The
/// process has at most 64 lookups under way, and its calls take turns; a name that gets no turn is
/// Errc::lookup_timeout. Throws std::invalid_argument for options out of range.
[[nodiscard]] MULTIPING_EXPORT std::vector<Resolution> resolve(const std::vector<std::string>& names,
                                                               const ResolveOptions& options = {});

/// The name of one address.
struct ReverseResolution {
  Address address{};        ///< The address that was looked up.
  std::string name{};       ///< Empty: no name was found.
  std::error_code error{};  ///< Why there is no name: Errc::no_address (it has none), lookup_failed or lookup_timeout.
};

/// Returns the name of every address, in the caller's order. The system's resolver looks them up in parallel
/// (getnameinfo(3)).
///
/// There is one ReverseResolution for each address. Each distinct address is looked up once, and an address that fails
/// does not delay or change the others. The zone of a link-local address is passed to the resolver, though DNS and
/// hosts files have no zones. An empty Address (Family::any) is Errc::no_address. With ResolveOptions::family, only
/// addresses of that family are looked up, and those of the other family are Errc::no_address.
///
/// The owner of the address range chooses the name: it proves nothing. Text that is not a host name (RFC 1123, and '_')
/// counts as no name. Returns at the same time limits as resolve(). Throws std::invalid_argument for options out of
/// range.
[[nodiscard]] MULTIPING_EXPORT std::vector<ReverseResolution> reverse_resolve(const std::vector<Address>& addresses,
                                                                              const ResolveOptions& options = {});

}  // namespace multiping
