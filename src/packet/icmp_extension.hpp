// What routers append to ICMP errors: MPLS label stacks (RFC 4950) and interface information (RFC 5837), in the
// extension structure of RFC 4884. Pure; whatever is malformed gives nothing, never a guess.
// What is found is kept in vectors and strings: the parsers throw std::bad_alloc, and nothing else.
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

/// What is kept of one error, the first of each: more labels than 576 bytes hold, which is all that RFC 1812 allows an
/// error, and more interfaces than there are roles.
inline constexpr std::size_t most_labels = 128, most_interfaces = 16;

/// Parses an extension structure (RFC 4884 section 7), which begins with its header. Nothing when the version is not 2,
/// the checksum is wrong (zero stands for none, but for `checksum_required`), or an object's length is less than four
/// or more than what remains. Unknown objects are skipped, and so are known ones whose contents are malformed. Names of
/// interfaces are as they came, without their padding: who prints one has to see to control characters.
[[nodiscard]] std::optional<IcmpExtensions> parse_icmp_extensions(std::span<const std::uint8_t> structure,
                                                                  bool checksum_required);

/// The extensions of a whole ICMP error: where its length field says, or without one at the legacy offset of 128 bytes
/// (RFC 4884 section 5.5), where the checksum must be there and right. A length of less than 128 bytes, which no RFC
/// allows and some routers send, is tried first, with the same demand on the checksum; one that points outside counts
/// for none. Empty where there are none or they are malformed.
[[nodiscard]] IcmpExtensions extensions_of(Family family, const IcmpMessage& error);

/// The same of a quote from an error queue, which lacks the quoted IP header (and for UDP its header too). `extension`
/// is where the structure begins by the error's length field, as the kernel says; 0: look at the legacy offset, for any
/// length that the missing headers can have had: `missing` is the shortest. The kernel says nothing of a length below
/// 128 bytes either, so that a quote of less is looked for too, word by word: the checksum tells.
[[nodiscard]] IcmpExtensions extensions_of_quote(std::span<const std::uint8_t> quoted, std::size_t extension,
                                                 std::size_t missing);

}  // namespace multiping::packet
