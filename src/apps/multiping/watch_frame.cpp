// See watch_frame.hpp.
#include "apps/multiping/watch_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "apps/multiping/fping_text.hpp"
#include "apps/multiping/watch_layout.hpp"

namespace multiping::command {
namespace {

/// The line cut or filled to the width of the screen, in one colour.
FrameLine whole_line(std::string_view text, Ink ink, const WatchFacts& facts) {
  return {{fit_left(text, facts.size.columns, facts.set), ink}};
}

std::string elapsed_text(Duration time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).count();
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

FrameLine title_line(const WatchModel& model, const WatchFacts& facts) {
  std::string text = model.paused() ? "PAUSED " : "";
  text += fmt::format("{} up", model.count(HostState::up));
  for (const HostState state : {HostState::down, HostState::lost, HostState::failing, HostState::not_found})
    if (model.count(state) > 0) text += fmt::format(", {} {}", model.count(state), to_string(state));
  text += fmt::format(" of {}  {}  {} probes", model.size(), elapsed_text(facts.elapsed), facts.sent);
  if (!model.filter().empty()) text += fmt::format("  /{}", cell_text(model.filter(), facts.set));
  if (model.only_trouble()) text += "  not up";
  return whole_line(text, Ink::inverse, facts);
}

bool is_left(WatchColumn column) noexcept {
  return column == WatchColumn::host || column == WatchColumn::state || column == WatchColumn::history;
}

std::string cell(const LayoutColumn& column, std::string_view text, CharacterSet set) {
  return is_left(column.column) ? fit_left(text, column.width, set) : fit_right(text, column.width, set);
}

FrameLine headings_line(const WatchModel& model, const std::vector<LayoutColumn>& layout, const WatchFacts& facts) {
  FrameLine line;
  for (const LayoutColumn& column : layout) {
    if (!line.empty()) line.push_back({" "});
    const bool sorted = model.sorted_by() == column.column;
    line.push_back({cell(column, heading_of(column.column), facts.set), sorted ? Ink::inverse : Ink::strong});
  }
  return line;
}

Ink ink_of(HostState state) noexcept {
  switch (state) {
    case HostState::up:
      return Ink::good;
    case HostState::lost:
      return Ink::warning;
    case HostState::waiting:
      return Ink::plain;
    default:
      return Ink::bad;
  }
}

std::string time_cell(Duration time) { return time.count() < 0 ? "-" : time_text(time); }

std::string loss_cell(double loss) {
  if (loss < 0) return "-";
  return loss == 0 ? "0" : fmt::format("{:.3g}", loss * 100);
}

/// From 1 to 8. Times that differ by less than a quarter are near each other in the picture too.
std::size_t level_of(Duration time, Duration least, Duration most) noexcept {
  const auto range = static_cast<double>(std::max(most - least, most / 4).count());
  const double share = range > 0 ? static_cast<double>((time - least).count()) / range : 0;
  return 1 + static_cast<std::size_t>(std::lround(share * 7));
}

/// The last probes that fit: their height is the time, between the least and the greatest time shown.
FrameLine history_spans(const ProbeHistory& history, std::size_t width, CharacterSet set) {
  const std::size_t shown = std::min(width, history.size()), first = history.size() - shown;
  Duration least = Duration::max(), most{};
  for (std::size_t at = first; at < history.size(); ++at) {
    if (history[at].count() < 0) continue;
    least = std::min(least, history[at]);
    most = std::max(most, history[at]);
  }
  FrameLine spans;
  for (std::size_t at = first; at < history.size(); ++at) {
    const bool lost = history[at].count() < 0;
    const Ink ink = lost ? Ink::bad : Ink::plain;
    const std::size_t level = lost ? 0 : level_of(history[at], least, most);
    const std::string_view sign = lost ? (set.utf8 ? "×" : "x") : level_text(level, set);
    if (spans.empty() || spans.back().ink != ink) spans.push_back({"", ink});
    spans.back().text += sign;
  }
  return spans;
}

std::string text_of(WatchColumn column, const WatchRow& row, const std::string& name) {
  switch (column) {
    case WatchColumn::host:
      return name;
    case WatchColumn::state:
      return std::string{to_string(row.state)};
    case WatchColumn::loss:
      return loss_cell(row.loss);
    case WatchColumn::last:
      return time_cell(row.last);
    case WatchColumn::mean:
      return time_cell(row.mean);
    case WatchColumn::p99:
      return time_cell(row.p99);
    default:
      return time_cell(row.jitter);
  }
}

FrameLine host_line(const WatchRow& row, const std::string& name, const std::vector<LayoutColumn>& layout,
                    CharacterSet set) {
  FrameLine line;
  for (const LayoutColumn& column : layout) {
    if (!line.empty()) line.push_back({" "});
    if (column.column == WatchColumn::history) {
      for (FrameSpan& span : history_spans(row.history, column.width, set)) line.push_back(std::move(span));
      continue;
    }
    const bool lossy = column.column == WatchColumn::loss && row.loss > 0;
    const Ink ink = column.column == WatchColumn::state ? ink_of(row.state) : lossy ? Ink::warning : Ink::plain;
    line.push_back({cell(column, text_of(column.column, row, name), set), ink});
  }
  return line;
}

constexpr std::array<std::string_view, 11> help_lines = {
    "q        ends, with a summary",
    "1 to 7   sorts by a column: host, state, loss, last, mean, p99, jitter",
    "0        the order of the list",
    "< >      sorts by the next column (also: left, right)",
    "r        reverses the order",
    "/        shows hosts whose name has a text; Enter keeps it, Esc drops it",
    "d        shows only hosts that are not up",
    "p        stops the picture, not the probes; again: goes on (also: space)",
    "j k      scrolls by a line (also: down, up)",
    "f b      scrolls by a page; g G: to the first, to the last",
    "h        this help; any key leaves it. Times are in ms",
};

FrameLine footer_line(const WatchModel& model, const WatchFacts& facts) {
  if (model.typing()) return whole_line("/" + cell_text(model.filter(), facts.set) + "_", Ink::strong, facts);
  const std::size_t shown = model.shown().size();
  const std::string where =
      shown == 0 ? "none"
                 : fmt::format("{}-{}/{}", model.top() + 1, std::min(shown, model.top() + facts.size.rows - 3), shown);
  return whole_line(fmt::format("q end  h help  {}  / filter  p pause  1-7 sort  r reverse  d not up", where),
                    Ink::faint, facts);
}

}  // namespace

std::vector<FrameLine> watch_frame(WatchModel& model, const WatchFacts& facts) {
  const std::size_t rows = facts.size.rows;
  std::vector<FrameLine> lines;
  if (rows == 0 || facts.size.columns == 0) return lines;
  const bool headings = rows >= 3, footer = rows >= 4;
  const std::size_t room = rows - 1 - (headings ? 1 : 0) - (footer ? 1 : 0);
  model.fit(room);
  lines.push_back(title_line(model, facts));
  const std::vector<LayoutColumn> layout = layout_for(facts.size.columns, model.longest_name());
  if (headings)
    lines.push_back(model.help() ? whole_line("KEYS", Ink::strong, facts) : headings_line(model, layout, facts));
  for (std::size_t at = 0; at < room; ++at) {
    const std::size_t host = model.top() + at;
    if (model.help()) {
      lines.push_back(whole_line(at < help_lines.size() ? help_lines[at] : "", Ink::plain, facts));
    } else if (host < model.shown().size()) {
      const std::size_t index = model.shown()[host];
      lines.push_back(host_line(model.row(index), model.name(index), layout, facts.set));
    } else {
      lines.emplace_back();
    }
  }
  if (footer) lines.push_back(footer_line(model, facts));
  return lines;
}

}  // namespace multiping::command
