// Sets the pointers for recvmmsg(2) once, and later only what a call has overwritten.
// See sendmmsg_arrays.hpp.
#include "os/sendmmsg_arrays.hpp"

#include <algorithm>
#include <utility>

#include "os/control_message.hpp"

namespace multiping::os {

RecvmmsgArrays::RecvmmsgArrays(std::size_t packets, std::size_t largest)
    : largest_{largest},
      // Left uninitialized: memory that no packet needs is never touched.
      bytes_{packets == 0 ? nullptr : std::make_unique_for_overwrite<std::uint8_t[]>(packets * largest)},
      places_{packets == 0 ? nullptr : std::make_unique_for_overwrite<Place[]>(packets)},
      headers_(packets),
      stale_{packets} {
  for (std::size_t i = 0; i < packets; ++i) {
    Place& place = places_[i];
    place.vector = {.iov_base = &bytes_[i * largest], .iov_len = largest};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &place.vector;
    header.msg_iovlen = 1;
    header.msg_control = &place.control;
  }
}

std::span<mmsghdr> RecvmmsgArrays::fresh(bool addresses) noexcept {
  if (addresses != std::exchange(addresses_, addresses)) stale_ = headers_.size();
  for (std::size_t i = 0; i < stale_; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = addresses ? &places_[i].name : nullptr;
    header.msg_namelen = addresses ? sizeof(SocketAddress) : 0;
    header.msg_controllen = sizeof(Control);
  }
  stale_ = headers_.size();
  return headers_;
}

std::span<const std::uint8_t> RecvmmsgArrays::bytes(std::size_t packet) const noexcept {
  return {&bytes_[packet * largest_], std::min<std::size_t>(headers_[packet].msg_len, largest_)};
}

Address RecvmmsgArrays::from(std::size_t packet) const noexcept {
  return headers_[packet].msg_hdr.msg_namelen == 0 ? Address{} : from_socket_address(places_[packet].name);
}

std::span<mmsghdr> SendmmsgArrays::fill(std::span<const net::Outgoing> messages,
                                        std::span<const MessageLayout> profiles) {
  if (headers_.size() < messages.size()) {
    places_.resize(messages.size());
    headers_.resize(messages.size());
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const net::Outgoing& message = messages[i];
    const MessageLayout& profile = profiles[message.profile];
    // sendmmsg(2) only reads through these pointers, though they are not const.
    auto* bytes = const_cast<std::uint8_t*>(message.bytes.data());   // NOLINT
    auto* with = const_cast<std::uint8_t*>(profile.control.data());  // NOLINT
    Place& place = places_[i];
    place.vector = {.iov_base = bytes, .iov_len = message.bytes.size()};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &place.name;
    header.msg_namelen = to_socket_address(*message.to, place.name);
    set_port(place.name, profile.port);
    header.msg_iov = &place.vector;
    header.msg_iovlen = 1;
    header.msg_control = with;
    header.msg_controllen = static_cast<decltype(header.msg_controllen)>(profile.control.size());
  }
  write_own_ttls(messages, profiles);
  return std::span{headers_}.first(messages.size());
}

/// Copies the control messages of each message with a TTL of its own, with this TTL in them.
void SendmmsgArrays::write_own_ttls(std::span<const net::Outgoing> messages, std::span<const MessageLayout> profiles) {
  const auto own_size = [profiles](const net::Outgoing& message) {
    return message.ttl == 0 ? std::size_t{0} : profiles[message.profile].control.size();
  };
  std::size_t all = 0;
  for (const net::Outgoing& message : messages) all += own_size(message);
  if (all == 0) return;
  controls_.resize(std::max(controls_.size(), all));
  std::size_t place = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::size_t size = own_size(messages[i]);
    if (size == 0) continue;
    const auto own = std::span{controls_}.subspan(place, size);
    std::ranges::copy(profiles[messages[i].profile].control, own.begin());
    set_ttl(own, messages[i].ttl);
    headers_[i].msg_hdr.msg_control = own.data();
    place += size;
  }
}

}  // namespace multiping::os
