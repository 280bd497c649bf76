// What --watch shows, as lines of text with colours: title, headings, hosts, keys. Only visible hosts are looked at.
// Pure; curses_terminal brings it to the screen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/multiping/line_colours.hpp"
#include "apps/multiping/screen_cell_text.hpp"
#include "apps/multiping/watch_model.hpp"

namespace multiping::command {

struct FrameSpan {
  std::string text{};
  Ink ink = Ink::plain;
};
using FrameLine = std::vector<FrameSpan>;

struct ScreenSize {
  std::size_t columns = 80, rows = 24;
};

/// What the title tells beside the model.
struct WatchFacts {
  ScreenSize size{};
  CharacterSet set{};
  Duration elapsed{};
  std::uint64_t sent = 0;
};

/// At most `size.rows` lines, none of them wider than `size.columns`. Scrolls the model where its lines do not fit.
[[nodiscard]] std::vector<FrameLine> watch_frame(WatchModel& model, const WatchFacts& facts);

}  // namespace multiping::command
