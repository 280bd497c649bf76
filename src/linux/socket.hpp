// Sockets and their addresses: what every file here needs of socket(7), ip(7) and ipv6(7).
// What each kind of socket is made for stands in lane_socket.hpp and tcp_connector.hpp.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "linux/file_descriptor.hpp"
#include "multiping/address.hpp"
#include "multiping/transport.hpp"

namespace multiping::os {

/// A socket address of either family, as sendmsg(2) and recvmsg(2) take it.
union SocketAddress {
  sockaddr_in6 v6;  // first, since it is the largest: what `{}` makes zero
  sockaddr_in v4;
  sockaddr any;
};
/// Fills `out` and returns how many bytes of it count.
socklen_t to_socket_address(const Address& address, SocketAddress& out) noexcept;
[[nodiscard]] Address from_socket_address(const SocketAddress& address) noexcept;
/// The port stands at the same place in both families.
void set_port(SocketAddress& address, std::uint16_t port) noexcept;
[[nodiscard]] std::uint16_t port_of(const SocketAddress& address) noexcept;

/// errno as an error_code.
[[nodiscard]] std::error_code last_error() noexcept;
/// Throws std::system_error of errno; `failure` says what could not be done.
[[noreturn]] void fail(const std::string& failure);
/// Of the whole process or host rather than of one socket: descriptors or memory have run out.
[[nodiscard]] bool concerns_all(std::error_code error) noexcept;
[[nodiscard]] bool is_permission(std::error_code error) noexcept;

/// A socket of `family` that never blocks; empty, with errno set, when there is none.
[[nodiscard]] FileDescriptor open_socket(Family family, int type, int protocol) noexcept;
/// `source`, or any address of the family when there is none, and this port; 0: the kernel chooses one.
/// False, with errno set, when refused.
[[nodiscard]] bool bind_to(int socket, Family family, const Address& source, std::uint16_t port) noexcept;
[[nodiscard]] std::uint16_t bound_port(int socket) noexcept;
/// SO_BINDTODEVICE. False, with errno set, when refused.
[[nodiscard]] bool bind_to_device(int socket, const std::string& device) noexcept;

/// Whether this process may open sockets of a kind in some family: its error, or none.
[[nodiscard]] std::error_code try_socket(TransportKind kind, Family family) noexcept;

/// False, with errno set, when refused.
bool set_option(int socket, int level, int name, int value) noexcept;
[[nodiscard]] int option(int socket, int level, int name) noexcept;
/// The number of the network namespace that it was made in, SO_NETNS_COOKIE; 0 before Linux 5.14.
[[nodiscard]] std::uint64_t network_of(int socket) noexcept;
/// Sets a buffer to `bytes`, past the system's limit; false where this process may not.
bool force_buffer(int socket, int forced_name, std::size_t bytes) noexcept;
/// Raises a buffer to `bytes`, past the system's limit where this process may.
void raise_buffer(int socket, int name, int forced_name, std::size_t bytes) noexcept;
/// ICMP errors about what the socket sends come into its error queue, extensions (RFC 4884) included.
void report_errors(int socket, Family family) noexcept;
/// What comes in is told with its TTL or hop limit and its TOS or traffic class.
void report_ttl_and_tos(int socket, Family family) noexcept;
/// What comes in is told with the interface that it came by.
void report_interface(int socket, Family family) noexcept;
/// What comes in is told with when this host took it in.
void report_arrival(int socket) noexcept;
/// What the kernel remembers of a path's MTU: for ten minutes a smaller one than it may have become, and meanwhile no
/// router is asked.
enum class RememberedMtu : bool { believed, ignored };
/// What is sent is never fragmented, here or on its way. What is larger than the device's MTU, or the remembered one
/// where that is believed, is refused with EMSGSIZE. False, with errno set, when the option is refused.
[[nodiscard]] bool forbid_fragments(int socket, Family family,
                                    RememberedMtu remembered = RememberedMtu::believed) noexcept;
/// What is sent over IPv4 leaves without DF, so that routers fragment it, and what routers report is heard all the
/// same. (IPv6 has only senders that fragment.)
void allow_fragments(int socket) noexcept;
/// What is sent over IPv4 is never cut by this host, and refused with EMSGSIZE where it is larger than the path: so it
/// needs no identification (RFC 6864), which takes the kernel some percent of the time of a probe. Only where this host
/// cuts, and sets DF otherwise.
void never_cut(int socket) noexcept;
/// Undoes that; false where nothing was to be undone.
bool cut_again(int socket) noexcept;

/// `size` random bytes, getrandom(2).
void fill_random(void* bytes, std::size_t size);
/// A random ICMP identifier, never 0, which would leave the choice to the kernel.
[[nodiscard]] std::uint16_t random_id();

}  // namespace multiping::os
