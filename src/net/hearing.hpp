// What every speaker shares: where answers are heard, whom they are held against, and where what comes of it goes.
// A speaker knows one way of asking; direct_transport.hpp brings them together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/result.hpp"
#include "net/packet_io.hpp"
#include "net/transport.hpp"

namespace multiping::net {

/// One draining of one lane.
struct Hearing {
  const Channel& channel;
  const ProbeBook& book;
  std::vector<Event>& events;
  Counters& counters;
  Lane lane = 0;
};

/// What stands around a message, from the IP header or from the socket.
struct Outer {
  Address source{}, destination{};  ///< `destination` only where there was an IP header.
  std::optional<std::uint8_t> ttl{}, tos{};
  std::span<const std::uint8_t> message{};
};

/// Nothing when there should be an IP header and is none.
[[nodiscard]] std::optional<Outer> outer_of(const Incoming& packet) noexcept;

[[nodiscard]] inline bool in_window(const ProbeBook& book, Serial serial) noexcept {
  const auto window = book.window();
  return serial >= window.first && serial < window.end;
}

}  // namespace multiping::net
