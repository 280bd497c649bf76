// Keeps UTF-8 text as it is, since names may be international, and escapes control characters and other bytes.
// See multiping/result.hpp.
#include <algorithm>
#include <cstddef>

#include "multiping/result.hpp"

namespace multiping {
namespace {

using Byte = unsigned char;

bool is_control(Byte c) noexcept { return c < 0x20 || c == 0x7f; }
bool is_odd(Byte c) noexcept { return is_control(c) || c == ' ' || c == '"' || c == '\\'; }
bool is_continuation(char c) noexcept { return (static_cast<Byte>(c) & 0xc0U) == 0x80U; }

/// The length in bytes of a UTF-8 sequence (RFC 3629) that begins with `c`; 0: no sequence begins with `c`.
std::size_t length_after(Byte c) noexcept {
  if (c < 0x80) return 1;
  if (c < 0xc2 || c > 0xf4) return 0;
  return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/// The length in bytes of the first character of `text` when it may be written as it is; otherwise 0.
std::size_t plain_character(std::string_view text) noexcept {
  const auto first = static_cast<Byte>(text.front());
  const std::size_t length = length_after(first);
  if (length == 0 || length > text.size() || is_control(first)) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation)) return 0;
  const auto second = length < 2 ? Byte{0} : static_cast<Byte>(text[1]);
  const bool is_c1_control = first == 0xc2 && second < 0xa0;
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  return is_c1_control || is_overlong ? 0 : length;
}

void append_escaped(std::string& out, Byte c) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[c >> 4];
  out += digits[c & 0x0f];
}

/// True when `text` needs no quotes.
bool is_plain(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(length)) {
    length = plain_character(text);
    if (length == 0 || is_odd(static_cast<Byte>(text.front()))) return false;
  }
  return true;
}

}  // namespace

std::string printable(std::string_view text) {
  if (is_plain(text)) return std::string{text};
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = plain_character(text);
    if (text.front() == '"' || text.front() == '\\') out += '\\';
    if (length == 0)
      append_escaped(out, static_cast<Byte>(text.front()));
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out += '"';
}

}  // namespace multiping
