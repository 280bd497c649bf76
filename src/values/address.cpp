// Strict parsing and canonical text of IPv4 and IPv6 addresses, and their hash.
// Written by hand: inet_pton(3) needs a terminated copy, and getaddrinfo(3) accepts "10.1". See multiping/address.hpp.
#include "multiping/address.hpp"

#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <ostream>
#include <system_error>

namespace multiping {
namespace {

using Octets4 = std::array<std::uint8_t, 4>;
using Octets16 = std::array<std::uint8_t, 16>;

constexpr std::size_t longest_v4 = 15;         // 255.255.255.255
constexpr std::size_t longest_v6 = 45;         // ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
constexpr std::size_t longest_group = 4;       // hexadecimal digits
constexpr std::ptrdiff_t longest_octet = 3;    // decimal digits
constexpr std::size_t v4_part = 4, group = 2;  // octets

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The value of a hexadecimal digit; 16 for any other character.
constexpr unsigned hex_value(char c) noexcept {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 16;
}

bool skip(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// Reads the digits of an octet from `at` on, and moves `at` after them. -1 where there is none; a leading zero is
/// refused, since some programs read such an octet as octal.
int take_octet(const char*& at, const char* end) noexcept {
  const char* const first = at;
  int value = 0;
  while (at != end && is_digit(*at) && at - first < longest_octet) value = value * 10 + (*at++ - '0');
  const auto digits = at - first;
  return digits == 0 || value > 255 || (digits > 1 && *first == '0') ? -1 : value;
}

/// Lists have millions of these.
std::optional<Octets4> parse_v4(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  Octets4 octets{};
  for (std::uint8_t& octet : octets) {
    if (&octet != octets.data() && (at == end || *at++ != '.')) return std::nullopt;
    const int value = take_octet(at, end);
    if (value < 0) return std::nullopt;
    octet = static_cast<std::uint8_t>(value);
  }
  if (at != end) return std::nullopt;
  return octets;
}

std::optional<std::uint16_t> take_group(std::string_view& text) noexcept {
  unsigned value = 0;
  std::size_t digits = 0;
  for (; digits < std::min(text.size(), longest_group) && hex_value(text[digits]) < 16; ++digits) {
    value = value * 16 + hex_value(text[digits]);
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<std::uint16_t>(value);
}

/// The octets of IPv6 text while it is being read.
struct Ipv6Draft {
  Octets16 octets{};
  std::size_t length = 0;            // octets written
  std::optional<std::size_t> gap{};  // octets before "::"; none: the text has no "::"

  bool append_v4(std::string_view text) noexcept {
    const auto tail = parse_v4(text);
    if (!tail || length + v4_part > octets.size()) return false;
    std::copy(tail->begin(), tail->end(), octets.data() + length);
    length += v4_part;
    return true;
  }

  bool append_group(std::uint16_t value) noexcept {
    if (length + group > octets.size()) return false;
    octets[length++] = static_cast<std::uint8_t>(value >> 8);
    octets[length++] = static_cast<std::uint8_t>(value & 0xff);
    return true;
  }

  /// Moves the octets after "::" to the end. "::" stands for at least one group (RFC 4291 section 2.2).
  bool close_gap() noexcept {
    if (!gap) return length == octets.size();
    if (length + group > octets.size()) return false;
    const auto written = octets.data() + length;
    std::move_backward(octets.data() + *gap, written, octets.data() + octets.size());
    std::fill_n(octets.data() + *gap, octets.size() - length, std::uint8_t{0});
    return true;
  }
};

/// Takes ":" or "::" between two groups, or "::" at the end.
bool take_colons(std::string_view& text, Ipv6Draft& draft) noexcept {
  if (!skip(text, ':')) return false;
  if (!skip(text, ':')) return !text.empty();
  if (draft.gap) return false;
  draft.gap = draft.length;
  return true;
}

bool read_v6(std::string_view text, Ipv6Draft& draft) noexcept {
  if (text.starts_with("::")) {
    draft.gap = 0;
    text.remove_prefix(2);
  } else if (text.empty()) {
    return false;
  }
  while (!text.empty()) {
    const auto here = text;
    const auto value = take_group(text);
    if (!value) return false;
    if (!text.empty() && text.front() == '.') return draft.append_v4(here) && draft.close_gap();
    if (!draft.append_group(*value)) return false;
    if (!text.empty() && !take_colons(text, draft)) return false;
  }
  return draft.close_gap();
}

std::optional<std::uint32_t> zone_number(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number == 0) return std::nullopt;
  return number;
}

/// Tries the name of an interface before a number, so that the text of to_string() is read back correctly even when an
/// interface is called "7".
std::optional<std::uint32_t> zone_index(std::string_view zone) noexcept {
  if (zone.empty()) return std::nullopt;
  // The kernel would take "eth0:1" for "eth0".
  const bool may_be_name = zone.size() < IF_NAMESIZE && zone.find(':') == zone.npos && zone.find('\0') == zone.npos;
  if (may_be_name) {
    std::array<char, IF_NAMESIZE> name{};
    std::copy(zone.begin(), zone.end(), name.begin());
    if (const auto index = ::if_nametoindex(name.data()); index != 0) return index;
  }
  return zone_number(zone);
}

bool is_v4_mapped(const Octets16& octets) noexcept {
  constexpr Octets16 prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(octets.data(), prefix.data(), 12) == 0;
}

template <class Number>
void append_number(std::string& text, Number number, int base) {
  std::array<char, 10> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  text.append(digits.data(), end);
}

std::string v4_text(std::span<const std::uint8_t> octets) {
  std::array<char, longest_v4 + 1> text{};
  char* end = text.data();
  for (const unsigned octet : octets) {
    if (octet >= 100) *end++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *end++ = static_cast<char>('0' + octet / 10 % 10);
    *end++ = static_cast<char>('0' + octet % 10);
    *end++ = '.';
  }
  return {text.data(), end - 1};
}

using Groups = std::array<unsigned, 8>;

Groups groups_of(std::span<const std::uint8_t> octets) noexcept {
  Groups groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = octets[2 * i] * 256U + octets[2 * i + 1];
  return groups;
}

struct ZeroRun {
  std::size_t start = 0, length = 0;
  [[nodiscard]] std::size_t end() const noexcept { return start + length; }
};

/// The longest run of zero groups, or the first of equal length; no run of a single group (RFC 5952 section 4.2).
ZeroRun run_to_shorten(const Groups& groups) noexcept {
  ZeroRun longest{}, run{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    run = groups[i] != 0 ? ZeroRun{i + 1, 0} : ZeroRun{run.start, run.length + 1};
    if (run.length > longest.length) longest = run;
  }
  return longest.length > 1 ? longest : ZeroRun{};
}

std::string v6_text(std::span<const std::uint8_t> octets) {
  const auto groups = groups_of(octets);
  const auto run = run_to_shorten(groups);
  std::string text;
  text.reserve(longest_v6);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (run.length > 0 && i == run.start) {
      text += "::";
      i = run.end();
      if (i == groups.size()) break;
    } else if (i > 0) {
      text += ':';
    }
    append_number(text, groups[i], 16);
  }
  return text;
}

void append_zone(std::string& text, std::uint32_t scope_id) {
  text += '%';
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(scope_id, name.data()) != nullptr) {
    text += name.data();
  } else {
    append_number(text, scope_id, 10);
  }
}

constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15U;
  return value ^ (value >> 29);
}

}  // namespace

std::string_view to_string(Family family) noexcept {
  switch (family) {
    case Family::any:
      return "any";
    case Family::ipv4:
      return "ipv4";
    case Family::ipv6:
      return "ipv6";
  }
  return "unknown";
}

std::optional<Address> Address::parse(std::string_view text) noexcept {
  if (const auto octets = parse_v4(text)) return v4(*octets);
  const auto percent = text.find('%');
  const auto numbers = text.substr(0, percent);
  if (numbers.size() > longest_v6) return std::nullopt;
  Ipv6Draft draft;
  if (!read_v6(numbers, draft)) return std::nullopt;
  if (percent == text.npos) return v6(draft.octets);
  if (is_v4_mapped(draft.octets)) return std::nullopt;
  const auto zone = zone_index(text.substr(percent + 1));
  if (!zone) return std::nullopt;
  return v6(draft.octets, *zone);
}

Address Address::v4(std::array<std::uint8_t, 4> octets) noexcept {
  Address address;
  address.family_ = Family::ipv4;
  std::copy(octets.begin(), octets.end(), address.bytes_.begin());
  return address;
}

Address Address::v6(std::array<std::uint8_t, 16> octets, std::uint32_t scope_id) noexcept {
  if (is_v4_mapped(octets)) return v4({octets[12], octets[13], octets[14], octets[15]});
  Address address;
  address.family_ = Family::ipv6;
  address.bytes_ = octets;
  address.scope_id_ = scope_id;
  return address;
}

std::string Address::to_string() const {
  if (family_ == Family::any) return {};
  if (family_ == Family::ipv4) return v4_text(bytes());
  auto text = v6_text(bytes());
  if (scope_id_ != 0) append_zone(text, scope_id_);
  return text;
}

std::ostream& operator<<(std::ostream& out, const Address& address) { return out << address.to_string(); }

}  // namespace multiping

std::size_t std::hash<multiping::Address>::operator()(const multiping::Address& address) const noexcept {
  std::array<std::uint64_t, 2> halves{};
  static_assert(sizeof halves == sizeof address.bytes_);
  std::memcpy(halves.data(), address.bytes_.data(), sizeof halves);
  const auto rest = (std::uint64_t{address.scope_id_} << 8) | static_cast<std::uint64_t>(address.family_);
  return static_cast<std::size_t>(multiping::mix(multiping::mix(multiping::mix(halves[0]) + halves[1]) + rest));
}
