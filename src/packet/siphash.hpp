// SipHash-2-4 (Aumasson and Bernstein, 2012): a short and fast keyed hash, which is unforgeable without the key.
// Pure arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace multiping::packet {

/// A secret key of 128 bits.
struct SipKey {
  std::array<std::uint8_t, 16> bytes{};
};

/// Returns the 64-bit SipHash-2-4 of `message`. The reference code writes it with the least significant byte first.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> message) noexcept;

}  // namespace multiping::packet
