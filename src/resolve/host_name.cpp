// Sorts texts into addresses, names and neither, before anything is asked of a resolver.
// inet_aton(3) itself says what it would take, so that the rule cannot differ from it.
#include "resolve/host_name.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace multiping::resolver {
namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

bool may_stand_in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         !is_ascii(c);
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

/// `text` is no longer than a name.
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

}  // namespace

Host read_host(std::string_view text) noexcept {
  if (const auto address = Address::parse(text)) return {HostText::address, *address};
  return {is_name(text) ? HostText::name : HostText::neither, {}};
}

bool is_host_name(std::string_view text) noexcept {
  return read_host(text).kind == HostText::name && std::all_of(text.begin(), text.end(), is_ascii);
}

}  // namespace multiping::resolver
