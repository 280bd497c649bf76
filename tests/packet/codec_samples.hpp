// Shared by the tests of the probe codec: a codec with a known key, and the messages that it makes.
// Header only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/probe_tags.hpp"
#include "support/hex.hpp"

namespace multiping::packet {
inline namespace codec_samples {

inline constexpr std::uint64_t round_trip = 65536;  // the number of serials after which sequence numbers repeat

inline SipKey key_of(std::uint8_t fill) {
  SipKey key;
  key.bytes.fill(fill);
  return key;
}

inline const ProbeTags codec{key_of(1)};

inline test::Bytes counting_image(std::size_t size) {
  return pattern_image(test::hex("c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 ca"), size);
}

inline test::Bytes encoded(const ProbeIdentity& probe, std::span<const std::uint8_t> image) {
  test::Bytes message(8 + image.size(), 0x77);
  codec.encode_echo_request(probe, image, message);
  return message;
}

inline test::Bytes payload_of(const ProbeIdentity& probe, std::span<const std::uint8_t> image) {
  const auto message = encoded(probe, image);
  return {message.begin() + 8, message.end()};
}

}  // namespace codec_samples
}  // namespace multiping::packet
