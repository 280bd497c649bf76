// Errors: the exceptions that a whole batch can throw, and the error codes of a single target.
// Errors of the system keep std::system_category; Errc names the errors that only multiping knows.
#pragma once

#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "multiping/export.hpp"
#include "multiping/resolve.hpp"

namespace multiping {

/// The reason why a target has no answer, where no errno value says it.
enum class Errc {
  no_address = 1,  ///< The name does not exist or has no address of the requested family, or the text is neither a name
                   ///< nor an address.
  lookup_failed,   ///< The lookup could not be made now; a later one may succeed.
  lookup_timeout,  ///< The lookup did not end in time: see ResolveOptions::timeout and ResolveOptions::budget.
  zone_missing,    ///< A link-local address without %zone.
  destination_denied,  ///< 0.0.0.0, ::, 255.255.255.255 or multicast.
  probe_too_large,     ///< The payload does not fit the target's address family.
  not_supported,       ///< An option that this protocol or this transport cannot honour.
  broker_denied,       ///< The broker refused to serve this user.
  broker_protocol,     ///< The broker's answer does not follow its protocol.
  zone_unknown,        ///< The zone of an address (fe80::1%eth9) names no interface of this host.
  not_an_address,      ///< The text is a block ("192.0.2.0/24", see expand()) or has a port ("192.0.2.1:80", see
                       ///< ProbeOptions::port), where one host is needed.
};
/// Returns the error code in the category "multiping". Its message() is one plain sentence.
[[nodiscard]] MULTIPING_EXPORT std::error_code make_error_code(Errc error) noexcept;

/// Thrown when names of a batch cannot be resolved. what() lists all of them; code() is the error of the first.
class MULTIPING_EXPORT ResolveError : public std::system_error {
 public:
  /// Called by the library. `failures` holds the names that have no address, at least one.
  explicit ResolveError(std::vector<Resolution> failures);
  /// Returns each name that failed, with its reason.
  [[nodiscard]] const std::vector<Resolution>& failures() const noexcept { return failures_; }
  /// Returns, for example, "cannot resolve nosuch.example (no such name or address), slow.example (the lookup did not
  /// end in time)".
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
  std::vector<Resolution> failures_;
};

/// Thrown when this process may not send such probes. what() begins with "this process may not ping: " (or "send SCTP
/// probes" and the like). Each line after that is one remedy: a command, a setting of a container or of a systemd unit,
/// or the broker. The last line says what failed, and the system's reason.
class MULTIPING_EXPORT PermissionError : public std::system_error {
 public:
  using std::system_error::system_error;
};

}  // namespace multiping

/// @cond  The reference leaves this specialisation out: it lets an Errc convert to std::error_code.
template <>
struct std::is_error_code_enum<multiping::Errc> : std::true_type {};
/// @endcond
