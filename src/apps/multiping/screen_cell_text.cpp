// Decodes UTF-8 by itself, since the functions of the C library depend on the locale of the process.
// See screen_cell_text.hpp.
#include "apps/multiping/screen_cell_text.hpp"

#include <algorithm>
#include <array>

namespace multiping::command {
namespace {

struct Character {
  char32_t code = 0;       ///< 0: no UTF-8 (RFC 3629).
  std::size_t length = 1;  ///< In bytes.
};

constexpr unsigned byte_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

/// Decodes the first character of a text that is not empty.
Character first_of(std::string_view text) noexcept {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return {.code = first};
  const std::size_t length = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 0) return {};
  char32_t code = first & (0x7fU >> length);
  for (std::size_t at = 1; at < length; ++at) {
    const unsigned next = byte_at(text, at);
    if ((next & 0xc0U) != 0x80U) return {};
    code = code << 6U | (next & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {.code = code, .length = length};
}

struct Range {
  char32_t first = 0, last = 0;
};

template <std::size_t Count>
constexpr bool is_in(char32_t code, const std::array<Range, Count>& ranges) noexcept {
  return std::ranges::any_of(ranges, [=](Range range) { return code >= range.first && code <= range.last; });
}

/// Characters of no width, and marks that turn the direction of the text after them.
constexpr std::array<Range, 9> no_width = {{{0xad, 0xad},
                                            {0x300, 0x36f},
                                            {0x61c, 0x61c},
                                            {0x200b, 0x200f},
                                            {0x2028, 0x202e},
                                            {0x2060, 0x206f},
                                            {0xfe00, 0xfe0f},
                                            {0xfeff, 0xfeff},
                                            {0xe0000, 0xe0fff}}};
/// East Asian wide and full-width characters (Unicode, annex 11), and pictures.
constexpr std::array<Range, 9> two_columns = {{{0x1100, 0x115f},
                                               {0x2e80, 0xa4cf},
                                               {0xac00, 0xd7a3},
                                               {0xf900, 0xfaff},
                                               {0xfe30, 0xfe6f},
                                               {0xff00, 0xff60},
                                               {0xffe0, 0xffe6},
                                               {0x1f300, 0x1faff},
                                               {0x20000, 0x3fffd}}};

constexpr bool is_control(char32_t code) noexcept { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

constexpr std::size_t width_of(char32_t code) noexcept {
  return is_in(code, no_width) ? 0 : is_in(code, two_columns) ? 2 : 1;
}

/// The first part of a text that takes at most `width` columns.
std::string_view cut(std::string_view text, std::size_t width) noexcept {
  std::size_t at = 0, columns = 0;
  while (at < text.size()) {
    const Character character = first_of(text.substr(at));
    columns += width_of(character.code);
    if (columns > width) break;
    at += character.length;
  }
  return text.substr(0, at);
}

/// The text and, at its end, the mark that something is missing; as wide as `width` or one column less.
std::string shortened(std::string_view text, std::size_t width, CharacterSet set) {
  if (width == 0) return {};
  return std::string{cut(text, width - 1)} + (set.utf8 ? "…" : "~");
}

std::string spaces_for(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, columns_of(text)), ' ');
}

}  // namespace

std::string cell_text(std::string_view text, CharacterSet set) {
  std::string cell;
  while (!text.empty()) {
    const Character character = first_of(text);
    const bool shown = !is_control(character.code) && (set.utf8 || character.code < 0x80);
    if (!shown) {
      cell += '?';
    } else if (width_of(character.code) > 0) {
      cell += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return cell;
}

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    columns += width_of(character.code);
    text.remove_prefix(character.length);
  }
  return columns;
}

std::string fit_left(std::string_view text, std::size_t width, CharacterSet set) {
  const std::string fitting = columns_of(text) > width ? shortened(text, width, set) : std::string{text};
  return fitting + spaces_for(fitting, width);
}

std::string fit_right(std::string_view text, std::size_t width, CharacterSet set) {
  const std::string fitting = columns_of(text) > width ? shortened(text, width, set) : std::string{text};
  return spaces_for(fitting, width) + fitting;
}

std::string bar_text(std::size_t eighths, CharacterSet set) {
  if (!set.utf8) return std::string((eighths + 4) / 8, '#');
  constexpr std::array<std::string_view, 8> parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string bar;
  for (std::size_t full = 0; full < eighths / 8; ++full) bar += "█";
  return bar.append(parts[eighths % 8]);
}

std::string_view level_text(std::size_t level, CharacterSet set) noexcept {
  constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<std::string_view, 9> ascii = {" ", "_", "_", ".", "-", "-", "=", "*", "#"};
  const std::size_t at = std::min<std::size_t>(level, 8);
  return set.utf8 ? blocks[at] : ascii[at];
}

}  // namespace multiping::command
