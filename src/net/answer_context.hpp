// What all protocols share: the socket that an answer comes from, the probes it is compared with, and where events go.
// Each protocol handles one kind of probe; packet_transport.hpp joins them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/result.hpp"
#include "net/packet_io.hpp"
#include "net/probe_transport.hpp"

namespace multiping::net {

/// The context in which one socket is drained.
struct AnswerContext {
  const Channel& channel;
  const ProbeBook& book;
  std::vector<Event>& events;
  Counters& counters;
  SocketId socket_id = 0;
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
