// What the kernel's messages about routes, neighbours and links say, rtnetlink(7): bytes to values, no system call.
// See rtnetlink_client.hpp.
#pragma once

#include <optional>

#include "net/routes_and_neighbours.hpp"
#include "os/netlink_message.hpp"

namespace multiping::os::kernel {

/// True for a rule that every network namespace begins with: to the tables local, main and default.
[[nodiscard]] bool is_first_rule(const netlink::Message& message) noexcept;
/// An entry of a list of routes; none for one that does not decide about packets, such as a dead one.
[[nodiscard]] std::optional<net::RouteEntry> route_in(const netlink::Message& message) noexcept;
/// The answer to a question for one route.
[[nodiscard]] std::optional<net::WayOut> way_in(const netlink::Message& message) noexcept;
/// True when the route in an answer has several next hops.
[[nodiscard]] bool has_several(const netlink::Message& message) noexcept;
[[nodiscard]] std::optional<net::Neighbour> neighbour_in(const netlink::Message& message) noexcept;
[[nodiscard]] std::optional<net::Link> link_in(const netlink::Message& message) noexcept;

}  // namespace multiping::os::kernel
