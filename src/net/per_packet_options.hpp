// What may differ from packet to packet of one profile: a trace changes the TTL, a path MTU search changes the size.
// A profile has what a socket needs; it is checked once, whatever its packets differ in.
#pragma once

#include <cstdint>

namespace multiping::net {

struct PacketOptions {
  /// The value of `payload_size` of a packet that has the size of its profile.
  static constexpr std::uint16_t size_of_profile = 0xffff;

  std::uint8_t ttl = 0;                          ///< 0: the TTL of the profile. Only where the profile sets a TTL, too.
  std::uint16_t payload_size = size_of_profile;  ///< In bytes, at most the profile's; see ProbeOptions::payload_size.
  friend bool operator==(const PacketOptions&, const PacketOptions&) = default;
};

}  // namespace multiping::net
