// IP datagrams, with ICMP, UDP, TCP or SCTP inside, taken apart and put together for the simulated network.
// Written apart from src/packet on purpose: the tests must not share its mistakes.
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

/// Of TCP, RFC 9293 section 3.1.
inline constexpr std::uint8_t flag_syn = 0x02, flag_rst = 0x04, flag_ack = 0x10;

/// In fe80::/10, where an address says nothing without its zone.
[[nodiscard]] bool is_link_local(const Address& address) noexcept;

/// What an IP header says, as far as the simulation cares.
inline constexpr std::size_t all_of_it = std::numeric_limits<std::size_t>::max();

struct IpHeader {
  Address source{}, destination{};
  std::uint8_t ttl = 64, tos = 0;
  std::size_t options = 0;  ///< Bytes of IPv4 options (a multiple of 4, at most 40) or IPv6 extension headers (of 8).
  Protocol protocol = Protocol::icmp;
  std::uint32_t flow_label = 0;
  bool dont_fragment = false;             ///< IPv4.
  std::size_t largest_piece = all_of_it;  ///< Of an IPv6 packet that its sender cuts, which is whole here all the same.
};

/// A datagram taken apart. The views point into the packet.
struct Datagram {
  IpHeader ip{};
  ByteView header{};
  ByteView message{};  ///< From the ICMP, UDP, TCP or SCTP header on.
  [[nodiscard]] Family family() const noexcept { return ip.source.family(); }
  [[nodiscard]] Protocol protocol() const noexcept { return ip.protocol; }
};

/// The datagram in an IP packet; nothing where there is none of these protocols, or a fragment.
[[nodiscard]] std::optional<Datagram> parse_datagram(ByteView packet);

/// The datagram that an ICMP error quotes behind its own header. Routers cut it, so lengths in it mean nothing. What an
/// RFC 4884 extension adds belongs to `message`.
[[nodiscard]] std::optional<Datagram> quoted_datagram(const Datagram& error);

/// The whole packet around a finished message.
[[nodiscard]] Bytes make_datagram(const IpHeader& ip, ByteView message);

/// Length of the header of these messages: 8, 8, 20, 12. (ICMP's is that of echoes and errors.)
[[nodiscard]] std::size_t header_size(Protocol protocol) noexcept;

[[nodiscard]] std::uint16_t get16(ByteView bytes, std::size_t at);
[[nodiscard]] std::uint32_t get32(ByteView bytes, std::size_t at);
void put16(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value);
void put32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value);
void append(Bytes& bytes, ByteView more);

}  // namespace multiping::test
