// An IPv4 or IPv6 address as a regular value, with strict parsing and canonical text.
// No lookup happens here; names are the business of resolve.hpp.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "multiping/export.hpp"

namespace multiping {

/// An address family, where `any` means "no preference" or "no address".
enum class Family : std::uint8_t { any, ipv4, ipv6 };
/// "any", "ipv4", "ipv6".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Family family) noexcept;

/// An IPv4 or IPv6 address, with the zone of a link-local one. A regular value: copyable, ordered, hashable.
///
/// An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) is the IPv4 address it maps, however it was made.
class MULTIPING_EXPORT Address {
 public:
  constexpr Address() noexcept = default;  ///< No address: family() is any, and it converts to false.

  /// The address that `text` spells, or nothing.
  ///
  /// Strict: four decimal octets without leading zeros, or RFC 4291 text with an optional %zone (RFC 4007; the name of
  /// an interface of this host, or an index). "1", "10.1", "010.0.0.1", "1.2.3.4 x" and "" are not addresses.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text) noexcept;

  /// The IPv4 address of these octets, most significant first.
  [[nodiscard]] static Address v4(std::array<std::uint8_t, 4> octets) noexcept;

  /// The IPv6 address of these octets, with the index of its interface where it needs one. Mapped octets give IPv4.
  [[nodiscard]] static Address v6(std::array<std::uint8_t, 16> octets, std::uint32_t scope_id = 0) noexcept;

  [[nodiscard]] Family family() const noexcept { return family_; }       ///< any where there is no address.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const& noexcept {  ///< 4, 16 or no octets, in network order.
    return {bytes_.data(), family_ == Family::ipv4 ? 4U : family_ == Family::ipv6 ? 16U : 0U};
  }
  [[nodiscard]] std::uint32_t scope_id() const noexcept { return scope_id_; }  ///< Interface index; 0: none.

  /// RFC 5952 text, with %zone (the interface's name where it has one); "" for no address.
  [[nodiscard]] std::string to_string() const;

  explicit operator bool() const noexcept { return family_ != Family::any; }  ///< There is an address.
  /// Ordered by family, then octets, then zone.
  friend auto operator<=>(const Address&, const Address&) noexcept = default;

 private:
  friend struct std::hash<Address>;
  Family family_ = Family::any;  // first, so that families do not mix in order
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_id_ = 0;
};

/// Writes address.to_string().
MULTIPING_EXPORT std::ostream& operator<<(std::ostream& out, const Address& address);

}  // namespace multiping

/// @cond  A specialisation that the reference need not have: Address says that it is hashable.
template <>
struct MULTIPING_EXPORT std::hash<multiping::Address> {
  std::size_t operator()(const multiping::Address& address) const noexcept;
};
/// @endcond
