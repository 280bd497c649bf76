// The datagrams of icmp4em's proxy protocol: converts between structs and exact bytes. All messages are ICMPv4
// (RFC 792), for IPv6 destinations too. Pure, and no name is looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::icmp4em {

/// The payload that an echo over IPv4 can carry, in bytes: 65,535 less the IP and the ICMP header.
inline constexpr std::size_t most_icmp4em_payload = 65507;
/// Bytes of the longest address of this protocol as text: IPv6 with an IPv4 tail, "%" and ten digits.
inline constexpr std::size_t longest_icmp4em_address = 56;
/// An error quotes at most this many bytes of a request's payload.
inline constexpr std::size_t most_icmp4em_quoted = 64;
/// Bytes of an error that quotes no payload.
inline constexpr std::size_t smallest_icmp4em_error = 36;

/// A request: address length, u16 | address in ASCII | ICMP echo request: 8 | 0 | checksum, u16 | id, u16 | sequence,
/// u16 | payload. Numbers are in network order. An IPv6 zone is written as a number, and only for link-local addresses.
struct Icmp4emRequest {
  Address destination{};
  std::uint16_t id = 0, sequence = 0;
  std::uint16_t checksum = 0;  ///< As received. encode() ignores it and computes the checksum.
  std::span<const std::uint8_t> payload{};
};

/// A bare ICMP echo reply: 0 | 0 | checksum | id | sequence | payload.
struct Icmp4emReply {
  std::uint16_t id = 0, sequence = 0;
  std::span<const std::uint8_t> payload{};
};

/// A bare ICMP error about a request: type | code | checksum | 2 zeros | MTU, u16 | IPv4 header of 20 bytes with the
/// destination (zeros when that is IPv6) | the request's ICMP header | up to 64 bytes of its payload. Source quench
/// (4, 0) says that the client sent too many requests. The original protocol has no errors; its clients ignore them.
struct Icmp4emError {
  std::uint8_t type = 0, code = 0;
  std::uint16_t mtu = 0;  ///< For "fragmentation needed" (3, 4); 0: not known.
  Address destination{};  ///< IPv4 address; none when the destination is IPv6.
  std::uint16_t id = 0, sequence = 0;
  std::uint16_t checksum = 0;              ///< Of the request.
  std::size_t payload_size = 0;            ///< Of the request.
  std::span<const std::uint8_t> quoted{};  ///< The part of the payload that the error quotes.
};

/// Why a request cannot be served.
enum class Icmp4emFault : std::uint8_t {
  none,
  other_type,          ///< ICMP, but no echo request: for instance a keep-alive of a client.
  malformed,           ///< Lengths that contradict each other, an ICMP code that is not 0, or too large for an echo.
  address,             ///< The text is no address: names are not looked up.
  destination_denied,  ///< The address is unspecified, broadcast or multicast.
  checksum,            ///< The ICMP checksum is wrong.
};
[[nodiscard]] const char* to_string(Icmp4emFault fault) noexcept;

struct ParsedIcmp4emRequest {
  Icmp4emFault fault = Icmp4emFault::none;
  Icmp4emRequest request{};  ///< Set when there is no fault. Its payload points into the datagram.
};
[[nodiscard]] ParsedIcmp4emRequest parse_icmp4em_request(std::span<const std::uint8_t> datagram) noexcept;
/// None unless the datagram is an echo reply with a correct checksum.
[[nodiscard]] std::optional<Icmp4emReply> parse_icmp4em_reply(std::span<const std::uint8_t> datagram) noexcept;
/// None unless the datagram is an error as above with a correct checksum.
[[nodiscard]] std::optional<Icmp4emError> parse_icmp4em_error(std::span<const std::uint8_t> datagram) noexcept;

[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emRequest& request);
[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emReply& reply);
/// Quotes at most most_icmp4em_quoted bytes of error.quoted.
[[nodiscard]] std::vector<std::uint8_t> encode(const Icmp4emError& error);

/// As Address::to_string(), but with a zone as a number: no interface name is looked up.
[[nodiscard]] std::string numeric_text(const Address& address);

}  // namespace multiping::icmp4em
