// The socket calls of the icmp4em server: sending, pending errors, the fill of a receive buffer. send(2),
// getsockopt(2). See icmp4em_server.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <system_error>

#include "apps/multipingd/icmp4em/icmp4em_relay.hpp"
#include "icmp4em/icmp4em_frames.hpp"

namespace multiping::daemon {

/// AF_INET or AF_INET6 of the address that the socket is bound to; AF_UNSPEC on an error.
[[nodiscard]] int family_of(int socket) noexcept;
/// Clears the pending error of an earlier probe, which the next call on the socket would return. True if there was one.
bool take_pending_error(int socket) noexcept;
/// True when more than half of the receive buffer is full: requests come faster than they are served.
[[nodiscard]] bool is_crowded(int socket) noexcept;

/// Sends an echo request with the payload of `request` to its destination. The kernel writes the identifier of the ping
/// socket and the checksum.
[[nodiscard]] std::error_code send_echo(int ping_socket, const icmp4em::Icmp4emRequest& request,
                                        std::uint16_t sequence) noexcept;
/// False when the system refuses to send.
[[nodiscard]] bool send_datagram(int udp_socket, bool socket_is_v6, const Icmp4emClient& to,
                                 std::span<const std::uint8_t> datagram) noexcept;

}  // namespace multiping::daemon
