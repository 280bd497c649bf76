// The Internet checksum (RFC 1071), in parts, so that a pseudo header can be added to a message.
// Pure arithmetic.
#pragma once

#include <cstdint>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// A running one's complement sum of 16-bit words.
class Checksum {
 public:
  /// Adds bytes. They start on a word: bytes of an odd number are padded with a zero (RFC 1071 section 4.1), so only
  /// the last part of a message can be of odd length.
  void add(std::span<const std::uint8_t> bytes) noexcept;
  void add_u16(std::uint16_t word) noexcept;
  void add_u32(std::uint32_t words) noexcept;

  /// The IPv6 pseudo header (RFC 8200 section 8.1) before an upper-layer packet of `length` bytes.
  void add_pseudo_header(const Address& source, const Address& destination, std::uint32_t length,
                         std::uint8_t protocol) noexcept;

  /// The checksum to send; 0 when the bytes held a right one.
  [[nodiscard]] std::uint16_t value() const noexcept;

 private:
  std::uint64_t sum_ = 0;  // of words in this machine's byte order (RFC 1071 section 2 B), not yet folded
};

/// The checksum of one piece.
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
