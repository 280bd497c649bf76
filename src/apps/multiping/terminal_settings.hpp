// What the environment and the terminal say about how text for people shall look.
// Reads variables, the locale and the terminal; the rest takes the values as arguments.
#pragma once

#include <cstddef>

#include "apps/multiping/line_colours.hpp"
#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/screen_cell_text.hpp"

namespace multiping::command {

/// By LC_ALL, LC_CTYPE and LANG.
[[nodiscard]] CharacterSet character_set();
/// The columns of the terminal that a stream leads to; 80 where there is none.
[[nodiscard]] std::size_t terminal_columns(const Output& output);
/// Whether lines of this stream get colours.
[[nodiscard]] bool colors_for(const CommandOptions& options, const Output& output);

}  // namespace multiping::command
