// Turns the ICMP errors of a socket's error queue, ip(7) IP_RECVERR, into those of net::PacketIo.
// All other entries of the queue are skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/packet_io.hpp"
#include "os/control_message.hpp"
#include "os/sendmmsg_arrays.hpp"

namespace multiping::os {

/// The ICMP error in one packet of a batch that was read with MSG_ERRQUEUE; none when the packet holds another entry.
/// `arrival` stays empty.
[[nodiscard]] std::optional<net::QueuedError> queued_error(const RecvmmsgArrays& batch, std::size_t packet,
                                                           const ControlData& control) noexcept;

/// Keeps the errors that were read during a send until receive_errors() asks for them. Copies the bytes that they
/// quote.
class HeldErrors {
 public:
  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  /// Reserves memory for `errors` more errors that quote at most `bytes` bytes each.
  void make_room(std::size_t errors, std::size_t bytes);
  /// make_room() was called for this error before.
  void hold(net::SocketId socket_id, const net::QueuedError& error) noexcept;
  /// Moves the errors of a socket to the end of `errors`, in their order. Their bytes are valid until the next take().
  void take(net::SocketId socket_id, std::vector<net::QueuedError>& errors);
  /// Drops the errors of a socket whose number now belongs to another socket.
  void forget(net::SocketId socket_id) noexcept;

 private:
  struct Held {
    net::SocketId socket_id = 0;
    net::QueuedError error{};
    std::vector<std::uint8_t> quoted{};
  };
  std::vector<Held> held_, taken_;
  std::vector<std::vector<std::uint8_t>> spare_;  ///< Empty, with memory for the bytes that the next errors quote.
};

}  // namespace multiping::os
