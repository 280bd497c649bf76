// The destination of a probe, and the profile of its packets.
// Two positions of a list, or two submissions, with equal destinations send equal probes.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"
#include "multiping/protocol.hpp"
#include "net/per_packet_options.hpp"
#include "net/profile_number.hpp"

namespace multiping::engine {

/// A distinct address, and the profile of its probes.
struct TargetKey {
  Address address{};
  net::ProfileNumber profile = 0;
  net::PacketOptions packet{};  ///< Of requests; the packets of a batch have the options of their profile.
  bool ttl_asked = false;       ///< The profile sets a TTL: a time-exceeded error then ends the wait.
  friend bool operator==(const TargetKey&, const TargetKey&) = default;
};

/// What a request asks a host. The engine hands it back with the outcome, and makes nothing of it.
struct Asked {
  Protocol protocol = Protocol::icmp;
  std::uint16_t port = 0;  ///< The destination port; 0 for ICMP.
};

}  // namespace multiping::engine
