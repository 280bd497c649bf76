// Parses ICMP (RFC 792) and ICMPv6 (RFC 4443) messages, and the echo requests that their errors quote.
// Pure: results point into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::packet {

/// Types of ICMP messages, and the codes that this library uses.
namespace icmpv4 {
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t destination_unreachable = 3;
inline constexpr std::uint8_t source_quench = 4;
inline constexpr std::uint8_t redirect = 5;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t time_exceeded = 11;
inline constexpr std::uint8_t parameter_problem = 12;

// Codes of destination_unreachable, RFC 792 and RFC 1812.
inline constexpr std::uint8_t code_net_unreachable = 0, code_host_unreachable = 1, code_protocol_unreachable = 2;
inline constexpr std::uint8_t code_port_unreachable = 3;
inline constexpr std::uint8_t code_fragmentation_needed = 4, code_prohibited = 13;
}  // namespace icmpv4

/// Types of ICMPv6 messages, and the codes that this library uses.
namespace icmpv6 {
inline constexpr std::uint8_t destination_unreachable = 1;
inline constexpr std::uint8_t packet_too_big = 2;
inline constexpr std::uint8_t time_exceeded = 3;
inline constexpr std::uint8_t parameter_problem = 4;
inline constexpr std::uint8_t echo_request = 128;
inline constexpr std::uint8_t echo_reply = 129;
inline constexpr std::uint8_t redirect = 137;

inline constexpr std::uint8_t code_port_unreachable = 4;          ///< Of destination_unreachable, RFC 4443.
inline constexpr std::uint8_t code_unrecognized_next_header = 1;  ///< Of parameter_problem, RFC 4443.
}  // namespace icmpv6

inline constexpr std::uint8_t code_ttl_exceeded = 0;         ///< Of time_exceeded in transit, in both families.
inline constexpr std::uint8_t code_reassembly_exceeded = 1;  ///< Of time_exceeded, in both families.
inline constexpr std::size_t icmp_header_size = 8;           ///< In bytes, of echoes and errors in both families.

/// An ICMP message: the fields of its first eight bytes, and the rest.
struct IcmpMessage {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint16_t word1 = 0;               ///< Of echoes: the identifier.
  std::uint16_t word2 = 0;               ///< Of echoes: the sequence number.
  std::span<const std::uint8_t> body{};  ///< Of echoes: the payload. Of errors: from the quoted IP header on.
};

/// Returns nothing when there are fewer than eight bytes.
[[nodiscard]] std::optional<IcmpMessage> parse_icmp(std::span<const std::uint8_t> bytes) noexcept;

/// Returns whether the checksum of a whole ICMPv4 message is right. The kernel checks the checksum of ICMPv6, which
/// covers both addresses.
[[nodiscard]] bool icmpv4_checksum_ok(std::span<const std::uint8_t> message) noexcept;

/// The meaning of an ICMP message for the probe that it quotes.
enum class ErrorKind : std::uint8_t {
  not_an_error,  ///< The message quotes nothing.
  unreachable,   ///< The probe will not be answered.
  ttl_expired,   ///< The TTL of the probe expired in transit.
  ignored,       ///< Source quench (RFC 6633), redirect, or an ICMPv6 error of a type unknown here.
};
[[nodiscard]] ErrorKind classify_error(Family family, std::uint8_t type, std::uint8_t code) noexcept;

/// Returns the MTU in bytes that "fragmentation needed" (RFC 1191) or "packet too big" reports; 0 for other messages
/// and where no MTU is given.
[[nodiscard]] std::uint32_t reported_mtu(Family family, const IcmpMessage& message) noexcept;

/// An echo request that an ICMP error quotes.
struct QuotedEcho {
  Address source{}, destination{};  ///< Empty where the quote begins with the ICMP header.
  std::uint16_t id = 0, sequence = 0, checksum = 0;
  std::span<const std::uint8_t> payload{};  ///< The quoted payload. It may be cut short, or padded and so too long.
};

/// Parses the echo request in the body of an ICMP error, which begins with the quoted IP header. Returns nothing when
/// the quote is no echo request, is shorter than the ICMP header, or is a fragment other than the first.
[[nodiscard]] std::optional<QuotedEcho> parse_quoted_echo(Family family, std::span<const std::uint8_t> body) noexcept;

/// Parses the echo request in a quote that begins with the ICMP header, as the error queue of a ping socket gives it.
[[nodiscard]] std::optional<QuotedEcho> parse_quoted_icmp_header(Family family,
                                                                 std::span<const std::uint8_t> quoted) noexcept;

}  // namespace multiping::packet
