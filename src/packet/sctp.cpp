// Writes and parses SCTP packets, with a table-driven CRC32c.
// See sctp.hpp.
#include "packet/sctp.hpp"

#include "packet/reader.hpp"
#include "packet/writer.hpp"

namespace multiping::packet {

namespace {

constexpr std::size_t sctp_checksum_offset = 8;
constexpr std::size_t checksum_size = 4;
constexpr std::size_t chunk_header_size = 4;
constexpr std::uint8_t chunk_init = 1;
constexpr std::uint16_t init_chunk_length = 20;

// Values that every host accepts: RFC 9260 section 3.3.2 demands a window of at least 1500 bytes and one stream in each
// direction.
constexpr std::uint32_t receiver_window = 65536;
constexpr std::uint16_t streams = 1;

// The change of the remainder by each value of a byte. The polynomial 0x1EDC6F41 is used with its bits reversed.
constexpr std::array<std::uint32_t, 256> remainders() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    auto remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1U) != 0 ? 0x82F63B78U : 0U);
    table[byte] = remainder;
  }
  return table;
}
constexpr auto remainder_of = remainders();

// A CRC32c that is computed in parts.
class Crc {
 public:
  void add(std::span<const std::uint8_t> bytes) noexcept {
    for (const auto byte : bytes) remainder_ = (remainder_ >> 8) ^ remainder_of[(remainder_ ^ byte) & 0xFFU];
  }
  [[nodiscard]] std::uint32_t value() const noexcept { return ~remainder_; }

 private:
  std::uint32_t remainder_ = 0xFFFFFFFFU;
};

// The checksum of a packet, computed with zeros in the checksum field. The least significant byte is sent first, so the
// bytes are swapped here.
std::uint32_t packet_checksum(std::span<const std::uint8_t> before, std::span<const std::uint8_t> behind) noexcept {
  constexpr std::array<std::uint8_t, checksum_size> zeros{};
  Crc crc;
  crc.add(before);
  crc.add(zeros);
  crc.add(behind);
  const auto value = crc.value();
  return value << 24 | (value & 0xFF00U) << 8 | (value >> 8 & 0xFF00U) | value >> 24;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept {
  Crc crc;
  crc.add(bytes);
  return crc.value();
}

std::array<std::uint8_t, sctp_init_size> encode_sctp_init(const SctpInit& init) noexcept {
  std::array<std::uint8_t, sctp_init_size> packet{};
  Writer writer{packet};
  writer.u16(init.source_port);
  writer.u16(init.destination_port);
  writer.u32(0);  // verification tag, always zero in an INIT
  writer.u32(0);  // checksum
  writer.u8(chunk_init);
  writer.u8(0);  // flags
  writer.u16(init_chunk_length);
  writer.u32(init.initiate_tag);
  writer.u32(receiver_window);
  writer.u16(streams);
  writer.u16(streams);
  writer.u32(init.initiate_tag);  // initial TSN, which may be the same

  const std::span<const std::uint8_t> whole{packet};
  const auto checksum =
      packet_checksum(whole.first(sctp_checksum_offset), whole.subspan(sctp_checksum_offset + checksum_size));
  Writer{std::span{packet}.subspan(sctp_checksum_offset)}.u32(checksum);
  return packet;
}

std::optional<SctpPacket> parse_sctp(std::span<const std::uint8_t> packet) noexcept {
  Reader reader{packet};
  SctpPacket parsed;
  parsed.source_port = reader.u16();
  parsed.destination_port = reader.u16();
  parsed.verification_tag = reader.u32();
  reader.skip(checksum_size);
  const auto chunks = reader.remaining();
  parsed.chunk_type = reader.u8();
  parsed.chunk_flags = reader.u8();
  const std::size_t chunk_length = reader.u16();
  if (!reader.ok() || chunk_length < chunk_header_size || chunk_length > chunks) return std::nullopt;
  return parsed;
}

std::optional<QuotedSctp> parse_quoted_sctp(std::span<const std::uint8_t> quoted) noexcept {
  Reader reader{quoted};
  QuotedSctp sctp;
  sctp.source_port = reader.u16();
  sctp.destination_port = reader.u16();
  const auto verification_tag = reader.u32();
  if (!reader.ok() || verification_tag != 0) return std::nullopt;
  reader.skip(checksum_size);
  const auto chunk_type = reader.u8();
  reader.skip(chunk_header_size - 1);
  const auto tag = reader.u32();
  if (reader.ok() && chunk_type == chunk_init && tag != 0) sctp.initiate_tag = tag;
  return sctp;
}

bool sctp_checksum_ok(std::span<const std::uint8_t> packet) noexcept {
  Reader reader{packet};
  const auto before = reader.bytes(sctp_checksum_offset);
  const auto found = reader.u32();
  return reader.ok() && (found == 0 || found == packet_checksum(before, reader.rest()));
}

}  // namespace multiping::packet
