// What a client and multipingd say to each other over the broker's Unix socket: structs on this side, exact bytes on
// the other. Pure: the descriptors themselves ride beside the bytes, unix(7) SCM_RIGHTS.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::proxy {

inline constexpr std::uint8_t broker_version = 1;
/// Most descriptors that one request may ask for.
inline constexpr std::uint8_t most_sockets_at_once = 16;

/// A client asks for ping sockets, all of one family and bound alike. One packet of SOCK_SEQPACKET.
struct BrokerRequest {
  std::uint8_t version = broker_version;
  Family family = Family::any;       ///< ipv4 or ipv6.
  std::uint8_t count = 1;            ///< 1 to most_sockets_at_once.
  std::uint32_t receive_buffer = 0;  ///< Bytes wished for; 0: as the broker likes.
  Address source{};                  ///< Address to bind to, zone included; none: any.
  friend bool operator==(const BrokerRequest&, const BrokerRequest&) = default;
};

enum class BrokerStatus : std::uint8_t {
  granted,      ///< `count` descriptors come with the reply.
  denied,       ///< This user may not.
  limited,      ///< Too many requests or sockets; another try may succeed in `retry_after`.
  failed,       ///< The system refused, see `error`.
  bad_request,  ///< No request of this protocol.
  bad_version,  ///< `version` is what the broker speaks.
};

struct BrokerReply {
  std::uint8_t version = broker_version;
  BrokerStatus status = BrokerStatus::granted;
  std::uint8_t count = 0;
  std::uint32_t error = 0;                     ///< errno of `failed`.
  std::uint32_t retry_after_milliseconds = 0;  ///< Of `limited`; 0: not by waiting.
  friend bool operator==(const BrokerReply&, const BrokerReply&) = default;
};

// A request, 36 bytes: "mping" 0 | version | family (4 or 6) | count | 3 zeros | receive buffer, u32 | zone, u32 |
// source, 12 zeros behind it for IPv4, all zeros for none. Numbers in network order.
inline constexpr std::size_t broker_request_size = 36;
// A reply, 20 bytes: "mping" 1 | version | status | count | 3 zeros | error, u32 | milliseconds, u32.
inline constexpr std::size_t broker_reply_size = 20;

[[nodiscard]] std::array<std::uint8_t, broker_request_size> encode(const BrokerRequest& request) noexcept;
[[nodiscard]] std::array<std::uint8_t, broker_reply_size> encode(const BrokerReply& reply) noexcept;
/// Of exactly these bytes: another length, an unknown family, a count out of range, a source of another family or a
/// byte that should be zero and is not give none. A request of another version gives one with only that set, so that
/// it can be told.
[[nodiscard]] std::optional<BrokerRequest> parse_broker_request(std::span<const std::uint8_t> bytes) noexcept;
[[nodiscard]] std::optional<BrokerReply> parse_broker_reply(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::proxy
