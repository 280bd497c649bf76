// The ICMP errors that a socket's queue holds, ip(7) IP_RECVERR, as the seam above wants them.
// Whatever else comes through the queue is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "linux/control_message.hpp"
#include "linux/message_batch.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// A packet of a batch that was read with MSG_ERRQUEUE; nothing when it is no ICMP error. Its arrival is left open.
[[nodiscard]] std::optional<net::QueuedError> queued_error(const ReceiveBatch& batch, std::size_t packet,
                                                           const ControlData& control) noexcept;

/// Errors that were read while messages were sent, until they are asked for. The bytes that they quote are copied.
class HeldErrors {
 public:
  [[nodiscard]] bool empty() const noexcept { return held_.empty(); }
  /// For so many more errors of at most so many bytes each.
  void make_room(std::size_t errors, std::size_t bytes);
  /// There is room for it.
  void hold(net::Lane lane, const net::QueuedError& error) noexcept;
  /// Moves the errors of a lane to the end of `errors`, in their order. Their bytes are valid until the next call.
  void take(net::Lane lane, std::vector<net::QueuedError>& errors);
  /// The lane is another socket's from now on.
  void forget(net::Lane lane) noexcept;

 private:
  struct Held {
    net::Lane lane = 0;
    net::QueuedError error{};
    std::vector<std::uint8_t> quoted{};
  };
  std::vector<Held> held_, taken_;
  std::vector<std::vector<std::uint8_t>> spare_;  ///< Empty, with memory for what the next ones quote.
};

}  // namespace multiping::os
