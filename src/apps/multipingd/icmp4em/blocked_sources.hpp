// Keeps datagrams of some sources out of a UDP socket, before they take room in its receive buffer.
// Classic BPF, socket(7) SO_ATTACH_FILTER. It needs no privilege.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "multiping/address.hpp"

namespace multiping::daemon {

/// An address and a port.
struct DatagramSource {
  Address address{};
  std::uint16_t port = 0;
  friend bool operator==(const DatagramSource&, const DatagramSource&) = default;
};

inline constexpr std::size_t most_sources_refused = 32;

/// From now on the kernel drops datagrams of these sources, and of no others. Only the first most_sources_refused
/// sources are refused. False, with errno set, when the system refuses the filter: then nothing has changed.
bool refuse_sources(int udp_socket, std::span<const DatagramSource> sources);

}  // namespace multiping::daemon
