// Control messages (cmsg(3)): reads the ones that come with a packet, and writes the ones that set options of one.
// Values are copied by size, so that no alignment is needed.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "os/receive_stamp_clock.hpp"

namespace multiping::os {

/// An entry of the error queue, ip(7) IP_RECVERR: struct sock_extended_err and the offender.
struct ExtendedError {
  int number = 0;  ///< errno
  std::uint8_t origin = 0, type = 0, code = 0;
  std::uint32_t info = 0;
  std::size_t extension = 0;  ///< Offset of the RFC 4884 extension; 0: none.
  Address offender{};

  [[nodiscard]] bool is_icmp() const noexcept;
  /// This host itself refused to send a message because it was too large.
  [[nodiscard]] bool refuses_size() const noexcept;
};

struct ControlData {
  std::optional<std::uint8_t> ttl{}, tos{};
  std::optional<WallTime> stamp{};
  std::optional<ExtendedError> error{};
  bool came_by_loopback = false;  ///< This host sent the packet. Known only after report_interface().
};
[[nodiscard]] ControlData read_control(const msghdr& message) noexcept;

/// The control messages that give a packet the TTL, TOS, source address, mark and flow label of `profile`, and send it
/// through the interface with the index `device` (0: none); empty when nothing of this is set.
[[nodiscard]] std::vector<std::uint8_t> write_control(Family family, const ProbeOptions& profile, unsigned device = 0);
/// Replaces the TTL in control messages that write_control() made for a profile with a TTL.
void set_ttl(std::span<std::uint8_t> control, std::uint8_t ttl) noexcept;

}  // namespace multiping::os
