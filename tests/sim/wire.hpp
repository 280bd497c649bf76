// Parses and makes IP datagrams with ICMP, UDP, TCP or SCTP for the simulated network.
// Does not use src/packet on purpose: the tests must not share its mistakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping::test {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Flags of TCP, RFC 9293 section 3.1.
inline constexpr std::uint8_t flag_syn = 0x02, flag_rst = 0x04, flag_ack = 0x10;

/// True for an address in fe80::/10, which needs a zone.
[[nodiscard]] bool is_link_local(const Address& address) noexcept;

inline constexpr std::size_t all_of_it = std::numeric_limits<std::size_t>::max();

/// The fields of an IP header that the simulation uses.
struct IpHeader {
  Address source{}, destination{};
  std::uint8_t ttl = 64, tos = 0;
  std::size_t options = 0;  ///< Bytes of IPv4 options (a multiple of 4, at most 40) or IPv6 extension headers (of 8).
  Protocol protocol = Protocol::icmp;
  std::uint32_t flow_label = 0;
  bool dont_fragment = false;             ///< IPv4 only.
  std::size_t largest_piece = all_of_it;  ///< Largest fragment that the sender of an IPv6 packet makes, in bytes. The
                                          ///< packet is still one piece here.
};

/// A parsed datagram. The views point into the packet.
struct Datagram {
  IpHeader ip{};
  ByteView header{};
  ByteView message{};  ///< From the ICMP, UDP, TCP or SCTP header on.
  [[nodiscard]] Family family() const noexcept { return ip.source.family(); }
  [[nodiscard]] Protocol protocol() const noexcept { return ip.protocol; }
};

/// The datagram in an IP packet; std::nullopt for other protocols and for fragments.
[[nodiscard]] std::optional<Datagram> parse_datagram(ByteView packet);

/// The datagram that an ICMP error quotes after its own header. Routers cut the quote, so its length fields mean
/// nothing. `message` includes an RFC 4884 extension.
[[nodiscard]] std::optional<Datagram> quoted_datagram(const Datagram& error);

/// The whole packet around a finished message.
[[nodiscard]] Bytes make_datagram(const IpHeader& ip, ByteView message);

/// The length of the header in bytes: 8 for ICMP echoes and errors, 8 for UDP, 20 for TCP, 12 for SCTP.
[[nodiscard]] std::size_t header_size(Protocol protocol) noexcept;

[[nodiscard]] std::uint16_t get16(ByteView bytes, std::size_t at);
[[nodiscard]] std::uint32_t get32(ByteView bytes, std::size_t at);
void put16(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value);
void put32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value);
void append(Bytes& bytes, ByteView more);

}  // namespace multiping::test
