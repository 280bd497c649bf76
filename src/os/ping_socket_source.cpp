// Clears SO_REUSEADDR before the bind, so that no other user can share the identifier.
// See ping_socket_source.hpp.
#include "os/ping_socket_source.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::os {
namespace {

constexpr int most_bind_tries = 32;

PingSocket failure(std::string doing) {
  PingSocket none;
  none.error = last_error();
  none.doing = std::move(doing);
  return none;
}

/// Tries other identifiers while the chosen one is in use. False, with errno set, when refused.
bool bind_to_random_id(PingSocket& opened, Family family, const Address& source) {
  // The kernel sets SO_REUSEADDR on ping sockets by itself: then any user's process could bind to the same identifier
  // and receive the answers.
  set_option(opened.socket.value(), SOL_SOCKET, SO_REUSEADDR, 0);
  for (int tries = 0; tries < most_bind_tries; ++tries) {
    opened.id = random_id();
    if (bind_to(opened.socket.value(), family, source, opened.id)) return true;
    if (errno != EADDRINUSE) return false;
  }
  return false;
}

void configure(int socket, Family family, std::size_t receive_buffer) {
  report_errors(socket, family);
  report_ttl_and_tos(socket, family);
  report_arrival(socket);
  // The kernel doubles the size that is asked for, and SO_RCVBUF gives the double.
  if (receive_buffer > 0 && 2 * receive_buffer > static_cast<std::size_t>(option(socket, SOL_SOCKET, SO_RCVBUF)))
    raise_buffer(socket, SO_RCVBUF, SO_RCVBUFFORCE, receive_buffer);
}

}  // namespace

PingSocket open_ping_socket(Family family, const Address& source, std::size_t receive_buffer,
                            const std::string& device) {
  PingSocket opened;
  opened.socket = open_socket(family, SOCK_DGRAM, family == Family::ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  if (!opened.socket) return failure("cannot open a ping socket for " + std::string{to_string(family)});
  // The source address may exist on this device only, so the device comes first.
  if (!device.empty() && !bind_to_device(opened.socket.value(), device))
    return failure("cannot use ProbeOptions::device " + device);
  if (!bind_to_random_id(opened, family, source))
    return failure("cannot bind a ping socket to " + (source ? source.to_string() : "an identifier"));
  configure(opened.socket.value(), family, receive_buffer);
  return opened;
}

}  // namespace multiping::os
