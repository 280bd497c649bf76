// expand(): lists the addresses of a prefix or a range. See multiping/target.hpp.
// Refuses a block of more than 2^24 addresses before it allocates memory.
#include "multiping/target.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include "multiping/result.hpp"

namespace multiping {
namespace {

constexpr unsigned most_host_bits = 24;
constexpr std::uint64_t most_addresses = std::uint64_t{1} << most_host_bits;

/// The octets of an address as a number; IPv4 lies in the low half.
struct Number {
  std::uint64_t high = 0, low = 0;
};

/// A range of addresses. Both ends belong to it, and have the same family and zone.
struct Block {
  Address first{}, last{};
};

std::uint64_t read_half(std::span<const std::uint8_t> octets) noexcept {
  std::uint64_t value = 0;
  for (const auto octet : octets) value = (value << 8) | octet;
  return value;
}

void write_half(std::span<std::uint8_t> octets, std::uint64_t value) noexcept {
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet, value >>= 8) {
    *octet = static_cast<std::uint8_t>(value & 0xff);
  }
}

Number number_of(const Address& address) noexcept {
  const auto octets = address.bytes();
  if (octets.size() == 4) return {0, read_half(octets)};
  return {read_half(octets.first(8)), read_half(octets.last(8))};
}

/// The address with that number and with the family and zone of `like`.
Address address_of(Number number, const Address& like) noexcept {
  if (like.family() == Family::ipv4) {
    std::array<std::uint8_t, 4> octets{};
    write_half(octets, number.low);
    return Address::v4(octets);
  }
  std::array<std::uint8_t, 16> octets{};
  write_half(std::span{octets}.first(8), number.high);
  write_half(std::span{octets}.last(8), number.low);
  return Address::v6(octets, like.scope_id());
}

[[noreturn]] void refuse(std::string_view block, const std::string& reason) {
  throw std::invalid_argument{"address block " + printable(block) + ": " + reason};
}

[[noreturn]] void refuse_size(std::string_view block) {
  refuse(block, "more than " + std::to_string(most_addresses) + " addresses");
}

/// Reads a number of digits only, without a leading zero.
std::optional<unsigned> parse_length(std::string_view text) noexcept {
  unsigned length = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || stop != end || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return length;
}

/// Refuses an IPv4-mapped IPv6 address: its prefix length could count bits of the IPv4 or of the IPv6 address.
Address prefix_address(std::string_view block, std::string_view text) {
  const auto address = Address::parse(text);
  if (!address) refuse(block, "not an address before the slash");
  if (address->family() == Family::ipv4 && text.find(':') != text.npos) refuse(block, "write it as an IPv4 prefix");
  return *address;
}

Block prefix_block(std::string_view block, std::size_t slash) {
  const auto address = prefix_address(block, block.substr(0, slash));
  const bool is_v4 = address.family() == Family::ipv4;
  const unsigned bits = is_v4 ? 32 : 128;
  const auto length = parse_length(block.substr(slash + 1));
  if (!length || *length > bits) refuse(block, "the prefix length must be 0 to " + std::to_string(bits));
  const unsigned host_bits = bits - *length;
  if (host_bits > most_host_bits) refuse_size(block);
  const auto mask = (std::uint64_t{1} << host_bits) - 1;
  auto [high, low] = number_of(address);
  const std::uint64_t ends = is_v4 && host_bits > 1 ? 1 : 0;  // leaves out the network and the broadcast address
  return {address_of({high, (low & ~mask) + ends}, address), address_of({high, (low | mask) - ends}, address)};
}

/// Tries every hyphen as the separator of the ends, since the name of a zone may contain hyphens.
std::optional<Block> split_range(std::string_view block) noexcept {
  for (auto hyphen = block.find('-'); hyphen != block.npos; hyphen = block.find('-', hyphen + 1)) {
    const auto first = Address::parse(block.substr(0, hyphen));
    const auto last = Address::parse(block.substr(hyphen + 1));
    if (first && last) return Block{*first, *last};
  }
  return std::nullopt;
}

Block range_block(std::string_view block) {
  const auto range = split_range(block);
  if (!range) refuse(block, "not an address, a prefix or a range of addresses");
  if (range->first.family() != range->last.family()) refuse(block, "its ends are of different families");
  if (range->first.scope_id() != range->last.scope_id()) refuse(block, "its ends are of different zones");
  if (range->last < range->first) refuse(block, "its ends are in the wrong order");
  return *range;
}

Block parse_block(std::string_view block) {
  if (const auto address = Address::parse(block)) return {*address, *address};
  const auto slash = block.find('/');
  return slash != block.npos ? prefix_block(block, slash) : range_block(block);
}

/// How many addresses follow `first` up to and including `last`; std::nullopt when there are too many to count.
std::optional<std::uint64_t> distance(Number first, Number last) noexcept {
  const auto borrow = last.low < first.low ? 1U : 0U;
  if (last.high - first.high != borrow) return std::nullopt;
  return last.low - first.low;
}

}  // namespace

std::vector<Address> expand(std::string_view block) {
  const auto [first, last] = parse_block(block);
  auto number = number_of(first);
  const auto further = distance(number, number_of(last));
  if (!further || *further >= most_addresses) refuse_size(block);
  std::vector<Address> addresses;
  addresses.reserve(static_cast<std::size_t>(*further) + 1);
  for (std::uint64_t i = 0; i <= *further; ++i) {
    addresses.push_back(address_of(number, first));
    if (++number.low == 0) ++number.high;
  }
  return addresses;
}

}  // namespace multiping
