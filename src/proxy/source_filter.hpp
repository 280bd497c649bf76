// Keeps datagrams of some sources out of a UDP socket, before they take room in its buffer.
// Classic BPF, socket(7) SO_ATTACH_FILTER; no privilege is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "multiping/address.hpp"

namespace multiping::proxy {

/// An address and a port.
struct DatagramSource {
  Address address{};
  std::uint16_t port = 0;
  friend bool operator==(const DatagramSource&, const DatagramSource&) = default;
};

inline constexpr std::size_t most_sources_refused = 32;

/// From now on these sources' datagrams are thrown away, and no others. At most most_sources_refused; what is beyond
/// is let through. False, with errno set, when the system does not take it: then nothing has changed.
bool refuse_sources(int udp_socket, std::span<const DatagramSource> sources);

}  // namespace multiping::proxy
