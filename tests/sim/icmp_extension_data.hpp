// Extensions that routers append to ICMP errors (RFC 4884), as data, well-formed and malformed.
// Their bytes are made here, without src/packet, which reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// An object of an extension structure, RFC 4884 section 7.
struct ExtensionObject {
  std::uint8_t class_number = 0, c_type = 0;
  Bytes body{};
  std::optional<std::uint16_t> length{};  ///< The length field; none: the right value.
};

struct IcmpExtensionData {
  std::vector<ExtensionObject> objects{};
  /// How the error says where the extension begins.
  enum class Place : std::uint8_t {
    by_length,  ///< After the padded quote, whose length is in the length field.
    legacy,     ///< 128 bytes after the beginning of the quote, without a length field.
  };
  Place place = Place::by_length;
  std::size_t quote_room = 128;                ///< Bytes that the quote is cut or padded to.
  std::optional<std::uint8_t> length_field{};  ///< The length field of the error; none: the right value.
  std::uint8_t version = 2;
  enum class Checksum : std::uint8_t { right, wrong, none };
  Checksum checksum = Checksum::right;
};

/// An MPLS label stack, RFC 4950.
[[nodiscard]] ExtensionObject mpls_object(const std::vector<MplsLabel>& stack);
/// An interface, RFC 5837, with those parts that are set.
[[nodiscard]] ExtensionObject interface_object(const InterfaceInfo& interface);
/// An object of an unknown class.
[[nodiscard]] ExtensionObject unknown_object(std::size_t body_size);

/// The extension structure, from its header on.
[[nodiscard]] Bytes extension_bytes(const IcmpExtensionData& extension);

/// The value of the error's length field, in words of four bytes (IPv4) or eight (IPv6).
[[nodiscard]] std::uint8_t length_field(const IcmpExtensionData& extension, Family family);

}  // namespace multiping::test
