// The numbers that a socket has for all its packets and a control message sets for one: TTL, TOS and mark.
// One row for each, for sockets and for single packets alike. ip(7), ipv6(7), socket(7).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "multiping/probe_options.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {

struct PacketNumber {
  int level = 0, socket_option = 0, control_message = 0;
  bool chooses_route = false;  ///< The routing rules of the host may depend on it.
  std::optional<int> value{};  ///< None: the default of the system.
};

/// The numbers of a probe's packets. The TTL is the first.
[[nodiscard]] inline std::array<PacketNumber, 3> packet_numbers(Family family, const ProbeOptions& probe) noexcept {
  const bool v4 = family == Family::ipv4;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  const auto tos = probe.tos != 0 ? std::optional{probe.tos} : std::nullopt;
  const auto mark = probe.mark ? std::optional{static_cast<int>(*probe.mark)} : std::nullopt;
  return {{{level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, v4 ? IP_TTL : IPV6_HOPLIMIT, false, probe.ttl},
           {level, v4 ? IP_TOS : IPV6_TCLASS, v4 ? IP_TOS : IPV6_TCLASS, true, tos},
           {SOL_SOCKET, SO_MARK, SO_MARK, true, mark}}};
}

/// Sets the numbers of a socket, with `own_ttl` in place of the probe's TTL where it is not 0; false, with errno set,
/// at the first that the system refuses.
[[nodiscard]] inline bool set_packet_numbers(int socket, Family family, const ProbeOptions& probe,
                                             int own_ttl) noexcept {
  auto numbers = packet_numbers(family, probe);
  if (own_ttl != 0) numbers.front().value = own_ttl;
  for (const PacketNumber& number : numbers)
    if (number.value && !set_option(socket, number.level, number.socket_option, *number.value)) return false;
  return true;
}

/// Sets those on which a route may depend, as far as the system lets this process do so.
inline void route_as(int socket, Family family, const ProbeOptions& probe) noexcept {
  for (const PacketNumber& number : packet_numbers(family, probe))
    if (number.value && number.chooses_route) set_option(socket, number.level, number.socket_option, *number.value);
}

}  // namespace multiping::os
