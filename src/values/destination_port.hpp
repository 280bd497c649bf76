// The destination port of a probe, with the defaults of ProbeOptions::port.
// Header only.
#pragma once

#include <cstdint>

#include "multiping/options.hpp"

namespace multiping {

inline constexpr std::uint16_t default_udp_port = 33'434, default_stream_port = 80;

/// Returns 0 for ICMP, which has no ports.
[[nodiscard]] inline std::uint16_t destination_port(const ProbeOptions& probe) noexcept {
  if (probe.protocol == Protocol::icmp) return 0;
  if (probe.port != 0) return static_cast<std::uint16_t>(probe.port);
  return probe.protocol == Protocol::udp ? default_udp_port : default_stream_port;
}

}  // namespace multiping
