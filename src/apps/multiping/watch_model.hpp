// The table of --watch without a terminal: what is known of each host, and which hosts are shown in which order.
// Pure: keys and events are arguments; watch_frame makes text of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multiping/duration.hpp"
#include "multiping/statistics.hpp"

namespace multiping::command {

/// The columns, by their importance: a narrow terminal shows the first ones.
enum class WatchColumn : std::uint8_t { host, state, loss, last, mean, p99, jitter, history };
inline constexpr std::size_t watch_columns = 8;

/// What a host is now. The order is that of sorting: the worst first.
enum class HostState : std::uint8_t {
  down,       ///< The last three probes or more were lost.
  not_found,  ///< The name has no address.
  failing,    ///< This host cannot send to it.
  lost,       ///< The last probe was lost.
  waiting,    ///< No probe has its result.
  up,
};
inline constexpr std::size_t host_states = 6;
[[nodiscard]] std::string_view to_string(HostState state) noexcept;

/// The results of the last probes, oldest first; a time below zero is a lost one.
class ProbeHistory {
 public:
  static constexpr std::size_t most = 60;

  void add(Duration time) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_ < most ? count_ : most; }
  [[nodiscard]] Duration operator[](std::size_t at) const noexcept;

 private:
  std::array<std::int32_t, most> microseconds_{};
  std::size_t count_ = 0;
};

/// One line of the table.
struct WatchRow {
  HostState state = HostState::waiting;
  double loss = -1;   ///< 0 to 1; below 0: not known.
  Duration last{-1};  ///< Below 0: lost, or not known. So are the others.
  Duration mean{-1}, p99{-1}, jitter{-1};
  ProbeHistory history{};
};

/// A key, whatever the terminal sends for it.
struct WatchKey {
  enum class Kind : std::uint8_t {
    character,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    erase,
    resize
  };
  Kind kind = Kind::character;
  char character = 0;  ///< One byte of UTF-8.
};

class WatchModel {
 public:
  /// `names`: as they are shown, fit for a terminal. The first of them are the targets that are probed, the others,
  /// from `probed` on, have no address. `statistics`: one for each of the first; they change while the run goes on.
  WatchModel(std::vector<std::string> names, std::span<const Statistics> statistics);

  /// The result of the next probe of a target; its statistics have it already.
  void answered(std::size_t target, Duration time) noexcept;
  void lost(std::size_t target) noexcept;
  void not_sent(std::size_t target) noexcept;

  /// True when the key may have changed what is shown.
  bool press(WatchKey key);
  /// Sorts and filters anew, unless paused. To be called before a frame is made.
  void refresh();
  /// Scrolls so that no line is empty that could be filled, with so many lines for hosts.
  void fit(std::size_t lines) noexcept;

  [[nodiscard]] std::span<const std::size_t> shown() const noexcept { return shown_; }  ///< Hosts, in their order.
  [[nodiscard]] std::size_t top() const noexcept { return top_; }  ///< The first of them on the screen.
  [[nodiscard]] WatchRow row(std::size_t host) const;
  [[nodiscard]] const std::string& name(std::size_t host) const noexcept { return names_[host]; }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] std::size_t count(HostState state) const noexcept;
  [[nodiscard]] std::size_t longest_name() const noexcept { return longest_name_; }  ///< In columns.

  [[nodiscard]] std::optional<WatchColumn> sorted_by() const noexcept { return sort_; }  ///< None: as in the list.
  [[nodiscard]] bool reversed() const noexcept { return reversed_; }
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  [[nodiscard]] bool help() const noexcept { return help_; }
  [[nodiscard]] bool only_trouble() const noexcept { return only_trouble_; }
  [[nodiscard]] bool typing() const noexcept { return typing_; }  ///< The filter is being typed.
  [[nodiscard]] const std::string& filter() const noexcept { return filter_; }
  [[nodiscard]] bool wants_to_end() const noexcept { return end_; }

 private:
  struct Track {
    HostState state = HostState::waiting;
    std::uint32_t losses = 0;  ///< In a row.
    Duration last{-1};
    ProbeHistory history{};
  };

  [[nodiscard]] WatchRow current(std::size_t host) const;
  [[nodiscard]] double key_of(std::size_t host) const;
  [[nodiscard]] bool is_shown(std::size_t host, std::string_view wanted) const;
  void change_state(Track& track, HostState state) noexcept;
  void order();
  void pause();
  void sort_by(std::optional<WatchColumn> column);
  void move_sort(int by);
  void scroll(std::ptrdiff_t lines) noexcept;
  bool press_in_filter(WatchKey key);
  bool press_character(char character);
  bool press_movement(WatchKey::Kind kind);

  std::vector<std::string> names_;
  std::vector<std::string> lower_names_{};
  std::span<const Statistics> statistics_;
  std::vector<Track> tracks_;
  std::array<std::size_t, host_states> counts_{};
  std::vector<WatchRow> frozen_{};  ///< While paused: of all hosts.
  std::vector<std::size_t> shown_{};
  std::size_t top_ = 0, lines_ = 1, longest_name_ = 0;
  std::optional<WatchColumn> sort_{};
  std::string filter_{};
  bool reversed_ = false, paused_ = false, help_ = false, only_trouble_ = false, typing_ = false, end_ = false;
};

}  // namespace multiping::command
