// The ICMP errors that a socket's queue holds, ip(7) IP_RECVERR, as the seam above wants them.
// See error_queue.hpp.
#include "linux/error_queue.hpp"

#include <utility>

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

void HeldErrors::hold(net::Lane lane, const net::QueuedError& error) {
  held_.push_back({.lane = lane, .error = error, .quoted = {error.quoted.begin(), error.quoted.end()}});
}

void HeldErrors::take(net::Lane lane, std::vector<net::QueuedError>& errors) {
  taken_.clear();
  for (Held& held : held_)
    if (held.lane == lane) taken_.push_back(std::move(held));
  forget(lane);
  for (Held& held : taken_) {
    held.error.quoted = held.quoted;
    errors.push_back(held.error);
  }
}

void HeldErrors::forget(net::Lane lane) noexcept {
  std::erase_if(held_, [lane](const Held& held) { return held.lane == lane; });
}

}  // namespace multiping::os
