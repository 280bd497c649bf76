// The facts about each protocol of a probe: one row for each, and what follows from them for the options of a probe.
// Header only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "multiping/probe_options.hpp"

namespace multiping {

struct ProtocolTraits {
  std::uint16_t default_port = 0;  ///< The destination port where none is asked for; 0: the protocol has no ports.
  bool has_payload = false;        ///< Its packets carry ProbeOptions::payload_size bytes.
  bool connects = false;           ///< The kernel makes the connection, which takes a descriptor; not if half_open.
  bool needs_raw = false;          ///< Only raw sockets send it.
  bool has_flows = false;          ///< Routers that balance load by flow can be given a flow.
  bool can_be_traced = false;      ///< A router's report about an expired TTL can be told from others.
};

/// By Protocol, in the order of its enumerators.
inline constexpr std::array<ProtocolTraits, 4> protocol_traits{{
    /* icmp */ {.has_payload = true, .has_flows = true, .can_be_traced = true},
    /* udp */ {.default_port = 33'434, .has_payload = true, .has_flows = true, .can_be_traced = true},
    /* tcp */ {.default_port = 80, .connects = true, .has_flows = true, .can_be_traced = true},
    /* sctp */ {.default_port = 80, .needs_raw = true},
}};
static_assert(protocol_traits.size() == static_cast<std::size_t>(Protocol::sctp) + 1);

[[nodiscard]] constexpr const ProtocolTraits& traits(Protocol protocol) noexcept {
  return protocol_traits[static_cast<std::size_t>(protocol)];
}

/// The destination port of a probe, with the defaults of ProbeOptions::port; 0 for ICMP, which has no ports.
[[nodiscard]] inline std::uint16_t destination_port(const ProbeOptions& probe) noexcept {
  const std::uint16_t usual = traits(probe.protocol).default_port;
  return usual != 0 && probe.port != 0 ? static_cast<std::uint16_t>(probe.port) : usual;
}

/// True for a probe whose connection the kernel makes. Each such probe uses a descriptor while it is in flight.
[[nodiscard]] inline bool connects(const ProbeOptions& probe) noexcept {
  return traits(probe.protocol).connects && !probe.half_open;
}

/// True for a probe that only raw sockets send.
[[nodiscard]] inline bool needs_raw(const ProbeOptions& probe) noexcept {
  return traits(probe.protocol).needs_raw || probe.half_open;
}

}  // namespace multiping
