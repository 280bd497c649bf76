// hold() copies the quoted bytes into memory that was reserved before, so that it cannot fail.
// See error_queue.hpp.
#include "os/error_queue.hpp"

#include <utility>

#include "base/reserve_more.hpp"

namespace multiping::os {

std::optional<net::QueuedError> queued_error(const RecvmmsgArrays& batch, std::size_t packet,
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
                          // It comes from a length field of the packet, which may hold any value.
                          .extension = error.extension < quoted.size() ? error.extension : 0,
                          .ttl = control.ttl,
                          .tos = control.tos,
                          .arrival = {}};
}

void HeldErrors::make_room(std::size_t errors, std::size_t bytes) {
  reserve_more(held_, errors);
  if (spare_.size() < errors) spare_.resize(errors);
  for (auto& spare : spare_) spare.reserve(bytes);
}

void HeldErrors::hold(net::SocketId socket_id, const net::QueuedError& error) noexcept {
  Held held{.socket_id = socket_id, .error = error, .quoted = std::move(spare_.back())};
  spare_.pop_back();
  held.quoted.assign(error.quoted.begin(), error.quoted.end());
  held_.push_back(std::move(held));
}

void HeldErrors::take(net::SocketId socket_id, std::vector<net::QueuedError>& errors) {
  if (held_.empty()) return;
  taken_.clear();
  taken_.reserve(held_.size());
  reserve_more(errors, held_.size());
  for (Held& held : held_)
    if (held.socket_id == socket_id) taken_.push_back(std::move(held));
  forget(socket_id);
  for (Held& held : taken_) {
    held.error.quoted = held.quoted;
    errors.push_back(held.error);
  }
}

void HeldErrors::forget(net::SocketId socket_id) noexcept {
  std::erase_if(held_, [socket_id](const Held& held) { return held.socket_id == socket_id; });
}

}  // namespace multiping::os
