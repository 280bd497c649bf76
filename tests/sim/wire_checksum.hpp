// The checksums of the protocols: the Internet checksum of ICMP, UDP and TCP, and SCTP's CRC32c.
// Written apart from src/packet on purpose, like the rest of the wire.
#pragma once

#include <cstdint>
#include <span>

#include "sim/wire.hpp"

namespace multiping::test {

/// RFC 1071, of `bytes`, continued from `start`.
[[nodiscard]] std::uint16_t internet_checksum(ByteView bytes, std::uint32_t start = 0);

/// RFC 3385, the Castagnoli polynomial, bit by bit.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes);

/// Whether the checksum of a datagram's message is right. An IPv4 UDP datagram may have none.
[[nodiscard]] bool sound(const Datagram& datagram);

/// Writes the right checksum into a message of ip.protocol that has room for one.
void finish_checksum(const IpHeader& ip, std::span<std::uint8_t> message);

/// Makes a checksum wrong that is right.
void spoil_checksum(Protocol protocol, std::span<std::uint8_t> message);

}  // namespace multiping::test
