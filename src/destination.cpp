// Which addresses may be probed at all, and as what they are known to the kernel.
// See destination.hpp.
#include "destination.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "multiping/error.hpp"

namespace multiping {
namespace {

bool is_link_local_v6(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() == 16 && bytes[0] == 0xfeU && (bytes[1] & 0xc0U) == 0x80U;
}

}  // namespace

std::error_code objection(const Address& address) noexcept {
  const auto bytes = address.bytes();
  const auto all = [bytes](std::uint8_t value) { return std::ranges::count(bytes, value) == std::ssize(bytes); };
  const bool v4 = address.family() == Family::ipv4;
  const bool multicast = v4 ? (bytes[0] & 0xf0U) == 0xe0U : bytes[0] == 0xffU;
  if (multicast || all(0) || (v4 && all(0xff))) return Errc::destination_denied;
  if (is_link_local_v6(bytes) && address.scope_id() == 0) return Errc::zone_missing;
  return {};
}

Address without_idle_zone(const Address& address) noexcept {
  const auto bytes = address.bytes();
  if (address.scope_id() == 0 || is_link_local_v6(bytes)) return address;
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(bytes, octets.begin());
  return Address::v6(octets);
}

}  // namespace multiping
