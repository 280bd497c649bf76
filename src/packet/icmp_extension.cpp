// Finds where the extensions of an ICMP error begin, although length fields may be missing or wrong, and parses them.
// See icmp_extension.hpp.
#include "packet/icmp_extension.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "packet/internet_checksum.hpp"
#include "packet/reader.hpp"

namespace multiping::packet {

namespace {

constexpr std::uint8_t version = 2;
constexpr std::size_t structure_header_size = 4, object_header_size = 4;
constexpr std::size_t least_quote = 128;  // bytes of a quote before an extension: RFC 4884 sections 4 and 5.5

// Objects: RFC 4950 section 3, RFC 5837 section 4.
constexpr std::uint8_t class_mpls = 1, c_type_label_stack = 1;
constexpr std::uint8_t class_interface = 2;
constexpr unsigned has_index = 0x08, has_address = 0x04, has_name = 0x02, has_mtu = 0x01;
constexpr std::size_t longest_name = 64;  // bytes, with its length octet

using Bytes = std::span<const std::uint8_t>;

MplsLabel label_of(std::uint32_t entry) noexcept {
  return {.label = entry >> 12,
          .traffic_class = static_cast<std::uint8_t>(entry >> 9 & 7U),
          .bottom_of_stack = (entry & 0x100U) != 0,
          .ttl = static_cast<std::uint8_t>(entry)};
}

void add_labels(std::vector<MplsLabel>& labels, Bytes stack) {
  if (stack.size() % sizeof(std::uint32_t) != 0) return;
  Reader reader{stack};
  while (reader.remaining() > 0 && labels.size() < most_labels) labels.push_back(label_of(reader.u32()));
}

// RFC 5837 section 4.2. Returns nothing for an unknown family: its length is not known either.
std::optional<Address> read_address(Reader& reader) noexcept {
  constexpr std::uint16_t family_ipv4 = 1, family_ipv6 = 2;
  const auto family = reader.u16();
  reader.skip(2);
  if (family == family_ipv4) return Address::v4(reader.octets<4>());
  if (family == family_ipv6) return Address::v6(reader.octets<16>());
  return std::nullopt;
}

// RFC 5837 section 4.3: the name is padded with zeros to a multiple of four bytes.
std::optional<std::string> read_name(Reader& reader) {
  const std::size_t length = reader.u8();
  if (length == 0 || length % 4 != 0 || length > longest_name) return std::nullopt;
  const auto padded = reader.bytes(length - 1);
  return std::string{padded.begin(), std::ranges::find(padded, 0)};
}

// Returns nothing when one of the parts that `c_type` announces is incomplete.
std::optional<InterfaceInfo> parse_interface(std::uint8_t c_type, Bytes parts) {
  Reader reader{parts};
  InterfaceInfo interface { .role = static_cast<InterfaceInfo::Role>(c_type >> 6) };
  if ((c_type & has_index) != 0) interface.index = reader.u32();
  if ((c_type & has_address) != 0) {
    const auto address = read_address(reader);
    if (!address) return std::nullopt;
    interface.address = *address;
  }
  if ((c_type & has_name) != 0) {
    auto name = read_name(reader);
    if (!name) return std::nullopt;
    interface.name = *std::move(name);
  }
  if ((c_type & has_mtu) != 0) interface.mtu = reader.u32();
  if (!reader.ok()) return std::nullopt;
  return interface;
}

void add_interface(std::vector<InterfaceInfo>& interfaces, std::uint8_t c_type, Bytes parts) {
  if (interfaces.size() == most_interfaces) return;
  if (auto interface = parse_interface(c_type, parts)) interfaces.push_back(*std::move(interface));
}

// Reads one object. Returns false when its length contradicts the structure.
bool read_object(Reader& reader, IcmpExtensions& extensions) {
  const std::size_t length = reader.u16();
  const auto class_number = reader.u8();
  const auto c_type = reader.u8();
  if (!reader.ok() || length < object_header_size) return false;
  const auto payload = reader.bytes(length - object_header_size);
  if (!reader.ok()) return false;
  if (class_number == class_mpls && c_type == c_type_label_stack) add_labels(extensions.mpls, payload);
  if (class_number == class_interface) add_interface(extensions.interfaces, c_type, payload);
  return true;
}

bool header_ok(Bytes structure, bool checksum_required) noexcept {
  Reader reader{structure};
  const auto version_and_reserved = reader.u16();
  const auto checksum = reader.u16();
  if (!reader.ok() || version_and_reserved >> 12 != version) return false;
  return checksum == 0 ? !checksum_required : internet_checksum(structure) == 0;
}

// Parses the structure at `offset`; returns nothing where there is no valid one.
std::optional<IcmpExtensions> extensions_at(Bytes bytes, std::size_t offset, bool checksum_required) {
  if (offset > bytes.size()) return std::nullopt;
  return parse_icmp_extensions(bytes.subspan(offset), checksum_required);
}

// Returns whether errors of this type have a length field (RFC 4884 section 4).
bool has_length_field(Family family, std::uint8_t type) noexcept {
  if (family == Family::ipv6) return type == icmpv6::destination_unreachable || type == icmpv6::time_exceeded;
  return family == Family::ipv4 && (type == icmpv4::destination_unreachable || type == icmpv4::time_exceeded ||
                                    type == icmpv4::parameter_problem);
}

// Returns the length of the quote in bytes. The fifth byte of an ICMPv6 error counts words of 64 bits, the sixth byte
// of an ICMPv4 error words of 32 bits.
std::size_t quote_length(Family family, const IcmpMessage& error) noexcept {
  return family == Family::ipv6 ? std::size_t{8} * (error.word1 >> 8) : std::size_t{4} * (error.word1 & 0xFFU);
}

}  // namespace

std::optional<IcmpExtensions> parse_icmp_extensions(Bytes structure, bool checksum_required) {
  if (!header_ok(structure, checksum_required)) return std::nullopt;
  Reader reader{structure};
  reader.skip(structure_header_size);
  IcmpExtensions extensions;
  while (reader.remaining() > 0) {
    if (!read_object(reader, extensions)) return std::nullopt;
  }
  return extensions;
}

IcmpExtensions extensions_of(Family family, const IcmpMessage& error) {
  if (!has_length_field(family, error.type)) return {};
  const auto length = quote_length(family, error);
  if (length > 0 && length + structure_header_size <= error.body.size()) {
    const bool compliant = length >= least_quote;
    auto found = extensions_at(error.body, length, !compliant);
    if (found || compliant) return std::move(found).value_or(IcmpExtensions{});
  }
  return extensions_at(error.body, least_quote, true).value_or(IcmpExtensions{});
}

IcmpExtensions extensions_of_quote(Bytes quoted, std::size_t extension, std::size_t missing) {
  if (extension != 0) return extensions_at(quoted, extension, false).value_or(IcmpExtensions{});
  if (missing > least_quote) return {};
  // The lengths of the quote and of all headers are multiples of four.
  for (auto offset = (least_quote - missing) / 4 * 4;; offset -= 4) {
    if (auto found = extensions_at(quoted, offset, true)) return *std::move(found);
    if (offset == 0) return {};
  }
}

}  // namespace multiping::packet
