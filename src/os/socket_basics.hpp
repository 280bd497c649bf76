// Basic operations on sockets and their addresses, socket(7), ip(7), ipv6(7).
// probe_socket.hpp and tcp_connector.hpp say what each kind of socket is for.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "multiping/address.hpp"
#include "multiping/transport.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

/// A socket address of either family, as sendmsg(2) and recvmsg(2) take it.
union SocketAddress {
  sockaddr_in6 v6;  // first, since it is the largest, and `{}` sets the first member to zero
  sockaddr_in v4;
  sockaddr any;
};
/// Fills `out` and returns the length of the address in it, in bytes.
socklen_t to_socket_address(const Address& address, SocketAddress& out) noexcept;
[[nodiscard]] Address from_socket_address(const SocketAddress& address) noexcept;
/// Sets the port, which is at the same offset for both families.
void set_port(SocketAddress& address, std::uint16_t port) noexcept;
[[nodiscard]] std::uint16_t port_of(const SocketAddress& address) noexcept;

/// errno as an error_code.
[[nodiscard]] std::error_code last_error() noexcept;
/// Throws std::system_error of errno; `failure` says what could not be done.
[[noreturn]] void fail(const std::string& failure);
/// Whether the error concerns the whole process or host rather than one socket: descriptors or memory have run out.
[[nodiscard]] bool concerns_all(std::error_code error) noexcept;
[[nodiscard]] bool is_permission(std::error_code error) noexcept;

/// A socket of `family` that never blocks; empty, with errno set, when there is none.
[[nodiscard]] FileDescriptor open_socket(Family family, int type, int protocol) noexcept;
/// Binds to `source`, or to any address of the family when that is empty, and to `port`; 0: the kernel chooses one.
/// False, with errno set, when refused.
[[nodiscard]] bool bind_to(int socket, Family family, const Address& source, std::uint16_t port) noexcept;
[[nodiscard]] std::uint16_t bound_port(int socket) noexcept;
/// SO_BINDTODEVICE. False, with errno set, when refused.
[[nodiscard]] bool bind_to_device(int socket, const std::string& device) noexcept;

/// Opens a socket of this kind and family to find out whether this process may: its error, or none.
[[nodiscard]] std::error_code try_socket(TransportKind kind, Family family) noexcept;

/// False, with errno set, when refused.
bool set_option(int socket, int level, int name, int value) noexcept;
[[nodiscard]] int option(int socket, int level, int name) noexcept;
/// The number of the network namespace that the socket was made in, SO_NETNS_COOKIE; 0 before Linux 5.14.
[[nodiscard]] std::uint64_t network_of(int socket) noexcept;
/// Sets a buffer to `bytes`, past the system's limit; false where this process may not.
bool force_buffer(int socket, int forced_name, std::size_t bytes) noexcept;
/// Raises a buffer to `bytes`, past the system's limit where this process may.
void raise_buffer(int socket, int name, int forced_name, std::size_t bytes) noexcept;
/// ICMP errors about packets of this socket come into its error queue, with their extensions (RFC 4884).
void report_errors(int socket, Family family) noexcept;
/// Received packets come with their TTL or hop limit, and with their TOS or traffic class.
void report_ttl_and_tos(int socket, Family family) noexcept;
/// Received packets come with the interface that they came in by.
void report_interface(int socket, Family family) noexcept;
/// Received packets come with the time at which this host received them.
void report_arrival(int socket) noexcept;
/// Whether the path MTU that the kernel remembers counts. The kernel keeps it for ten minutes, though the path may
/// allow more by then, and meanwhile asks no router.
enum class RememberedMtu : bool { believed, ignored };
/// Packets are never fragmented, neither by this host nor on their way. A packet larger than the device's MTU, or than
/// the remembered MTU when that is believed, is refused with EMSGSIZE. False, with errno set, when the option is
/// refused.
[[nodiscard]] bool forbid_fragments(int socket, Family family,
                                    RememberedMtu remembered = RememberedMtu::believed) noexcept;
/// IPv4 packets leave without DF, so that routers may fragment them; errors from routers are still reported. (In IPv6
/// only the sender fragments.)
void allow_fragments(int socket) noexcept;
/// IPv4 packets are never fragmented by this host; one larger than the MTU of its path is refused with EMSGSIZE. So the
/// packets need no identification (RFC 6864), which takes the kernel some percent of the time of a probe. Has an effect
/// only where this host would fragment large packets and set DF on others.
void never_cut(int socket) noexcept;
/// Undoes never_cut(); false when there is nothing to undo.
bool cut_again(int socket) noexcept;

/// `size` random bytes of getrandom(2), which no other call in this process or in a forked child gets.
void fill_random(void* bytes, std::size_t size);
/// A random ICMP identifier, never 0, which would leave the choice to the kernel.
[[nodiscard]] std::uint16_t random_id();

}  // namespace multiping::os
