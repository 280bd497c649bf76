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

inline constexpr std::size_t tcp_syn_size = 24;  ///< Header with one option, the maximum segment size.

/// The ports and the sequence number of a SYN.
struct TcpSyn {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0;
};

/// A whole SYN segment with its checksum for a packet from `source` to `destination`. Without a source the checksum is
/// zero, for a kernel that writes it.
[[nodiscard]] std::array<std::uint8_t, tcp_syn_size> encode_tcp_syn(const TcpSyn& syn, const Address& source,
                                                                    const Address& destination) noexcept;

/// A TCP segment's header.
struct TcpSegment {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  bool syn = false, ack = false, rst = false;
};

/// Nothing when the fixed header (20 bytes) isn't all there or its data offset points outside the segment.
[[nodiscard]] std::optional<TcpSegment> parse_tcp(std::span<const std::uint8_t> segment) noexcept;

/// The beginning of a SYN as an ICMP error quotes it: eight bytes are enough.
[[nodiscard]] std::optional<TcpSyn> parse_quoted_tcp(std::span<const std::uint8_t> quoted) noexcept;

/// Whether the checksum of a segment is right, or left unfinished as a sender on this host leaves it for hardware that
/// such a packet never meets: then it is the sum of the pseudo header.
[[nodiscard]] bool tcp_checksum_ok(std::span<const std::uint8_t> segment, const Address& source,
                                   const Address& destination) noexcept;

}  // namespace multiping::packet
