// Writes and reads the fields in their order on the wire, by packet::Writer and packet::Reader.
// See broker_frames.hpp.
#include "broker/broker_frames.hpp"

#include <algorithm>

#include "packet/reader.hpp"
#include "packet/writer.hpp"

namespace multiping::broker {
namespace {

using Magic = std::array<std::uint8_t, 6>;
constexpr Magic request_magic = {'m', 'p', 'i', 'n', 'g', 0};
constexpr Magic reply_magic = {'m', 'p', 'i', 'n', 'g', 1};
constexpr std::array<std::uint8_t, 3> zeros{};

bool all_zero(std::span<const std::uint8_t> bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// None when these bytes are no source of that family.
std::optional<Address> source_of(Family family, std::uint32_t zone, const std::array<std::uint8_t, 16>& octets) {
  if (all_zero(octets)) return zone == 0 ? std::optional{Address{}} : std::nullopt;
  if (family == Family::ipv4) {
    if (zone != 0 || !all_zero(std::span{octets}.subspan(4))) return std::nullopt;
    return Address::v4({octets[0], octets[1], octets[2], octets[3]});
  }
  const Address address = Address::v6(octets, zone);
  return address.family() == Family::ipv6 ? std::optional{address} : std::nullopt;  // not an IPv4-mapped one
}

}  // namespace

std::array<std::uint8_t, broker_request_size> encode(const BrokerRequest& request) noexcept {
  std::array<std::uint8_t, broker_request_size> bytes{};
  packet::Writer out{bytes};
  out.bytes(request_magic);
  out.u8(request.version);
  out.u8(request.family == Family::ipv4 ? 4 : 6);
  out.u8(request.count);
  out.bytes(zeros);
  out.u32(request.receive_buffer);
  out.u32(request.source.scope_id());
  if (request.source) out.bytes(request.source.bytes());
  return bytes;
}

std::array<std::uint8_t, broker_reply_size> encode(const BrokerReply& reply) noexcept {
  std::array<std::uint8_t, broker_reply_size> bytes{};
  packet::Writer out{bytes};
  out.bytes(reply_magic);
  out.u8(reply.version);
  out.u8(static_cast<std::uint8_t>(reply.status));
  out.u8(reply.count);
  out.bytes(zeros);
  out.u32(reply.error);
  out.u32(reply.retry_after_milliseconds);
  return bytes;
}

std::optional<BrokerRequest> parse_broker_request(std::span<const std::uint8_t> bytes) noexcept {
  packet::Reader in{bytes};
  const bool ours = in.octets<6>() == request_magic;
  BrokerRequest request{.version = in.u8()};
  if (!in.ok() || !ours) return std::nullopt;
  if (request.version != broker_version) return request;
  const std::uint8_t family = in.u8();
  request.family = family == 4 ? Family::ipv4 : Family::ipv6;
  request.count = in.u8();
  const bool padded = in.octets<3>() == zeros;
  request.receive_buffer = in.u32();
  const std::uint32_t zone = in.u32();
  const auto source = source_of(request.family, zone, in.octets<16>());
  const bool counted = request.count >= 1 && request.count <= most_sockets_at_once;
  if (!in.ok() || in.remaining() != 0 || (family != 4 && family != 6) || !counted || !padded || !source)
    return std::nullopt;
  request.source = *source;
  return request;
}

std::optional<BrokerReply> parse_broker_reply(std::span<const std::uint8_t> bytes) noexcept {
  packet::Reader in{bytes};
  const bool ours = in.octets<6>() == reply_magic;
  BrokerReply reply{.version = in.u8()};
  const std::uint8_t status = in.u8();
  reply.status = static_cast<BrokerStatus>(status);
  reply.count = in.u8();
  const bool padded = in.octets<3>() == zeros;
  reply.error = in.u32();
  reply.retry_after_milliseconds = in.u32();
  const bool known = status <= static_cast<std::uint8_t>(BrokerStatus::bad_version);
  if (!in.ok() || in.remaining() != 0 || !ours || !known || !padded) return std::nullopt;
  return reply;
}

}  // namespace multiping::broker
