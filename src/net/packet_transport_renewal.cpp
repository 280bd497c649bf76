// What lets another object use a transport after its present one: all state of the present one is forgotten.
// See packet_transport.hpp.
#include <algorithm>

#include "net/messages_per_call.hpp"
#include "net/packet_transport.hpp"

namespace multiping::net {

/// Then the other protocols have no state.
bool PacketTransport::is_all_echo() const noexcept {
  const auto is_echo = [](const ProbeOptions& profile) { return profile.protocol == Protocol::icmp; };
  return std::ranges::all_of(request_.profiles, is_echo);
}

bool PacketTransport::can_rest() noexcept { return is_all_echo() && io_->can_rest(); }

void PacketTransport::forget_all() noexcept {
  echo_.forget_all();
  errors_ = {};
  calls_.forget_all();
  sent_any_ = taken_since_look_ = false;
  counters_ = {};
  dropped_ = {};
}

/// Keeps the routes and the paces of the sockets, which are the same for the next object. The key stays too: since the
/// serials go on, no answer to an earlier object's probe has the tag of a later one.
bool PacketTransport::renew(const SocketsNeeded& request) {
  if (request != request_ || !io_->renew()) return false;
  forget_all();
  return true;
}

/// The checksums of a flow come from the key, and each object has its own.
bool PacketTransport::close_sockets() noexcept {
  const auto has_flow = [](const ProbeOptions& profile) { return profile.flow.has_value(); };
  return is_all_echo() && std::ranges::none_of(request_.profiles, has_flow) && io_->close_sockets();
}

/// Keeps the key, as renew() does. A forked process has it too, so it must not go on with it.
bool PacketTransport::reopen() noexcept {
  if (!io_->reopen()) return false;
  forget_all();
  profiles_.forget_routes();
  paces_.clear();
  credit_ = outgoing_.size();
  longest_run_ = most_sent_at_once;
  return true;
}

}  // namespace multiping::net
