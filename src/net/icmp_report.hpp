// An ICMP error about a probe, as a packet or from an error queue, and the event that it becomes once it is believed.
// Which probe it is about is the speakers' business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "multiping/result.hpp"
#include "net/hearing.hpp"
#include "packet/icmp.hpp"

namespace multiping::net {

/// An ICMP error, before it is believed.
struct IcmpReport {
  Family family = Family::any;
  Address responder{};
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;  ///< Only of errors that have one.
  std::optional<std::uint8_t> ttl{}, tos{};
  Arrival arrival{};
  const packet::IcmpMessage* message = nullptr;  ///< The whole error, where it came as a packet. Else:
  std::span<const std::uint8_t> quoted{};        ///< What the queue gives of the datagram in error,
  std::size_t extension = 0;                     ///< where the extension begins in it, as the kernel says,
  std::size_t missing = 0;                       ///< and how many bytes of headers the queue left out, at least.

  [[nodiscard]] packet::ErrorKind kind() const noexcept { return packet::classify_error(family, type, code); }
  /// Redirects and source quench do not.
  [[nodiscard]] bool tells_a_fate() const noexcept {
    return kind() == packet::ErrorKind::unreachable || kind() == packet::ErrorKind::ttl_expired;
  }
  /// The target itself declined, and so is alive: it says that it has no such protocol ("protocol unreachable", or in
  /// ICMPv6 "unrecognized next header"), or of a datagram that it has no such port. From others that is a report of the
  /// way like any other.
  [[nodiscard]] bool is_refusal_of(const Address& target, Carrier carrier) const noexcept;
};

[[nodiscard]] IcmpReport report_of(const Outer& outer, const packet::IcmpMessage& message, const Arrival& arrival);
[[nodiscard]] IcmpReport report_of(const QueuedError& queued, const Channel& channel);

/// Makes events of errors that are believed. Errors that say the same in a row, as those of one router do, share one
/// value.
class IcmpEvents {
 public:
  /// Of a report that tells a fate of a probe, which left in messages of that kind.
  [[nodiscard]] Event event(const Probe& probe, Carrier carrier, const IcmpReport& report, std::uint8_t auth_bits);

 private:
  std::shared_ptr<const IcmpError> last_{};
};

}  // namespace multiping::net
