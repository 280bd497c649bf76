// The checksums of the protocols: the Internet checksum of ICMP, UDP and TCP, and the CRC32c of SCTP.
// Does not use src/packet on purpose, as wire.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "sim/wire.hpp"

namespace multiping::test {

/// The Internet checksum (RFC 1071) of `bytes`, added to the sum `start`.
[[nodiscard]] std::uint16_t internet_checksum(ByteView bytes, std::uint32_t start = 0);

/// The CRC32c (RFC 3385, Castagnoli polynomial), calculated bit by bit.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes);

/// True when the checksum of the message is right. An IPv4 UDP datagram may have none.
[[nodiscard]] bool sound(const Datagram& datagram);

/// Writes the right checksum into a message of ip.protocol that has a checksum field.
void finish_checksum(const IpHeader& ip, std::span<std::uint8_t> message);

/// Makes a right checksum wrong.
void spoil_checksum(Protocol protocol, std::span<std::uint8_t> message);

}  // namespace multiping::test
