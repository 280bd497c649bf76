// How errors about relayed probes are told to clients of icmp4em's protocol, which know ICMPv4 alone.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <system_error>

#include "multiping/address.hpp"

namespace multiping::proxy {

/// Type and code of ICMPv4, and the MTU of fragmentation needed; 0: unknown.
struct Icmp4emVerdict {
  std::uint8_t type = 0, code = 0;
  std::uint16_t mtu = 0;
  friend bool operator==(const Icmp4emVerdict&, const Icmp4emVerdict&) = default;
};

/// The refusal of a request for its number: source quench.
inline constexpr Icmp4emVerdict icmp4em_refused{.type = 4};

/// An ICMP or ICMPv6 error, the latter as its nearest relative. Nothing for redirects, source quench and what is no
/// error: those tell no fate.
[[nodiscard]] std::optional<Icmp4emVerdict> icmp4em_verdict(Family family, std::uint8_t type, std::uint8_t code,
                                                            std::uint32_t mtu) noexcept;
/// What the system says to a probe that it does not send; source quench where this host lacks room for it.
[[nodiscard]] Icmp4emVerdict icmp4em_verdict(std::error_code refused) noexcept;

}  // namespace multiping::proxy
