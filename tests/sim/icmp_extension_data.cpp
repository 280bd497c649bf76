// Writes extension structures of RFC 4884 with the objects of RFC 4950 and RFC 5837.
// See icmp_extension_data.hpp.
#include "sim/icmp_extension_data.hpp"

#include <algorithm>

#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

constexpr std::uint8_t class_mpls = 1, class_interface = 2, class_unknown = 200;
constexpr std::uint8_t incoming_stack = 1;  // C-Type of an MPLS label stack
constexpr unsigned has_index = 0x08, has_address = 0x04, has_name = 0x02, has_mtu = 0x01;
constexpr std::size_t longest_name = 63;

void append32(Bytes& bytes, std::uint32_t value) {
  bytes.resize(bytes.size() + 4);
  put32(bytes, bytes.size() - 4, value);
}

// RFC 5837 section 4.2: an address family number, two reserved octets, the address.
void append_address(Bytes& bytes, const Address& address) {
  append32(bytes, address.family() == Family::ipv4 ? 0x00010000U : 0x00020000U);
  append(bytes, address.bytes());
}

// RFC 5837 section 4.3: an octet with the whole length, the name, zeros up to a multiple of four.
void append_name(Bytes& bytes, const std::string& name) {
  const std::size_t length = std::min(name.size(), longest_name);
  const std::size_t whole = (1 + length + 3) / 4 * 4;
  Bytes part(whole);
  part[0] = static_cast<std::uint8_t>(whole);
  std::copy_n(name.begin(), length, part.begin() + 1);
  append(bytes, part);
}

void append_object(Bytes& bytes, const ExtensionObject& object) {
  Bytes header(4);
  put16(header, 0, object.length.value_or(static_cast<std::uint16_t>(4 + object.body.size())));
  header[2] = object.class_number;
  header[3] = object.c_type;
  append(bytes, header);
  append(bytes, object.body);
}

}  // namespace

ExtensionObject mpls_object(const std::vector<MplsLabel>& stack) {
  ExtensionObject object{.class_number = class_mpls, .c_type = incoming_stack};
  for (const MplsLabel& entry : stack)
    append32(object.body, (entry.label << 12U) | (std::uint32_t{entry.traffic_class} << 9U) |
                              (entry.bottom_of_stack ? 0x100U : 0U) | entry.ttl);
  return object;
}

ExtensionObject interface_object(const InterfaceInfo& interface) {
  ExtensionObject object{.class_number = class_interface};
  unsigned type = static_cast<unsigned>(interface.role) << 6U;
  if (interface.index != 0) {
    type |= has_index;
    append32(object.body, interface.index);
  }
  if (interface.address) {
    type |= has_address;
    append_address(object.body, interface.address);
  }
  if (!interface.name.empty()) {
    type |= has_name;
    append_name(object.body, interface.name);
  }
  if (interface.mtu != 0) {
    type |= has_mtu;
    append32(object.body, interface.mtu);
  }
  object.c_type = static_cast<std::uint8_t>(type);
  return object;
}

ExtensionObject unknown_object(std::size_t body_size) {
  return {.class_number = class_unknown, .c_type = 7, .body = Bytes(body_size, 0xEE)};
}

Bytes extension_bytes(const IcmpExtensionData& extension) {
  Bytes bytes(4);
  bytes[0] = static_cast<std::uint8_t>(extension.version << 4U);
  for (const ExtensionObject& object : extension.objects) append_object(bytes, object);
  if (extension.checksum == IcmpExtensionData::Checksum::none) return bytes;
  put16(bytes, 2, internet_checksum(bytes));
  if (extension.checksum == IcmpExtensionData::Checksum::wrong) bytes[2] ^= 0x55U;
  return bytes;
}

std::uint8_t length_field(const IcmpExtensionData& extension, Family family) {
  if (extension.length_field) return *extension.length_field;
  if (extension.place == IcmpExtensionData::Place::legacy) return 0;
  return static_cast<std::uint8_t>(extension.quote_room / (family == Family::ipv4 ? 4 : 8));
}

}  // namespace multiping::test
