// Translates errors about relayed probes into ICMPv4, the only ICMP that clients of icmp4em's protocol know.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <system_error>

#include "multiping/address.hpp"

namespace multiping::daemon {

/// Type and code of an ICMPv4 error. `mtu` is set for "fragmentation needed"; 0: unknown.
struct Icmp4emVerdict {
  std::uint8_t type = 0, code = 0;
  std::uint16_t mtu = 0;
  friend bool operator==(const Icmp4emVerdict&, const Icmp4emVerdict&) = default;
};

/// Tells a client that it sent too many requests: source quench.
inline constexpr Icmp4emVerdict icmp4em_refused{.type = 4};

/// Translates an ICMP or ICMPv6 error; an ICMPv6 error becomes the ICMPv4 error that is nearest to it. None for
/// redirects, source quench and messages that are no errors: those do not end a probe.
[[nodiscard]] std::optional<Icmp4emVerdict> icmp4em_verdict(Family family, std::uint8_t type, std::uint8_t code,
                                                            std::uint32_t mtu) noexcept;
/// Translates the system's error for a probe that it did not send. Source quench when this host lacked buffer space or
/// memory.
[[nodiscard]] Icmp4emVerdict icmp4em_verdict(std::error_code refused) noexcept;

}  // namespace multiping::daemon
