// What can go wrong as a whole (exceptions) and for one target (error codes).
// Failures of the system keep std::system_category; Errc names what only multiping knows.
#pragma once

#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "multiping/export.hpp"
#include "multiping/resolve.hpp"

namespace multiping {

/// Why a target has no answer, where no errno says it.
enum class Errc {
  no_address = 1,  ///< No such name, or no address of the family asked for, or text that is neither name nor address.
  lookup_failed,   ///< The lookup could not be made now; worth another try.
  lookup_timeout,  ///< The lookup did not end within ResolveOptions::timeout.
  zone_missing,    ///< A link-local address without %zone.
  destination_denied,  ///< 0.0.0.0, ::, 255.255.255.255 or multicast.
  probe_too_large,     ///< The payload does not fit the target's address family.
  not_supported,       ///< An option that this protocol or this transport cannot honour.
  broker_denied,       ///< The broker refused.
  broker_protocol,     ///< The broker answered something that is not its protocol.
  zone_unknown,        ///< The zone of an address (fe80::1%eth9) names no interface of this host.
  not_an_address,      ///< A block ("192.0.2.0/24", see expand()) or an address with a port ("192.0.2.1:80", see
                       ///< ProbeOptions::port) where one host is wanted.
};
/// The error in its category, "multiping"; its message() is one plain sentence.
[[nodiscard]] MULTIPING_EXPORT std::error_code make_error_code(Errc error) noexcept;

/// Names of a batch could not be resolved; what() names them all, code() is the first one's.
class MULTIPING_EXPORT ResolveError : public std::system_error {
 public:
  /// What the library throws; `failures` are the names that have no address, at least one.
  explicit ResolveError(std::vector<Resolution> failures);
  /// Each name that failed, with its reason.
  [[nodiscard]] const std::vector<Resolution>& failures() const noexcept { return failures_; }
  /// "cannot resolve nosuch.example (no such name or address), slow.example (the lookup did not end in time)"
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
  std::vector<Resolution> failures_;
};

/// This process may not send such probes. what() begins with "this process may not ping: " (or "send SCTP probes" and
/// the like); then each line is one thing that would let it: the command, the setting of a container or of a systemd
/// unit, or the broker. Its last line says what failed and the system's reason.
class MULTIPING_EXPORT PermissionError : public std::system_error {
 public:
  using std::system_error::system_error;
};

}  // namespace multiping

/// @cond  A specialisation that the reference need not have: an Errc converts to std::error_code.
template <>
struct std::is_error_code_enum<multiping::Errc> : std::true_type {};
/// @endcond
