// Receives and sends single packets at the broker's end of a client's connection. unix(7) SOCK_SEQPACKET. Nothing here
// blocks. The bytes from a client are checked elsewhere, see broker_frames.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "broker/broker_frames.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::daemon {

/// One byte longer than a request, so that a longer packet is recognised.
using RequestBytes = std::array<std::uint8_t, broker::broker_request_size + 1>;

struct Incoming {
  enum class Kind : std::uint8_t { nothing, packet, end };
  Kind kind = Kind::nothing;
  std::size_t size = 0;
  bool descriptors = false;  ///< The packet came with descriptors; the kernel has not given them to this process.
};

/// Makes the kernel refuse descriptors that clients send, where it can (Linux 6.16). Connections inherit this from the
/// listener. Closing such a descriptor could block, for instance that of a TCP socket with SO_LINGER.
void refuse_descriptors(int listener) noexcept;
/// Limits the send buffer of a connection: when a few replies have not been fetched, send_reply() fails.
void keep_few_replies(int connection) noexcept;

[[nodiscard]] Incoming receive_request(int connection, RequestBytes& bytes) noexcept;
/// Sends the reply in one packet with the sockets. The caller keeps its own descriptors of these sockets.
[[nodiscard]] std::error_code send_reply(int connection, const broker::BrokerReply& reply,
                                         std::span<const os::FileDescriptor> sockets = {}) noexcept;
/// Sends the last reply of this connection. Before that it stops receiving, and discards the packets that the client
/// has sent: with unread packets the client would get ECONNRESET before the reply.
void send_last_reply(int connection, const broker::BrokerReply& reply) noexcept;

}  // namespace multiping::daemon
