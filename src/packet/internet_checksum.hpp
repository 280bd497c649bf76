// The Internet checksum (RFC 1071), computed in parts, so that a pseudo header can be added to a message.
// Pure arithmetic.
#pragma once

#include <cstdint>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// A running one's complement sum of 16-bit words.
class Checksum {
 public:
  /// Adds bytes that begin on a 16-bit word. An odd number of bytes is padded with a zero (RFC 1071 section 4.1), so
  /// only the last part of a message may have an odd length.
  void add(std::span<const std::uint8_t> bytes) noexcept;
  void add_u16(std::uint16_t word) noexcept;
  void add_u32(std::uint32_t words) noexcept;

  /// Adds the IPv6 pseudo header (RFC 8200 section 8.1) of an upper-layer packet of `length` bytes. With IPv4 addresses
  /// the sum is that of the IPv4 pseudo header.
  void add_pseudo_header(const Address& source, const Address& destination, std::uint32_t length,
                         std::uint8_t protocol) noexcept;

  /// Returns the checksum to send; 0 when the bytes contain a right checksum.
  [[nodiscard]] std::uint16_t value() const noexcept;

 private:
  std::uint64_t sum_ = 0;  // of words in the byte order of this machine (RFC 1071 section 2 B), not yet folded
};

/// Returns the checksum of a message that is in one piece.
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
