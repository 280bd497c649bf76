// The ICMP errors that a socket's queue holds, ip(7) IP_RECVERR, as the seam above wants them.
// See error_queue.hpp.
#include "linux/error_queue.hpp"

namespace multiping::os {

std::optional<net::QueuedError> queued_error(const ReceiveBatch& batch, std::size_t packet,
                                             const ControlData& control) noexcept {
  if (!control.error || !control.error->is_icmp()) return std::nullopt;
  const ExtendedError& error = *control.error;
  const auto quoted = batch.bytes(packet);
  return net::QueuedError{.quoted = quoted,
                          .destination = batch.from(packet),
                          .port = batch.port(packet),
                          .offender = error.offender,
                          .type = error.type,
                          .code = error.code,
                          .mtu = error.info,
                          // A length field may point anywhere.
                          .extension = error.extension < quoted.size() ? error.extension : 0,
                          .ttl = control.ttl,
                          .tos = control.tos,
                          .arrival = {}};
}

}  // namespace multiping::os
