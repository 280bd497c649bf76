// Half-open TCP probes: writes a lone SYN, and parses the segments that answer it (RFC 9293).
// Pure: results point into the bytes given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

inline constexpr std::size_t tcp_syn_size = 24;  ///< In bytes: header with one option, the maximum segment size.

/// The ports and the sequence number of a SYN.
struct TcpSyn {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0;
};

/// Returns a whole SYN segment with its checksum for a packet from `source` to `destination`. Without a source the
/// checksum is zero, and the kernel writes it.
[[nodiscard]] std::array<std::uint8_t, tcp_syn_size> encode_tcp_syn(const TcpSyn& syn, const Address& source,
                                                                    const Address& destination) noexcept;

/// The header of a TCP segment.
struct TcpSegment {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  bool syn = false, ack = false, rst = false;
};

/// Returns nothing when the fixed header (20 bytes) is incomplete, or its data offset is too small or points outside
/// the segment.
[[nodiscard]] std::optional<TcpSegment> parse_tcp(std::span<const std::uint8_t> segment) noexcept;

/// Parses the beginning of a SYN as an ICMP error quotes it: eight bytes are enough. Returns nothing for fewer.
[[nodiscard]] std::optional<TcpSyn> parse_quoted_tcp(std::span<const std::uint8_t> quoted) noexcept;

/// Returns whether the checksum of a segment is right or unfinished. A sender on this host leaves only the sum of the
/// pseudo header for network hardware to finish, but a local packet never reaches such hardware.
[[nodiscard]] bool tcp_checksum_ok(std::span<const std::uint8_t> segment, const Address& source,
                                   const Address& destination) noexcept;

}  // namespace multiping::packet
