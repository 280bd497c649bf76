// What the icmp4em server does with its sockets, one call each: send(2), getsockopt(2).
// See icmp4em_server.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <system_error>

#include "proxy/icmp4em_frames.hpp"
#include "proxy/icmp4em_relay.hpp"

namespace multiping::proxy {

[[nodiscard]] int family_of(int socket) noexcept;
/// A pending error of an earlier probe comes out of whatever call is next.
bool take_pending_error(int socket) noexcept;
/// Requests come faster than they can be served: half of the receive buffer is full.
[[nodiscard]] bool is_crowded(int socket) noexcept;

/// An echo request with the payload of `request`, to its destination, by a ping socket: the kernel writes identifier
/// and checksum.
[[nodiscard]] std::error_code send_echo(int ping_socket, const Icmp4emRequest& request,
                                        std::uint16_t sequence) noexcept;
/// False when the system does not take it.
[[nodiscard]] bool send_datagram(int udp_socket, bool socket_is_v6, const Icmp4emClient& to,
                                 std::span<const std::uint8_t> datagram) noexcept;

}  // namespace multiping::proxy
