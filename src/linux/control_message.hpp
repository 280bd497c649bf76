// Control messages (cmsg(3)): what a socket tells about a packet, and what is asked of it for one.
// Everything is copied out by size, so that nothing depends on alignment.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "linux/stamp_clock.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping::os {

/// An entry of the error queue, ip(7) IP_RECVERR: struct sock_extended_err and the offender.
struct ExtendedError {
  int number = 0;  ///< errno
  std::uint8_t origin = 0, type = 0, code = 0;
  std::uint32_t info = 0;
  std::size_t extension = 0;  ///< Where the RFC 4884 extension begins; 0: none.
  Address offender{};

  [[nodiscard]] bool is_icmp() const noexcept;
  /// This host itself would not send a message for its size.
  [[nodiscard]] bool refuses_size() const noexcept;
};

struct ControlData {
  std::optional<std::uint8_t> ttl{}, tos{};
  std::optional<WallTime> stamp{};
  std::optional<ExtendedError> error{};
  bool came_by_loopback = false;  ///< Where report_interface() asked for it: this host sent the packet.
};
[[nodiscard]] ControlData read_control(const msghdr& message) noexcept;

/// The control messages that give a packet the TTL, TOS, source address, mark and flow label of `shape`; empty where it
/// asks for none.
[[nodiscard]] std::vector<std::uint8_t> write_control(Family family, const ProbeOptions& shape);

}  // namespace multiping::os
