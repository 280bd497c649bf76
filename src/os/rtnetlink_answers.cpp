// Attributes that are missing leave their members as they are.
// See rtnetlink_answers.hpp.
#include "os/rtnetlink_answers.hpp"

#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace multiping::os::kernel {
namespace {

using netlink::attribute;
using netlink::Bytes;
using netlink::Message;

/// IFF_LOWER_UP. Only <linux/if.h> names it, which conflicts with <net/if.h>.
constexpr unsigned lower_up = 1U << 16U;
/// NDA_CACHEINFO counts in USER_HZ, which is 100 but on machines that no Linux supports any more.
constexpr Duration one_tick = std::chrono::milliseconds{10};

template <std::size_t Size>
std::array<std::uint8_t, Size> octets(Bytes bytes) noexcept {
  std::array<std::uint8_t, Size> copy{};
  std::ranges::copy(bytes.first(std::min(bytes.size(), Size)), copy.begin());
  return copy;
}

bool needs_zone(const std::array<std::uint8_t, 16>& octets) noexcept {
  return octets[0] == 0xfe && (octets[1] & 0xc0U) == 0x80;  // fe80::/10, RFC 4291
}

/// `device` is the zone of a link-local address.
Address address_of(Bytes bytes, std::uint32_t device) noexcept {
  if (bytes.size() == 4) return Address::v4(octets<4>(bytes));
  if (bytes.size() != 16) return {};
  const auto v6 = octets<16>(bytes);
  return Address::v6(v6, needs_zone(v6) ? device : 0);
}

std::uint32_t number(Bytes attributes, unsigned short type) noexcept {
  return netlink::read<std::uint32_t>(attribute(attributes, type)).value_or(0);
}

/// RTA_VIA: a gateway of another family than the route's, a family of two bytes and the address.
Address gateway_of(Bytes attributes, std::uint32_t device) noexcept {
  if (const Bytes gateway = attribute(attributes, RTA_GATEWAY); !gateway.empty()) return address_of(gateway, device);
  const Bytes via = attribute(attributes, RTA_VIA);
  return address_of(via.subspan(std::min<std::size_t>(via.size(), 2)), device);
}

net::Neighbour::State state_of(std::uint16_t state) noexcept {
  using State = net::Neighbour::State;
  if ((state & NUD_INCOMPLETE) != 0) return State::incomplete;
  if ((state & NUD_FAILED) != 0) return State::failed;
  if ((state & NUD_REACHABLE) != 0) return State::reachable;
  if ((state & NUD_STALE) != 0) return State::stale;
  if ((state & NUD_DELAY) != 0) return State::delay;
  if ((state & NUD_PROBE) != 0) return State::probe;
  return State::fixed;
}

bool decides(const rtmsg& route) noexcept {
  const bool table =
      route.rtm_table == RT_TABLE_MAIN || route.rtm_table == RT_TABLE_LOCAL || route.rtm_table == RT_TABLE_DEFAULT;
  return table && (route.rtm_flags & RTNH_F_DEAD) == 0;
}

Bytes any_address(unsigned char family) noexcept {
  static constexpr std::array<std::uint8_t, 16> zeros{};
  return Bytes{zeros}.first(family == AF_INET ? 4 : 16);
}

}  // namespace

bool is_first_rule(const Message& message) noexcept {
  const auto rule = message.fixed<fib_rule_hdr>();
  if (!rule || message.type != RTM_NEWRULE) return false;
  const Bytes attributes = message.attributes<fib_rule_hdr>();
  const bool plain = rule->src_len == 0 && rule->dst_len == 0 && rule->tos == 0 && rule->action == FR_ACT_TO_TBL &&
                     (rule->flags & FIB_RULE_INVERT) == 0;
  const std::uint32_t table = number(attributes, FRA_TABLE), priority = number(attributes, FRA_PRIORITY);
  const bool first = (table == RT_TABLE_LOCAL && priority == 0) || (table == RT_TABLE_MAIN && priority == 32766) ||
                     (table == RT_TABLE_DEFAULT && priority == 32767);
  const auto has = [&](unsigned short type) { return !attribute(attributes, type).empty(); };
  return plain && first && !has(FRA_FWMARK) && !has(FRA_IIFNAME) && !has(FRA_OIFNAME) && !has(FRA_UID_RANGE);
}

bool has_several(const Message& message) noexcept {
  if (message.type != RTM_NEWROUTE) return false;
  const Bytes attributes = message.attributes<rtmsg>();
  const bool group = !attribute(attributes, RTA_NH_ID).empty() && number(attributes, RTA_OIF) == 0;
  return group || !attribute(attributes, RTA_MULTIPATH).empty();
}

std::optional<net::RouteEntry> route_in(const Message& message) noexcept {
  const auto route = message.fixed<rtmsg>();
  if (!route || message.type != RTM_NEWROUTE || !decides(*route)) return std::nullopt;
  const Bytes attributes = message.attributes<rtmsg>();
  const std::uint32_t device = number(attributes, RTA_OIF);
  const Bytes to = attribute(attributes, RTA_DST);
  net::RouteEntry entry{.to = address_of(to.empty() ? any_address(route->rtm_family) : to, 0),
                        .length = route->rtm_dst_len,
                        .metric = number(attributes, RTA_PRIORITY),
                        .gateway = gateway_of(attributes, device),
                        .device = device};
  entry.several = has_several(message) || route->rtm_src_len != 0 || route->rtm_tos != 0;
  entry.exception = (route->rtm_flags & RTM_F_CLONED) != 0;
  return entry;
}

std::optional<net::WayOut> way_in(const Message& message) noexcept {
  using Kind = net::WayOut::Kind;
  const auto route = message.fixed<rtmsg>();
  if (!route || message.type != RTM_NEWROUTE) return std::nullopt;
  const Bytes attributes = message.attributes<rtmsg>();
  const std::uint32_t device = number(attributes, RTA_OIF);
  const Bytes source = attribute(attributes, RTA_PREFSRC);
  net::WayOut way{.gateway = gateway_of(attributes, device),
                  .source = std::ranges::any_of(source, [](auto octet) { return octet != 0; })
                                ? address_of(source, device)
                                : Address{},
                  .device = device};
  way.kind = route->rtm_type == RTN_UNICAST ? Kind::unicast : route->rtm_type == RTN_LOCAL ? Kind::own : Kind::other;
  if (route->rtm_type == RTN_UNREACHABLE) way.error = std::make_error_code(std::errc::host_unreachable);
  if (route->rtm_type == RTN_PROHIBIT) way.error = std::make_error_code(std::errc::permission_denied);
  if (route->rtm_type == RTN_BLACKHOLE) way.error = std::make_error_code(std::errc::invalid_argument);
  if (route->rtm_family == AF_INET6)  // IPv6 answers with a route to nowhere instead of an error
    if (const auto info = netlink::read<rta_cacheinfo>(attribute(attributes, RTA_CACHEINFO));
        info && info->rta_error != 0)
      way.error = {std::abs(static_cast<int>(info->rta_error)), std::generic_category()};
  return way;
}

std::optional<net::Neighbour> neighbour_in(const Message& message) noexcept {
  const auto entry = message.fixed<ndmsg>();
  if (!entry || message.type != RTM_NEWNEIGH) return std::nullopt;
  const Bytes attributes = message.attributes<ndmsg>();
  const auto device = static_cast<std::uint32_t>(entry->ndm_ifindex);
  const auto times = netlink::read<nda_cacheinfo>(attribute(attributes, NDA_CACHEINFO));
  return net::Neighbour{.address = address_of(attribute(attributes, NDA_DST), device),
                        .device = device,
                        .state = state_of(entry->ndm_state),
                        .unconfirmed = times ? times->ndm_confirmed * one_tick : Duration::max(),
                        .unchanged = times ? times->ndm_updated * one_tick : Duration{}};
}

std::optional<net::Link> link_in(const Message& message) noexcept {
  const auto link = message.fixed<ifinfomsg>();
  if (!link || message.type != RTM_NEWLINK) return std::nullopt;
  const auto has = [&](unsigned flag) { return (link->ifi_flags & flag) != 0; };
  return net::Link{.up = has(IFF_UP),
                   .carrier = has(lower_up),
                   .asks = !has(IFF_NOARP) && !has(IFF_LOOPBACK) && !has(IFF_POINTOPOINT)};
}

}  // namespace multiping::os::kernel
