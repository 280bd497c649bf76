// What a client of icmp4em's proxy protocol and multipingd say to each other over UDP: structs on this side, exact
// bytes on the other. Everything is ICMPv4 (RFC 792), for IPv6 destinations too. Pure, and no name is looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::proxy {

/// What an echo over IPv4 can carry: 65,535 bytes without the IP and the ICMP header.
inline constexpr std::size_t most_icmp4em_payload = 65507;
/// An address of this protocol as text: IPv6 with an IPv4 tail, "%" and ten digits.
inline constexpr std::size_t longest_icmp4em_address = 56;
/// How much of a request's payload an error quotes.
inline constexpr std::size_t most_icmp4em_quoted = 64;
/// An error that quotes no payload.
inline constexpr std::size_t smallest_icmp4em_error = 36;

/// Address length, u16 | address in ASCII | ICMP echo request: 8 | 0 | checksum, u16 | id, u16 | sequence, u16 |
/// payload. Numbers in network order. An IPv6 zone is written as a number, and only with link-local addresses.
struct Icmp4emRequest {
  Address destination{};
  std::uint16_t id = 0, sequence = 0;
  std::uint16_t checksum = 0;  ///< As it came. encode() computes it.
  std::span<const std::uint8_t> payload{};
};

/// Bare ICMP echo reply: 0 | 0 | checksum | id | sequence | payload.
struct Icmp4emReply {
  std::uint16_t id = 0, sequence = 0;
  std::span<const std::uint8_t> payload{};
};

/// Not of the original, whose clients pass over it: a bare ICMP error about a request. Type | code | checksum | 2 zeros
/// | MTU, u16 | IPv4 header of 20 bytes with the destination (zeros where that is IPv6) | the request's ICMP header |
/// up to 64 bytes of its payload. Source quench (4, 0) says that the request was refused for its number.
struct Icmp4emError {
  std::uint8_t type = 0, code = 0;
  std::uint16_t mtu = 0;  ///< Of fragmentation needed (3, 4) where it is known.
  Address destination{};  ///< IPv4; none where it is IPv6.
  std::uint16_t id = 0, sequence = 0;
  std::uint16_t checksum = 0;              ///< Of the request.
  std::size_t payload_size = 0;            ///< Of the request.
  std::span<const std::uint8_t> quoted{};  ///< What is here of the payload.
};

/// What is wrong with a request.
enum class Icmp4emFault : std::uint8_t {
  none,
  other_type,          ///< ICMP, but no echo request: what a client sends to keep its port open, for one.
  malformed,           ///< Lengths that contradict each other, another code, or too large for an echo.
  address,             ///< Not the text of an address: names are not looked up.
  destination_denied,  ///< Unspecified, broadcast or multicast.
  checksum,            ///< The ICMP checksum is wrong.
};
[[nodiscard]] const char* to_string(Icmp4emFault fault) noexcept;

struct ParsedIcmp4emRequest {
  Icmp4emFault fault = Icmp4emFault::none;
  Icmp4emRequest request{};  ///< Its payload points into the bytes given. Only without a fault.
};
[[nodiscard]] ParsedIcmp4emRequest parse_icmp4em_request(std::span<const std::uint8_t> datagram) noexcept;
/// Nothing unless it is an echo reply with a right checksum.
[[nodiscard]] std::optional<Icmp4emReply> parse_icmp4em_reply(std::span<const std::uint8_t> datagram) noexcept;
/// Nothing unless it is an error as above with a right checksum.
[[nodiscard]] std::optional<Icmp4emError> parse_icmp4em_error(std::span<const std::uint8_t> datagram) noexcept;

[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emRequest& request);
[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emReply& reply);
/// Quotes at most most_icmp4em_quoted.
[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emError& error);

/// As Address::to_string(), but a zone is a number: no interface's name is asked for.
[[nodiscard]] std::string numeric_text(const Address& address);

}  // namespace multiping::proxy
