// The send buffer of one socket. Packets to neighbours that do not exist stay in it for seconds, arp(7), and a few
// hundred of them block all others: then the buffer grows, once. A slow device alone does not make it grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/monotonic_time.hpp"

namespace multiping::os {

/// The memory of a socket in bytes, as SO_MEMINFO gives it; all 0 when the kernel gives nothing.
struct SocketMemory {
  std::size_t held = 0;            ///< Taken up by packets that have not left.
  std::size_t buffer = 0;          ///< Size of the send buffer, as the kernel counts: twice what was asked for.
  std::size_t received = 0;        ///< Taken up by packets that were not read yet.
  std::size_t receive_buffer = 0;  ///< Size of the receive buffer, counted likewise.
  std::uint64_t drops = 0;         ///< Packets that the kernel has dropped.
};
[[nodiscard]] SocketMemory memory_of(int socket) noexcept;

/// Makes the send buffer smaller where it could hold packets of more than `most` bytes.
void limit_send_buffer(int socket, std::size_t most) noexcept;

class SendBufferGrowth {
 public:
  enum class Look : std::uint8_t {
    not_full,  ///< The refusal has another cause.
    full,      ///< The buffer is full of this socket's packets.
    grown,     ///< The buffer has grown: there is room again.
  };

  void accepted() noexcept { full_since_.reset(); }
  /// To be called when the kernel had no room for a message. Packets of `most` bytes in all may wait in the buffer; 0:
  /// the buffer keeps its size.
  [[nodiscard]] Look refused(int socket, std::size_t most, Instant now) noexcept;

 private:
  std::optional<Instant> full_since_{};  ///< The buffer was found full then, and nothing was accepted since.
  bool tried_ = false;                   ///< An attempt to grow was made.
};

}  // namespace multiping::os
