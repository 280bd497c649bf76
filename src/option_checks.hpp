// Whether options are in range and can be honoured, asked once, before anything is opened, resolved or sent.
// The ranges are those that include/multiping/options.hpp tells the caller.
#pragma once

#include <string_view>

#include "multiping/options.hpp"

namespace multiping {

/// Throws std::invalid_argument for a value out of range ("ProbeOptions::ttl is 0; it must be 1 to 255"), and
/// std::system_error with Errc::not_supported for one in range that the protocol does not have.
void check(const ProbeOptions& probe);
void check(const ResolveOptions& resolve);
void check(const Options& options);  ///< With its resolve and its probe.

/// The time, or std::invalid_argument naming it where it is negative or was not a number.
[[nodiscard]] Duration checked_timeout(Timeout timeout, std::string_view name);
/// How long a call that only waits is to wait: a negative time is what is left of a deadline that has passed, 0.
[[nodiscard]] Duration time_left(Timeout wait) noexcept;

}  // namespace multiping
