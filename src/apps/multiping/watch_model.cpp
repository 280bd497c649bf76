// See watch_model.hpp.
#include "apps/multiping/watch_model.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "apps/multiping/screen_cell_text.hpp"

namespace multiping::command {
namespace {

constexpr std::uint32_t losses_of_down = 3;
constexpr Duration none{-1};

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

double to_key(Duration time) noexcept { return static_cast<double>(time.count()); }

/// Names are compared as text; the other columns by numbers, the greatest first.
constexpr bool is_greatest_first(WatchColumn column) noexcept {
  return column != WatchColumn::host && column != WatchColumn::state;
}

}  // namespace

std::string_view to_string(HostState state) noexcept {
  constexpr std::array<std::string_view, host_states> names = {"down", "no name", "error", "lost", "-", "up"};
  return names[static_cast<std::size_t>(state)];
}

void ProbeHistory::add(Duration time) noexcept {
  constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
  const std::int64_t rounded = (time.count() + 500) / 1000;
  microseconds_[count_ % most] = time.count() < 0 ? -1 : static_cast<std::int32_t>(std::min(rounded, longest));
  ++count_;
}

Duration ProbeHistory::operator[](std::size_t at) const noexcept {
  const std::size_t first = count_ < most ? 0 : count_ % most;
  const std::int32_t time = microseconds_[(first + at) % most];
  return time < 0 ? none : Duration{std::chrono::microseconds{time}};
}

WatchModel::WatchModel(std::vector<std::string> names, std::span<const Statistics> statistics)
    : names_{std::move(names)}, statistics_{statistics}, tracks_(names_.size()) {
  for (std::size_t host = 0; host < names_.size(); ++host) {
    lower_names_.push_back(lower(names_[host]));
    longest_name_ = std::max(longest_name_, columns_of(names_[host]));
    if (host >= statistics_.size()) tracks_[host].state = HostState::not_found;
  }
  counts_[static_cast<std::size_t>(HostState::waiting)] = statistics_.size();
  counts_[static_cast<std::size_t>(HostState::not_found)] = names_.size() - statistics_.size();
  order();
}

void WatchModel::change_state(Track& track, HostState state) noexcept {
  --counts_[static_cast<std::size_t>(track.state)];
  ++counts_[static_cast<std::size_t>(state)];
  track.state = state;
}

void WatchModel::answered(std::size_t target, Duration time) noexcept {
  Track& track = tracks_[target];
  track.last = time;
  track.losses = 0;
  track.history.add(time);
  change_state(track, HostState::up);
}

void WatchModel::lost(std::size_t target) noexcept {
  Track& track = tracks_[target];
  track.last = none;
  track.history.add(none);
  change_state(track, ++track.losses >= losses_of_down ? HostState::down : HostState::lost);
}

void WatchModel::not_sent(std::size_t target) noexcept {
  Track& track = tracks_[target];
  track.last = none;
  track.history.add(none);
  change_state(track, HostState::failing);
}

WatchRow WatchModel::current(std::size_t host) const {
  const Track& track = tracks_[host];
  WatchRow row{.state = track.state, .last = track.last, .history = track.history};
  if (host >= statistics_.size()) return row;
  const Statistics& statistics = statistics_[host];
  if (statistics.sent() > 0) row.loss = statistics.loss();
  if (statistics.received() == 0) return row;
  row.mean = statistics.mean();
  row.p99 = statistics.percentile(99);
  row.jitter = statistics.jitter();
  return row;
}

WatchRow WatchModel::row(std::size_t host) const { return paused_ ? frozen_[host] : current(host); }

std::size_t WatchModel::count(HostState state) const noexcept { return counts_[static_cast<std::size_t>(state)]; }

double WatchModel::key_of(std::size_t host) const {
  const WatchRow row = this->row(host);
  switch (*sort_) {
    case WatchColumn::state:
      return static_cast<double>(row.state);
    case WatchColumn::loss:
      return row.loss;
    case WatchColumn::mean:
      return to_key(row.mean);
    case WatchColumn::p99:
      return to_key(row.p99);
    case WatchColumn::jitter:
      return to_key(row.jitter);
    default:
      return to_key(row.last);
  }
}

bool WatchModel::is_shown(std::size_t host, std::string_view wanted) const {
  const HostState state = paused_ ? frozen_[host].state : tracks_[host].state;
  if (only_trouble_ && (state == HostState::up || state == HostState::waiting)) return false;
  return lower_names_[host].find(wanted) != std::string::npos;
}

/// Hosts that are equal stay in the order of the list. Those whose value is not known come last.
void WatchModel::order() {
  shown_.clear();
  const std::string wanted = lower(filter_);
  for (std::size_t host = 0; host < names_.size(); ++host)
    if (is_shown(host, wanted)) shown_.push_back(host);
  if (sort_ == WatchColumn::host) {
    std::ranges::stable_sort(shown_, {}, [&](std::size_t host) -> const std::string& { return lower_names_[host]; });
  } else if (sort_) {
    std::vector<double> keys(names_.size());
    const double sign = is_greatest_first(*sort_) ? -1 : 1;
    for (const std::size_t host : shown_) keys[host] = sign * key_of(host);
    std::ranges::stable_sort(shown_, {}, [&](std::size_t host) { return keys[host]; });
  }
  if (reversed_) std::ranges::reverse(shown_);
  const auto is_known = [&](std::size_t host) { return key_of(host) >= 0; };
  if (sort_ && is_greatest_first(*sort_)) std::stable_partition(shown_.begin(), shown_.end(), is_known);
}

void WatchModel::refresh() {
  if (!paused_) order();
}

void WatchModel::fit(std::size_t lines) noexcept {
  lines_ = std::max<std::size_t>(lines, 1);
  const std::size_t last_top = shown_.size() > lines_ ? shown_.size() - lines_ : 0;
  top_ = std::min(top_, last_top);
}

void WatchModel::scroll(std::ptrdiff_t lines) noexcept {
  const auto top = static_cast<std::ptrdiff_t>(top_) + lines;
  top_ = top < 0 ? 0 : static_cast<std::size_t>(top);
  fit(lines_);
}

/// What is shown stands still; probing goes on.
void WatchModel::pause() {
  frozen_.clear();
  if (!paused_)
    for (std::size_t host = 0; host < names_.size(); ++host) frozen_.push_back(current(host));
  paused_ = !paused_;
  order();
}

void WatchModel::sort_by(std::optional<WatchColumn> column) {
  sort_ = column;
  reversed_ = false;
  top_ = 0;
  order();
}

/// Through the order of the list and the seven columns that have an order.
void WatchModel::move_sort(int by) {
  constexpr int choices = 8;
  const int now = sort_ ? static_cast<int>(*sort_) + 1 : 0;
  const int next = (now + by + choices) % choices;
  if (next == 0) return sort_by(std::nullopt);
  sort_by(static_cast<WatchColumn>(next - 1));
}

bool WatchModel::press_in_filter(WatchKey key) {
  constexpr std::size_t most_bytes = 256;
  switch (key.kind) {
    case WatchKey::Kind::enter:
      typing_ = false;
      break;
    case WatchKey::Kind::escape:
      typing_ = false;
      filter_.clear();
      break;
    case WatchKey::Kind::erase:
      while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xc0U) == 0x80U) filter_.pop_back();
      if (!filter_.empty()) filter_.pop_back();
      break;
    case WatchKey::Kind::character:
      if (filter_.size() < most_bytes) filter_ += key.character;
      break;
    default:
      return press_movement(key.kind);
  }
  order();
  fit(lines_);
  return true;
}

bool WatchModel::press_movement(WatchKey::Kind kind) {
  const auto page = static_cast<std::ptrdiff_t>(lines_), all = static_cast<std::ptrdiff_t>(names_.size());
  switch (kind) {
    case WatchKey::Kind::up:
      scroll(-1);
      return true;
    case WatchKey::Kind::down:
      scroll(1);
      return true;
    case WatchKey::Kind::page_up:
      scroll(-page);
      return true;
    case WatchKey::Kind::page_down:
      scroll(page);
      return true;
    case WatchKey::Kind::home:
      scroll(-all);
      return true;
    case WatchKey::Kind::end:
      scroll(all);
      return true;
    case WatchKey::Kind::left:
      move_sort(-1);
      return true;
    case WatchKey::Kind::right:
      move_sort(1);
      return true;
    default:
      return kind == WatchKey::Kind::resize;
  }
}

bool WatchModel::press_character(char character) {
  using Kind = WatchKey::Kind;
  if (character == '0') return sort_by(std::nullopt), true;
  if (character >= '1' && character <= '7') return sort_by(static_cast<WatchColumn>(character - '1')), true;
  constexpr std::array<std::pair<char, Kind>, 8> moves = {{{'k', Kind::up},
                                                           {'j', Kind::down},
                                                           {'g', Kind::home},
                                                           {'G', Kind::end},
                                                           {'b', Kind::page_up},
                                                           {'f', Kind::page_down},
                                                           {'<', Kind::left},
                                                           {'>', Kind::right}}};
  for (const auto& [letter, kind] : moves)
    if (letter == character) return press_movement(kind);
  switch (character) {
    case 'q':
      end_ = true;
      break;
    case 'r':
      reversed_ = !reversed_;
      break;
    case 'd':
      only_trouble_ = !only_trouble_;
      break;
    case 'p':
    case ' ':
      pause();
      break;
    case '/':
      typing_ = true;
      break;
    case 'h':
    case '?':
      help_ = true;
      break;
    default:
      return false;
  }
  order();
  fit(lines_);
  return true;
}

bool WatchModel::press(WatchKey key) {
  if (typing_) return press_in_filter(key);
  const bool quits = key.kind == WatchKey::Kind::character && key.character == 'q';
  if (help_ && !quits && key.kind != WatchKey::Kind::resize) {
    help_ = false;
    return true;
  }
  if (key.kind == WatchKey::Kind::character) return press_character(key.character);
  if (key.kind != WatchKey::Kind::escape) return press_movement(key.kind);
  filter_.clear();
  order();
  return true;
}

}  // namespace multiping::command
