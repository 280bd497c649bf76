// Parses the extensions of ICMP errors (RFC 4884): MPLS label stacks (RFC 4950) and interface information (RFC 5837).
// Pure; malformed data gives nothing, never a guess. The parsers throw std::bad_alloc and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "packet/icmp.hpp"

namespace multiping::packet {

struct IcmpExtensions {
  std::vector<MplsLabel> mpls{};
  std::vector<InterfaceInfo> interfaces{};
  friend bool operator==(const IcmpExtensions&, const IcmpExtensions&) = default;
};

/// The most labels and interfaces that are kept of one error; the first ones are. RFC 1812 limits an error to 576
/// bytes, which hold fewer labels, and there are fewer interface roles.
inline constexpr std::size_t most_labels = 128, most_interfaces = 16;

/// Parses an extension structure (RFC 4884 section 7), which begins with its header. Returns nothing when the version
/// is not 2, the checksum is wrong, or the length of an object is less than four or more than the bytes that remain. A
/// zero checksum means that there is none, which is wrong with `checksum_required`. Unknown objects are skipped, and so
/// are known ones with malformed contents. Interface names are returned as they came, without padding: they may hold
/// control characters.
[[nodiscard]] std::optional<IcmpExtensions> parse_icmp_extensions(std::span<const std::uint8_t> structure,
                                                                  bool checksum_required);

/// Returns the extensions of a whole ICMP error; empty where there are none or they are malformed. They begin where the
/// length field says. Without a length field they begin at the legacy offset of 128 bytes (RFC 4884 section 5.5), and
/// need a right checksum. Some routers send a length of less than 128 bytes, which no RFC allows: it is tried first,
/// and needs a right checksum too. A length that points outside counts as none.
[[nodiscard]] IcmpExtensions extensions_of(Family family, const IcmpMessage& error);

/// The same for a quote from an error queue, which lacks the quoted IP header (and for UDP the UDP header). `extension`
/// is the offset of the structure by the error's length field, as the kernel reports it. If it is 0, the structure is
/// searched at the legacy offset, for every length that the missing headers can have; `missing` is the shortest one in
/// bytes. The kernel does not report a length below 128 bytes either, so that smaller offsets are searched too, word by
/// word. In this search only a structure with a right checksum counts.
[[nodiscard]] IcmpExtensions extensions_of_quote(std::span<const std::uint8_t> quoted, std::size_t extension,
                                                 std::size_t missing);

}  // namespace multiping::packet
