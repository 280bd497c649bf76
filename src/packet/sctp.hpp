// SCTP probes: writes an INIT, and parses the INIT ACK or ABORT that answers it (RFC 9260).
// Pure: results point into the bytes given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace multiping::packet {

inline constexpr std::size_t sctp_init_size = 32;  ///< Common header and an INIT chunk without parameters.

/// What identifies an INIT. The initiate tag is never zero.
struct SctpInit {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t initiate_tag = 0;
};

/// A whole SCTP packet with its CRC32c.
[[nodiscard]] std::array<std::uint8_t, sctp_init_size> encode_sctp_init(const SctpInit& init) noexcept;

/// What answers an INIT: the common header and the type of the first chunk.
struct SctpPacket {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t verification_tag = 0;
  std::uint8_t chunk_type = 0;
  std::uint8_t chunk_flags = 0;
};
inline constexpr std::uint8_t sctp_init_ack = 2, sctp_abort = 6;

/// Nothing when the common header and a chunk header (16 bytes) aren't all there or the chunk's length is impossible.
[[nodiscard]] std::optional<SctpPacket> parse_sctp(std::span<const std::uint8_t> packet) noexcept;

/// The beginning of an INIT as an ICMP error quotes it. Eight bytes give the ports; the tag is there from twenty on,
/// unless what is there is padding. Nothing when a verification tag, which an INIT has not, is quoted.
struct QuotedSctp {
  std::uint16_t source_port = 0, destination_port = 0;
  std::optional<std::uint32_t> initiate_tag{};
};
[[nodiscard]] std::optional<QuotedSctp> parse_quoted_sctp(std::span<const std::uint8_t> quoted) noexcept;

/// Whether the CRC32c is right, or zero, as a sender on this host leaves it for hardware that such a packet never
/// meets.
[[nodiscard]] bool sctp_checksum_ok(std::span<const std::uint8_t> packet) noexcept;

/// CRC32c (Castagnoli) of `bytes`, RFC 9260 appendix A.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
