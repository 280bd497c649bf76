// Calls inet_aton(3) itself to find out which texts it takes, so that the rule cannot differ from it.
// See host_name_syntax.hpp.
#include "base/host_name_syntax.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>

namespace multiping {
namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_prefix = 3, longest_port = 5;  // digits

bool is_ascii_octet(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

bool may_stand_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         !is_ascii_octet(c);
}

bool is_label(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_label && std::all_of(text.begin(), text.end(), may_stand_in_name);
}

bool are_labels(std::string_view text) noexcept {
  for (auto dot = text.find('.'); dot != text.npos; dot = text.find('.')) {
    if (!is_label(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_label(text);
}

/// Whether inet_aton(3) takes `text`, which is no longer than a name.
bool is_loose_address(std::string_view text) noexcept {
  std::array<char, longest_name + 1> terminated{};
  std::copy(text.begin(), text.end(), terminated.begin());
  in_addr address{};
  return ::inet_aton(terminated.data(), &address) != 0;
}

bool is_name(std::string_view text) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);
  return text.size() <= longest_name && are_labels(text) && !is_loose_address(text);
}

bool is_number(std::string_view text, std::size_t digits) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= digits && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_prefix(std::string_view text, std::size_t slash) noexcept {
  const auto size = text.substr(slash + 1);
  return Address::parse(text.substr(0, slash)) && (is_number(size, longest_prefix) || Address::parse(size));
}

bool is_range(std::string_view text, std::size_t dash) noexcept {
  return Address::parse(text.substr(0, dash)) && Address::parse(text.substr(dash + 1));
}

bool is_block(std::string_view text) noexcept {
  const auto at = text.find_first_of("/-");
  return at != text.npos && (text[at] == '/' ? is_prefix(text, at) : is_range(text, at));
}

bool is_bracketed_address(std::string_view text) noexcept {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  const auto address = Address::parse(text.substr(1, text.size() - 2));
  return address && address->family() == Family::ipv6;
}

bool has_port(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_number(text.substr(colon + 1), longest_port)) return false;
  const auto host = text.substr(0, colon);
  const auto address = Address::parse(host);
  return (address && address->family() == Family::ipv4) || is_bracketed_address(host) || is_name(host);
}

}  // namespace

Host read_host(std::string_view text) noexcept {
  if (const auto address = Address::parse(text)) return {HostText::address, *address};
  if (is_block(text)) return {HostText::block, {}};
  if (is_name(text)) return {HostText::name, {}};
  return {has_port(text) ? HostText::with_port : HostText::neither, {}};
}

bool has_unknown_zone(std::string_view text) noexcept {
  const auto percent = text.find('%');
  if (percent == text.npos) return false;
  const std::string_view zone = text.substr(percent + 1);
  const bool may_be_interface =
      !zone.empty() && zone.size() < IF_NAMESIZE && zone.find_first_of(std::string_view{"/:% \t\n\0", 7}) == zone.npos;
  const auto address = Address::parse(text.substr(0, percent));
  return may_be_interface && address && address->family() == Family::ipv6 && !Address::parse(text);
}

bool is_host_name(std::string_view text) noexcept {
  return read_host(text).kind == HostText::name && std::all_of(text.begin(), text.end(), is_ascii_octet);
}

}  // namespace multiping
