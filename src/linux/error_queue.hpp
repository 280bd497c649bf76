// The ICMP errors that a socket's queue holds, ip(7) IP_RECVERR, as the seam above wants them.
// Whatever else comes through the queue is passed over.
#pragma once

#include <cstddef>
#include <optional>

#include "linux/control_message.hpp"
#include "linux/message_batch.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// A packet of a batch that was read with MSG_ERRQUEUE; nothing when it is no ICMP error. Its arrival is left open.
[[nodiscard]] std::optional<net::QueuedError> queued_error(const ReceiveBatch& batch, std::size_t packet,
                                                           const ControlData& control) noexcept;

}  // namespace multiping::os
