// Translates as RFC 7915 section 5.2 does where it has a translation, else to the nearest error.
// See icmp4em_errors.hpp.
#include "apps/multipingd/icmp4em/icmp4em_errors.hpp"

#include <algorithm>
#include <array>

#include "packet/icmp.hpp"

namespace multiping::daemon {
namespace {

namespace icmpv4 = packet::icmpv4;
namespace icmpv6 = packet::icmpv6;

Icmp4emVerdict unreachable(std::uint8_t code) noexcept {
  return {.type = icmpv4::destination_unreachable, .code = code};
}

Icmp4emVerdict too_big(std::uint32_t mtu) noexcept {
  Icmp4emVerdict verdict = unreachable(icmpv4::code_fragmentation_needed);
  verdict.mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu, UINT16_MAX));
  return verdict;
}

/// The table has the codes of ICMPv6, RFC 4443 section 3.1, in order: no route, prohibited, beyond scope of source
/// address, address unreachable, port unreachable, source address failed policy, reject route.
Icmp4emVerdict unreachable_v6(std::uint8_t code) noexcept {
  constexpr std::array<std::uint8_t, 7> codes = {icmpv4::code_net_unreachable,  icmpv4::code_prohibited,
                                                 icmpv4::code_host_unreachable, icmpv4::code_host_unreachable,
                                                 icmpv4::code_port_unreachable, icmpv4::code_prohibited,
                                                 icmpv4::code_prohibited};
  return unreachable(code < codes.size() ? codes.at(code) : icmpv4::code_host_unreachable);
}

std::optional<Icmp4emVerdict> of_icmpv6(std::uint8_t type, std::uint8_t code, std::uint32_t mtu) noexcept {
  switch (type) {
    case icmpv6::destination_unreachable:
      return unreachable_v6(code);
    case icmpv6::packet_too_big:
      return too_big(mtu);
    case icmpv6::time_exceeded:
      return Icmp4emVerdict{.type = icmpv4::time_exceeded, .code = code};
    case icmpv6::parameter_problem:
      return Icmp4emVerdict{.type = icmpv4::parameter_problem};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Icmp4emVerdict> icmp4em_verdict(Family family, std::uint8_t type, std::uint8_t code,
                                              std::uint32_t mtu) noexcept {
  const packet::ErrorKind kind = packet::classify_error(family, type, code);
  if (kind != packet::ErrorKind::unreachable && kind != packet::ErrorKind::ttl_expired) return std::nullopt;
  if (family == Family::ipv6) return of_icmpv6(type, code, mtu);
  if (type == icmpv4::destination_unreachable && code == icmpv4::code_fragmentation_needed) return too_big(mtu);
  return Icmp4emVerdict{.type = type, .code = code};
}

Icmp4emVerdict icmp4em_verdict(std::error_code refused) noexcept {
  if (refused == std::errc::network_unreachable || refused == std::errc::invalid_argument)  // EINVAL: blackhole route
    return unreachable(icmpv4::code_net_unreachable);
  if (refused == std::errc::permission_denied || refused == std::errc::operation_not_permitted)
    return unreachable(icmpv4::code_prohibited);
  if (refused == std::errc::message_size) return too_big(0);
  if (refused == std::errc::no_buffer_space || refused == std::errc::not_enough_memory ||
      refused == std::errc::resource_unavailable_try_again)
    return icmp4em_refused;
  return unreachable(icmpv4::code_host_unreachable);
}

}  // namespace multiping::daemon
