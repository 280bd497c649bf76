// Uses sendmsg(2) and recvmsg(2), and SCM_RIGHTS to hand sockets over.
// See client_channel.hpp.
#include "apps/multipingd/broker/client_channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr int pass_rights = 83;  // SO_PASSRIGHTS, which the headers of Debian 12 do not have yet
constexpr int reply_buffer = 4096;
constexpr int most_packets_passed_over = 16;

/// Room for the descriptors beside a reply, aligned as cmsg(3) asks.
union Control {
  std::array<std::byte, CMSG_SPACE(broker::most_sockets_at_once * sizeof(int))> bytes;
  cmsghdr header;
};

void attach(msghdr& message, Control& control, std::span<const os::FileDescriptor> sockets) noexcept {
  const std::size_t count = std::min<std::size_t>(sockets.size(), broker::most_sockets_at_once);
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  control.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  for (std::size_t i = 0; i < count; ++i) {
    const int socket = sockets[i].value();
    std::memcpy(CMSG_DATA(&control.header) + i * sizeof socket, &socket, sizeof socket);
  }
}

}  // namespace

void refuse_descriptors(int listener) noexcept { os::set_option(listener, SOL_SOCKET, pass_rights, 0); }

void keep_few_replies(int connection) noexcept { os::set_option(connection, SOL_SOCKET, SO_SNDBUF, reply_buffer); }

// Without a control buffer the kernel never installs the client's descriptors in this process.
Incoming receive_request(int connection, RequestBytes& bytes) noexcept {
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(connection, &message, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (size <= 0) return {.kind = Incoming::Kind::end};
  return {.kind = Incoming::Kind::packet,
          .size = static_cast<std::size_t>(size),
          .descriptors = (message.msg_flags & MSG_CTRUNC) != 0};
}

std::error_code send_reply(int connection, const broker::BrokerReply& reply,
                           std::span<const os::FileDescriptor> sockets) noexcept {
  auto bytes = encode(reply);
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control{};
  if (!sockets.empty()) attach(message, control, sockets);
  const ssize_t sent = ::sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size()) ? std::error_code{} : os::last_error();
}

void send_last_reply(int connection, const broker::BrokerReply& reply) noexcept {
  ::shutdown(connection, SHUT_RD);
  RequestBytes bytes{};
  for (int i = 0; i < most_packets_passed_over; ++i) {
    if (receive_request(connection, bytes).kind != Incoming::Kind::packet) break;
  }
  // If the reply cannot be sent, there is no other way to tell the client.
  static_cast<void>(send_reply(connection, reply));
}

}  // namespace multiping::daemon
