// After each change to a window or its lines, refresh() brings the set of ready windows up to date.
// See router_send_windows.hpp.
#include "engine/router_send_windows.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace multiping::engine {
namespace {

/// Linux answers a burst of six; most other systems answer more.
constexpr std::size_t first_size = 16;
constexpr std::size_t least_size = 4;
constexpr std::size_t greatest_size = 65'536;
/// One probe in this many may stay silent: some loss is no sign of a rate limit.
constexpr std::size_t tolerated = 4;
constexpr int greatest_slowness = 64;

}  // namespace

RouterWindows::Line RouterWindows::add_line(const Key& key, WindowIndex window) {
  const auto line = static_cast<Line>(lines_.size());
  lines_.emplace_back().window = window;
  windows_[window].lines.push_back(line);
  known_.emplace(key, line);
  return line;
}

RouterWindows::WindowIndex RouterWindows::add_window() {
  Window& window = windows_.emplace_back();
  window.size = window.round = first_size;
  return static_cast<WindowIndex>(windows_.size() - 1);
}

RouterWindows::Line RouterWindows::at_distance(Family family, int ttl) {
  const Key key{.kind = Kind::distance, .family = family, .ttl = ttl, .address = {}};
  const auto known = known_.find(key);
  return known != known_.end() ? known->second : add_line(key, add_window());
}

RouterWindows::Line RouterWindows::behind(const Address& router, int ttl) {
  const Key key{.kind = Kind::behind, .family = router.family(), .ttl = 0, .address = router};
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const Waiting& usual = lines_[at_distance(router.family(), ttl)];
  const bool expected = usual.router && !usual.diverse;
  return add_line(key, expected ? usual.window : add_window());
}

RouterWindows::Line RouterWindows::of(const Address& responder) {
  const Key key{.kind = Kind::router, .family = responder.family(), .ttl = 0, .address = responder};
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const Line line = add_line(key, add_window());
  lines_[line].router = responder;
  lines_[line].fixed = true;
  windows_[lines_[line].window].one_router = true;
  return line;
}

void RouterWindows::wait(Line line, Turn turn) {
  lines_[line].turns.insert(turn);
  refresh(lines_[line].window);
}

void RouterWindows::leave(Line line, Turn turn) {
  lines_[line].turns.erase(turn);
  refresh(lines_[line].window);
}

RouterWindows::Taken RouterWindows::take() {
  const auto [turn, index] = *ready_.begin();
  Window& window = windows_[index];
  Line line = window.lines.front();
  for (const Line other : window.lines)
    if (lines_[other].turns.contains(turn)) line = other;
  lines_[line].turns.erase(turn);
  ++lines_[line].held;
  ++window.held;
  refresh(index);
  return {.line = line, .turn = turn};
}

void RouterWindows::free_place(Line line) {
  --lines_[line].held;
  --windows_[lines_[line].window].held;
}

void RouterWindows::give_back(Line line) {
  free_place(line);
  refresh(lines_[line].window);
}

void RouterWindows::answered(Line line) {
  free_place(line);
  Window& window = windows_[lines_[line].window];
  window.size = std::min(window.size + 1, greatest_size);
  ++window.answers;
  judge(window);
  refresh(lines_[line].window);
}

void RouterWindows::silent(Line line) {
  free_place(line);
  Window& window = windows_[lines_[line].window];
  if (window.one_router && !lines_[line].router) {
    // The line was only assumed to belong to this router. Silence of one must not slow down the other.
    return bind(line, add_window());
  }
  ++window.silences;
  judge(window);
  refresh(lines_[line].window);
}

/// Ends the round when as many probes were answered or silent as the window had places at the round's beginning.
void RouterWindows::judge(Window& window) {
  const std::size_t fates = window.answers + window.silences;
  if (fates < window.round) return;
  const bool too_silent = window.silences * tolerated > fates;
  if (!too_silent) {
    window.slowness = 1;
  } else if (window.one_router) {
    window.size = std::max(window.size / 2, least_size);
    window.slowness = std::min(window.slowness * 2, greatest_slowness);
  } else {
    window.size = std::min(window.size * 2, greatest_size);
  }
  window.round = window.size;
  window.answers = window.silences = 0;
}

void RouterWindows::learn(Line line, const Address& responder) {
  const WindowIndex own = lines_[of(responder)].window;
  Waiting& told = lines_[line];
  if (told.fixed || told.diverse || told.router == responder) return;
  told.diverse = static_cast<bool>(told.router);
  if (told.diverse) return bind(line, add_window());
  told.router = responder;
  bind(line, own);
}

/// Moves the line, with the places that its probes hold, to another window.
void RouterWindows::bind(Line line, WindowIndex window) {
  const WindowIndex before = lines_[line].window;
  if (before == window) return;
  std::erase(windows_[before].lines, line);
  windows_[before].held -= lines_[line].held;
  lines_[line].window = window;
  windows_[window].lines.push_back(line);
  windows_[window].held += lines_[line].held;
  refresh(before);
  refresh(window);
}

void RouterWindows::refresh(WindowIndex index) {
  Window& window = windows_[index];
  std::optional<Turn> next;
  if (window.held < window.size) {
    for (const Line line : window.lines) {
      const auto& turns = lines_[line].turns;
      if (!turns.empty()) next = std::min(next.value_or(std::numeric_limits<Turn>::max()), *turns.begin());
    }
  }
  const bool idle = window.held < window.size && !next && !window.lines.empty();
  if (idle != std::exchange(window.idle, idle)) idle ? ++idle_ : --idle_;
  if (next == window.ready) return;
  if (window.ready) ready_.erase({*window.ready, index});
  window.ready = next;
  if (next) ready_.emplace(*next, index);
}

}  // namespace multiping::engine
