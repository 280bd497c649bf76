// The payload of one probe as it is before its tag is written: the pattern of its profile, or random bytes of its own.
// Header only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/per_packet_options.hpp"
#include "net/probe_transport.hpp"
#include "net/profile_table.hpp"
#include "packet/probe_tags.hpp"

namespace multiping::net {

/// The bytes of payload of a packet.
[[nodiscard]] inline std::size_t payload_size(const ProfileFacts& profile, PacketOptions packet) noexcept {
  return std::min<std::size_t>(packet.payload_size, profile.image.size());
}

/// The size of a packet's whole message in bytes.
[[nodiscard]] inline std::size_t message_size(const ProfileFacts& profile, PacketOptions packet) noexcept {
  return profile.message_size - profile.image.size() + payload_size(profile, packet);
}

/// Random bytes are valid until the next call for the same profile.
[[nodiscard]] inline std::span<const std::uint8_t> image_of(const ProfileFacts& profile, const packet::ProbeTags& codec,
                                                            Serial serial, PacketOptions packet) noexcept {
  const std::size_t size = payload_size(profile, packet);
  if (!profile.random.empty()) codec.fill_random(serial, profile.random.first(size));
  return profile.image.first(size);
}
[[nodiscard]] inline std::span<const std::uint8_t> image_of(const ProfileFacts& profile, const packet::ProbeTags& codec,
                                                            const Probe& probe) noexcept {
  return image_of(profile, codec, probe.serial, probe.packet);
}

}  // namespace multiping::net
