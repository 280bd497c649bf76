// Checks once that options are in range and can be honoured, before anything is opened, resolved or sent.
// No option is ignored. The ranges are those that include/multiping/probe_options.hpp and options.hpp document.
#pragma once

#include <cstddef>
#include <string_view>

#include "multiping/health.hpp"
#include "multiping/options.hpp"

namespace multiping {

inline constexpr std::size_t largest_ipv4_payload = 65'507;  // 65,535 less the IPv4 header and that of ICMP or UDP
inline constexpr std::size_t largest_ipv6_payload = 65'527;  // the IPv6 payload length does not count its header

/// Throws std::invalid_argument for a value out of range ("ProbeOptions::ttl is 0; it must be 1 to 255"), and
/// std::system_error with Errc::not_supported for a value in range that the protocol does not support.
void check(const ProbeOptions& probe);
void check(const ResolveOptions& resolve);
void check(const Options& options);  ///< Checks its members `resolve` and `probe` too.
/// The same without `probe`, which equals one that was checked before.
void check_except_probe(const Options& options);
void check(const HealthOptions& options);
void check(const Quorum& quorum);

/// The time. Throws std::invalid_argument, which names the option, when it is negative or not a number.
[[nodiscard]] Duration checked_timeout(Timeout timeout, std::string_view name);
/// How long a call that only waits must wait. A negative time is 0: it is the rest of a deadline that has passed.
[[nodiscard]] Duration time_left(Timeout wait) noexcept;

}  // namespace multiping
