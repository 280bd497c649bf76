// The send buffer of one socket. Packets to neighbours that do not exist stay in it for seconds, arp(7), so that a few
// hundred of them keep everybody else from leaving: then it grows, once. A device that is slow never gets that far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "net/instant.hpp"

namespace multiping::os {

/// What SO_MEMINFO tells of a socket; nothing where the kernel tells nothing.
struct SocketMemory {
  std::size_t held = 0;            ///< By packets that have not left.
  std::size_t buffer = 0;          ///< For these, as the kernel counts: twice what was asked for.
  std::size_t received = 0;        ///< By packets that were not read yet.
  std::size_t receive_buffer = 0;  ///< For these.
  std::uint64_t drops = 0;
};
[[nodiscard]] SocketMemory memory_of(int socket) noexcept;

/// Makes the send buffer smaller where it could hold packets of more than `most` bytes.
void limit_send_buffer(int socket, std::size_t most) noexcept;

class SendRoom {
 public:
  enum class Look : std::uint8_t {
    not_full,  ///< The refusal has another cause.
    full,      ///< By what this socket has sent.
    grown,     ///< There is room again.
  };

  void accepted() noexcept { full_since_.reset(); }
  /// The kernel had no room for a message. Packets of `most` bytes may wait here; 0: the buffer keeps its size.
  [[nodiscard]] Look refused(int socket, std::size_t most, net::Instant now) noexcept;

 private:
  std::optional<net::Instant> full_since_{};  ///< Nothing was accepted since.
  bool tried_ = false;                        ///< To grow.
};

}  // namespace multiping::os
