// An ICMP error about a probe, from a packet or an error queue, and the event that is made of it once it is believed.
// The protocols find the probe that it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "multiping/result.hpp"
#include "net/answer_context.hpp"
#include "packet/icmp.hpp"

namespace multiping::net {

/// An ICMP error, before it is believed.
struct IcmpErrorReport {
  Family family = Family::any;
  Address responder{};
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;  ///< 0 in errors that report none.
  std::optional<std::uint8_t> ttl{}, tos{};
  Arrival arrival{};
  const packet::IcmpMessage* message = nullptr;  ///< The whole error, where it came as a packet; else null.
  std::span<const std::uint8_t> quoted{};        ///< From a queue: the quoted part of the datagram in error.
  std::size_t extension = 0;                     ///< From a queue: where the extension begins in `quoted`; 0: unknown.
  std::size_t missing = 0;                       ///< From a queue: the least bytes of headers that it left out.
  std::uint16_t size = 0;  ///< Of the whole error, from the ICMP header on; 0: it came by a queue.

  [[nodiscard]] packet::ErrorKind kind() const noexcept { return packet::classify_error(family, type, code); }
  /// True when the error says what happened to the probe. Redirects and source quench do not.
  [[nodiscard]] bool tells_a_fate() const noexcept {
    return kind() == packet::ErrorKind::unreachable || kind() == packet::ErrorKind::ttl_expired;
  }
  /// True when the target itself declined the probe, and so is alive. It lacks the protocol ("protocol unreachable", in
  /// ICMPv6 "unrecognized next header"), or for a UDP datagram the port. From another address the same error is an
  /// ordinary report from the path.
  [[nodiscard]] bool is_refusal_of(const Address& target, Protocol protocol) const noexcept;
};

[[nodiscard]] IcmpErrorReport report_of(const Outer& outer, const packet::IcmpMessage& message, const Arrival& arrival);
[[nodiscard]] IcmpErrorReport report_of(const QueuedError& queued, const Channel& channel);

/// Makes events of errors that are believed. Equal errors in a row, such as those of one router, share one value.
class IcmpEvents {
 public:
  /// Makes the event of a report for which tells_a_fate() is true. `protocol` is the kind of the probe's messages.
  [[nodiscard]] Event event(const Probe& probe, Protocol protocol, const IcmpErrorReport& report,
                            std::uint8_t auth_bits);

 private:
  std::shared_ptr<const IcmpError> last_{};
};

}  // namespace multiping::net
