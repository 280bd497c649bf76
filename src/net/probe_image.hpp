// The payload of one probe as it is before its tag is written: the pattern of its profile, or random bytes of its own.
// Header only.
#pragma once

#include <cstdint>
#include <span>

#include "net/probe_profile_table.hpp"
#include "net/probe_transport.hpp"
#include "packet/probe_codec.hpp"

namespace multiping::net {

/// Random bytes are valid until the next call for the same profile.
[[nodiscard]] inline std::span<const std::uint8_t> image_of(const ProfileFacts& profile,
                                                            const packet::ProbeCodec& codec, Serial serial) noexcept {
  if (!profile.random.empty()) codec.fill_random(serial, profile.random);
  return profile.image;
}

}  // namespace multiping::net
