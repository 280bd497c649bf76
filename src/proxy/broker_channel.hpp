// One packet at a time over the broker's end of a client's connection; nothing here blocks. unix(7) SOCK_SEQPACKET.
// What comes from a client is not believed: see broker_frames.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "linux/file_descriptor.hpp"
#include "proxy/broker_frames.hpp"

namespace multiping::proxy {

/// One byte more than a request, so that longer ones are seen to be none.
using RequestBytes = std::array<std::uint8_t, broker_request_size + 1>;

struct Incoming {
  enum class Kind : std::uint8_t { nothing, packet, end };
  Kind kind = Kind::nothing;
  std::size_t size = 0;
  bool descriptors = false;  ///< Some came along; they are closed already.
};

/// For the listener, whose connections inherit it: descriptors that clients send along are refused where the system can
/// (Linux 6.16). To close one may block, a lingering TCP socket for instance.
void refuse_descriptors(int listener) noexcept;
/// For a connection: only a few replies wait to be fetched, then send_reply() fails.
void keep_few_replies(int connection) noexcept;

[[nodiscard]] Incoming receive_request(int connection, RequestBytes& bytes) noexcept;
/// The reply in one packet with the sockets, of which the caller keeps its copies.
[[nodiscard]] std::error_code send_reply(int connection, const BrokerReply& reply,
                                         std::span<const os::FileDescriptor> sockets = {}) noexcept;
/// The last reply of this connection. What the client has sent is passed over, and it can send no more: else it would
/// read "connection reset" before the reply.
void send_last_reply(int connection, const BrokerReply& reply) noexcept;

}  // namespace multiping::proxy
