// Fuzzes ICMP extensions. Input: a byte of choices, a byte for the length field (or the kernel's offset, in words), a
// byte for how many bytes of quote come first, then a structure. If the choices say so, its checksum is made right, so
// that the fuzzer passes that check. Every result is bounded, and an error and its quote give the same.
#include "packet/icmp_extension.hpp"

#include <algorithm>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/reader.hpp"

namespace {

namespace packet = multiping::packet;
using multiping::Family;
using multiping::fuzz::Bytes;
using multiping::fuzz::require;

constexpr unsigned choice_ipv6 = 1, choice_right_checksum = 2, choice_udp = 4, choice_other_type = 8;

void check(const packet::IcmpExtensions& extensions) {
  require(extensions.mpls.size() <= packet::most_labels);
  require(extensions.interfaces.size() <= packet::most_interfaces);
  for (const auto& label : extensions.mpls) require(label.label < 1U << 20 && label.traffic_class < 8);
  for (const auto& interface : extensions.interfaces) {
    require(interface.name.size() < 64 && interface.name.find('\0') == std::string::npos);
    require(interface.role <= multiping::InterfaceInfo::Role::next_hop);
  }
}

void make_checksum_right(std::vector<std::uint8_t>& structure) {
  if (structure.size() < 4) return;
  structure[2] = structure[3] = 0;
  const auto checksum = packet::internet_checksum(structure);
  structure[2] = static_cast<std::uint8_t>(checksum >> 8);
  structure[3] = static_cast<std::uint8_t>(checksum);
}

packet::IcmpMessage error_of(unsigned choices, std::uint8_t length, Bytes body) {
  const bool ipv6 = (choices & choice_ipv6) != 0;
  const auto type = ipv6 ? packet::icmpv6::time_exceeded : packet::icmpv4::time_exceeded;
  packet::IcmpMessage error{.type = (choices & choice_other_type) != 0 ? std::uint8_t{2} : type, .body = body};
  error.word1 = ipv6 ? static_cast<std::uint16_t>(length << 8) : length;
  return error;
}

// When the checksum must be right, the structure gives the same as without this demand, or nothing.
void as_structure(Bytes structure) {
  const auto strict = packet::parse_icmp_extensions(structure, true);
  const auto loose = packet::parse_icmp_extensions(structure, false);
  if (strict) require(loose && *strict == *loose);
  if (loose) check(*loose);
}

// The length field of a whole error and the kernel's offset in its quote, without the IP header, give the same result.
void as_error(unsigned choices, std::uint8_t length, Bytes body) {
  const bool ipv6 = (choices & choice_ipv6) != 0;
  const auto found = packet::extensions_of(ipv6 ? Family::ipv6 : Family::ipv4, error_of(choices, length, body));
  check(found);
  if ((choices & choice_other_type) != 0) {
    require(found == packet::IcmpExtensions{});
    return;
  }
  const std::size_t header = ipv6 ? 40 : 20;
  const auto claimed = std::size_t{length} * (ipv6 ? 8U : 4U);
  if (claimed < 128 || claimed + 4 > body.size()) return;
  require(packet::extensions_of_quote(body.subspan(header), claimed - header, header) == found);
}

void as_quote(unsigned choices, std::size_t extension, Bytes quoted) {
  const std::size_t header = (choices & choice_ipv6) != 0 ? 40 : 20;
  const auto missing = header + ((choices & choice_udp) != 0 ? 8U : 0U);
  check(packet::extensions_of_quote(quoted, extension, missing));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  packet::Reader reader{Bytes{data, size}};
  const unsigned choices = reader.u8();
  const auto length = reader.u8();
  const std::size_t quote_size = reader.u8();
  if (!reader.ok()) return 0;
  const auto rest = reader.rest();
  std::vector<std::uint8_t> structure(rest.begin(), rest.end());
  if ((choices & choice_right_checksum) != 0) make_checksum_right(structure);
  as_structure(structure);

  std::vector<std::uint8_t> body(quote_size, 0x5a);
  body.insert(body.end(), structure.begin(), structure.end());
  as_error(choices, length, body);
  as_quote(choices, 0, body);
  as_quote(choices, std::size_t{length} * 4, body);
  return 0;
}
