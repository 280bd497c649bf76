// See watch_layout.hpp.
#include "apps/multiping/watch_layout.hpp"

#include <algorithm>

namespace multiping::command {
namespace {

constexpr std::size_t least_host = 10, most_host = 48, least_history = 8;
/// Of state, loss, last, mean, p99, jitter and history.
constexpr std::array<std::size_t, watch_columns> widths = {least_host, 7, 6, 8, 8, 8, 8, least_history};

}  // namespace

std::string_view heading_of(WatchColumn column) noexcept {
  constexpr std::array<std::string_view, watch_columns> names = {"HOST", "STATE", "LOSS %", "LAST",
                                                                 "MEAN", "P99",   "JITTER", "HISTORY"};
  return names[static_cast<std::size_t>(column)];
}

std::vector<LayoutColumn> layout_for(std::size_t columns, std::size_t longest_name) {
  const std::size_t wanted = std::clamp(longest_name, least_host, most_host);
  std::vector<LayoutColumn> layout = {{WatchColumn::host, std::min(columns, least_host)}};
  std::size_t used = layout.front().width;
  for (std::size_t at = 1; at < watch_columns; ++at) {
    if (used + 1 + widths[at] > columns) break;
    used += 1 + widths[at];
    layout.push_back({static_cast<WatchColumn>(at), widths[at]});
  }
  const std::size_t for_host = std::min(columns - used, wanted - std::min(wanted, layout.front().width));
  layout.front().width += for_host;
  used += for_host;
  if (layout.back().column == WatchColumn::history)
    layout.back().width += std::min(columns - used, ProbeHistory::most - least_history);
  return layout;
}

}  // namespace multiping::command
