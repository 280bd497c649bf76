// SCTP probes: writes an INIT, and parses the INIT ACK or ABORT that answers it (RFC 9260).
// Pure: results point into the bytes given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace multiping::packet {

inline constexpr std::size_t sctp_init_size = 32;  ///< In bytes: common header and INIT chunk without parameters.

/// The fields that identify an INIT. The initiate tag is never zero.
struct SctpInit {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t initiate_tag = 0;
};

/// Returns a whole SCTP packet with its CRC32c.
[[nodiscard]] std::array<std::uint8_t, sctp_init_size> encode_sctp_init(const SctpInit& init) noexcept;

/// An answer to an INIT: the common header, and type and flags of the first chunk.
struct SctpPacket {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t verification_tag = 0;
  std::uint8_t chunk_type = 0;
  std::uint8_t chunk_flags = 0;
};
inline constexpr std::uint8_t sctp_init_ack = 2, sctp_abort = 6;

/// Returns nothing when the common header or the chunk header (16 bytes in all) is incomplete, or the chunk's length is
/// impossible.
[[nodiscard]] std::optional<SctpPacket> parse_sctp(std::span<const std::uint8_t> packet) noexcept;

/// The beginning of an INIT as an ICMP error quotes it. Eight bytes hold the ports; a quote of twenty bytes also holds
/// the initiate tag, unless it is padding. parse_quoted_sctp() returns nothing when the quote has fewer than eight
/// bytes or a verification tag other than zero: an INIT has none.
struct QuotedSctp {
  std::uint16_t source_port = 0, destination_port = 0;
  std::optional<std::uint32_t> initiate_tag{};
};
[[nodiscard]] std::optional<QuotedSctp> parse_quoted_sctp(std::span<const std::uint8_t> quoted) noexcept;

/// Returns whether the CRC32c is right or zero. A sender on this host leaves it zero for network hardware to fill in,
/// but a local packet never reaches such hardware.
[[nodiscard]] bool sctp_checksum_ok(std::span<const std::uint8_t> packet) noexcept;

/// Returns the CRC32c (Castagnoli) of `bytes`, RFC 9260 appendix A.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::packet
