// The messages of the broker's protocol: converts between structs and the exact bytes of a packet. Pure.
// The descriptors are not part of these bytes: they are sent beside them, unix(7) SCM_RIGHTS.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "multiping/address.hpp"

namespace multiping::broker {

inline constexpr std::uint8_t broker_version = 1;
/// One request may ask for at most this many descriptors.
inline constexpr std::uint8_t most_sockets_at_once = 16;

/// A client's request for ping sockets, all of one family and bound alike. It is one packet of SOCK_SEQPACKET.
struct BrokerRequest {
  std::uint8_t version = broker_version;
  Family family = Family::any;       ///< ipv4 or ipv6.
  std::uint8_t count = 1;            ///< 1 to most_sockets_at_once.
  std::uint32_t receive_buffer = 0;  ///< In bytes; 0: the broker's default.
  Address source{};                  ///< Address to bind to, with its zone; none: any.
  friend bool operator==(const BrokerRequest&, const BrokerRequest&) = default;
};

enum class BrokerStatus : std::uint8_t {
  granted,      ///< `count` descriptors come with the reply.
  denied,       ///< This user is not allowed to ask.
  limited,      ///< Too many requests or sockets; see `retry_after_milliseconds`.
  failed,       ///< The system refused to open a socket; see `error`.
  bad_request,  ///< The packet is no request of this protocol.
  bad_version,  ///< The broker speaks another version, which is `version`.
};

struct BrokerReply {
  std::uint8_t version = broker_version;
  BrokerStatus status = BrokerStatus::granted;
  std::uint8_t count = 0;
  std::uint32_t error = 0;                     ///< For `failed`: errno.
  std::uint32_t retry_after_milliseconds = 0;  ///< For `limited`: when to try again; 0: waiting does not help.
  friend bool operator==(const BrokerReply&, const BrokerReply&) = default;
};

// A request, 36 bytes: "mping" 0 | version | family (4 or 6) | count | 3 zeros | receive buffer, u32 | zone, u32 |
// source, followed by 12 zeros for IPv4; all zeros for none. Numbers are in network order.
inline constexpr std::size_t broker_request_size = 36;
// A reply, 20 bytes: "mping" 1 | version | status | count | 3 zeros | error, u32 | milliseconds, u32.
inline constexpr std::size_t broker_reply_size = 20;

[[nodiscard]] std::array<std::uint8_t, broker_request_size> encode(const BrokerRequest& request) noexcept;
[[nodiscard]] std::array<std::uint8_t, broker_reply_size> encode(const BrokerReply& reply) noexcept;
/// None unless the bytes are exactly one request: the right length, a known family, a count in range, a source of that
/// family, and zeros where zeros belong. For a request of another version only `version` is read and set, so that the
/// client can be told.
[[nodiscard]] std::optional<BrokerRequest> parse_broker_request(std::span<const std::uint8_t> bytes) noexcept;
/// None unless the bytes are exactly one reply: the right length, a known status, and zeros where zeros belong. Any
/// version is accepted.
[[nodiscard]] std::optional<BrokerReply> parse_broker_reply(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace multiping::broker
