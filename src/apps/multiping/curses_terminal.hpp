// The terminal of --watch, by ncurses: draws lines, reads keys, and gives the terminal back as it was.
// It does so at the end, at an exception, at a stop (Ctrl-Z), and at a crash.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "apps/multiping/watch_frame.hpp"
#include "apps/multiping/watch_model.hpp"

namespace multiping::command {

/// One at a time, on the standard output; keys come from the standard input or, where that is no terminal, /dev/tty.
class CursesTerminal {
 public:
  /// Takes the terminal over. Throws std::runtime_error where that is not possible, with the reason.
  explicit CursesTerminal(bool colors);
  CursesTerminal(const CursesTerminal&) = delete;
  CursesTerminal& operator=(const CursesTerminal&) = delete;
  ~CursesTerminal();

  [[nodiscard]] ScreenSize size() const noexcept;
  /// Returns a key that was pressed, or nothing at once.
  [[nodiscard]] std::optional<WatchKey> key() noexcept;
  void draw(const std::vector<FrameLine>& lines) noexcept;
  /// Stops this process if Ctrl-Z was pressed since the last call: the terminal is given back meanwhile. True after it.
  bool stop_if_asked() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace multiping::command
