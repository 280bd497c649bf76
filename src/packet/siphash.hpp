// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that is short, fast and unforgeable without the key.
// Pure arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace multiping::packet {

/// 128 secret bits.
struct SipKey {
  std::array<std::uint8_t, 16> bytes{};
};

/// The 64-bit SipHash-2-4 of `message`. The reference writes it out least significant byte first.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> message) noexcept;

}  // namespace multiping::packet
