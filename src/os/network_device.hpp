// Sends through a device without a bind to it, IP_UNICAST_IF (ip(7)) and IPV6_UNICAST_IF; asks rtnetlink(7) about one.
// A socket that is bound to a device, SO_BINDTODEVICE, receives nothing that comes in through another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "multiping/address.hpp"

namespace multiping::os {

/// Makes all packets of a socket of `family` leave through `device`; the socket still receives from every device. False
/// when the kernel refuses that, or when the device is a VRF or belongs to one: packets that come in there go only to
/// sockets that are bound to it.
[[nodiscard]] bool send_through(int socket, Family family, const std::string& device) noexcept;

/// The index of the interface that `device` is enslaved to, a VRF or a bridge; 0: none.
[[nodiscard]] std::uint32_t master_of(std::uint32_t device) noexcept;
/// The same from the kernel's answer to RTM_GETLINK.
[[nodiscard]] std::uint32_t master_in(std::span<const std::uint8_t> answer) noexcept;

/// Whether the kernel's answer to RTM_GETLINK is about a VRF or a device that belongs to one; none when it is no such
/// answer.
[[nodiscard]] std::optional<bool> is_of_vrf(std::span<const std::uint8_t> answer) noexcept;

}  // namespace multiping::os
