// Text for cells of a screen: how many columns it takes, and text of just so many columns.
// Pure. Names of hosts are untrusted: what would move the cursor or turn the direction of writing never comes through.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace multiping::command {

/// What a terminal and its locale can show.
struct CharacterSet {
  bool utf8 = true;  ///< False: ASCII alone.
};

/// `text` without what a cell cannot hold: bytes that are not UTF-8 and control characters become '?', characters
/// without a width (joiners, marks of direction) are left out; without UTF-8 each other character beyond ASCII is '?'.
[[nodiscard]] std::string cell_text(std::string_view text, CharacterSet set);

/// The columns that UTF-8 text takes on a terminal: two for East Asian wide characters.
[[nodiscard]] std::size_t columns_of(std::string_view text) noexcept;

/// `text` filled with spaces, or cut with a mark at its end ("…", or '~' in ASCII), so that it takes `width` columns.
[[nodiscard]] std::string fit_left(std::string_view text, std::size_t width, CharacterSet set);
/// The same with the spaces in front.
[[nodiscard]] std::string fit_right(std::string_view text, std::size_t width, CharacterSet set);

/// A bar of `eighths` / 8 columns: block elements, or '#' where half a column or more is filled.
[[nodiscard]] std::string bar_text(std::size_t eighths, CharacterSet set);
/// A column of `level` eighths of the height, from 0 (blank) to 8.
[[nodiscard]] std::string_view level_text(std::size_t level, CharacterSet set) noexcept;

}  // namespace multiping::command
