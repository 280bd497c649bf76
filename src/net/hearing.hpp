// What all speakers share: the lane that an answer comes from, the probes it is compared with, and where events go.
// Each speaker handles one kind of probe; direct_transport.hpp joins them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/result.hpp"
#include "net/packet_io.hpp"
#include "net/transport.hpp"

namespace multiping::net {

/// The context in which one lane is drained.
struct Hearing {
  const Channel& channel;
  const ProbeBook& book;
  std::vector<Event>& events;
  Counters& counters;
  Lane lane = 0;
};

/// A received message with the facts around it, from the IP header or from the socket.
struct Outer {
  Address source{}, destination{};  ///< `destination` only where there was an IP header.
  std::optional<std::uint8_t> ttl{}, tos{};
  std::span<const std::uint8_t> message{};
};

/// Returns nothing when the packet should have an IPv4 header and has no valid one.
[[nodiscard]] std::optional<Outer> outer_of(const Incoming& packet) noexcept;

[[nodiscard]] inline bool in_window(const ProbeBook& book, Serial serial) noexcept {
  const auto window = book.window();
  return serial >= window.first && serial < window.end;
}

}  // namespace multiping::net
