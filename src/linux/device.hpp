// Sending through a device without being bound to it: IP_UNICAST_IF, ip(7), IPV6_UNICAST_IF, and what rtnetlink(7)
// tells of a device.
// A socket that is bound to a device, SO_BINDTODEVICE, hears nothing that comes another way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "multiping/address.hpp"

namespace multiping::os {

/// All that a socket of `family` sends leaves through `device`, while it hears what comes in anywhere. False where that
/// is refused, or where the device is a VRF or of one: what comes in there is given to sockets that are bound to it.
[[nodiscard]] bool send_through(int socket, Family family, const std::string& device) noexcept;

/// The interface that `device` is enslaved to, a VRF or a bridge; 0: none.
[[nodiscard]] std::uint32_t master_of(std::uint32_t device) noexcept;
[[nodiscard]] std::uint32_t master_in(std::span<const std::uint8_t> answer) noexcept;

/// Whether the kernel's answer to RTM_GETLINK is of a VRF or of a device of one; none when it is no such answer.
[[nodiscard]] std::optional<bool> is_of_vrf(std::span<const std::uint8_t> answer) noexcept;

}  // namespace multiping::os
