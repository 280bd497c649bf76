// An IPv4 or IPv6 address as a regular value, with strict parsing and canonical text.
// Nothing here looks up names; resolve.hpp does that.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
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
/// An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) always becomes the IPv4 address that it maps.
class MULTIPING_EXPORT Address {
 public:
  constexpr Address() noexcept = default;  ///< No address: family() is any, and it converts to false.

  /// Returns the address that `text` spells, or nothing.
  ///
  /// Parsing is strict: the text is four decimal octets without leading zeros, or RFC 4291 text with an optional %zone
  /// (RFC 4007). The zone is the name of an interface of this host, or an index. "1", "10.1", "010.0.0.1", "1.2.3.4 x"
  /// and "" are not addresses.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text) noexcept;

  /// Returns the IPv4 address of these octets, most significant first.
  [[nodiscard]] static Address v4(std::array<std::uint8_t, 4> octets) noexcept;

  /// Returns the IPv6 address of these octets, or the IPv4 address where they are IPv4-mapped. `scope_id` is the index
  /// of the interface for an address that needs a zone; 0: none.
  [[nodiscard]] static Address v6(std::array<std::uint8_t, 16> octets, std::uint32_t scope_id = 0) noexcept;

  [[nodiscard]] Family family() const noexcept { return family_; }       ///< any: there is no address.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const& noexcept {  ///< 4, 16 or no octets, in network order.
    return {bytes_.data(), family_ == Family::ipv4 ? 4U : family_ == Family::ipv6 ? 16U : 0U};
  }
  [[nodiscard]] std::uint32_t scope_id() const noexcept { return scope_id_; }  ///< Interface index; 0: none.

  /// Returns RFC 5952 text, with %zone (the name of the interface where it has one, else its index); "" for no address.
  [[nodiscard]] std::string to_string() const;

  explicit operator bool() const noexcept { return family_ != Family::any; }  ///< True where there is an address.
  /// Addresses are ordered by family, then octets, then zone.
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

/// @cond  The reference leaves this specialisation out: the class comment says that an Address is hashable.
template <>
struct MULTIPING_EXPORT std::hash<multiping::Address> {
  std::size_t operator()(const multiping::Address& address) const noexcept;
};
/// @endcond
