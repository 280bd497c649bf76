// A program in a terminal of its own: keys go in, and the screen that its output makes can be read.
// The screen understands what ncurses sends to TERM=xterm; it is no emulator for users.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace multiping::test {

/// The cells of a screen. A cell is the bytes of one character.
class Screen {
 public:
  Screen(std::size_t columns, std::size_t rows) { resize(columns, rows); }

  void resize(std::size_t columns, std::size_t rows);
  void feed(std::string_view bytes);
  /// The lines, without spaces at their ends, each with a line feed.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool alternate() const noexcept { return alternate_; }  ///< The second screen is shown.
  [[nodiscard]] bool cursor_visible() const noexcept { return cursor_visible_; }

 private:
  using Line = std::vector<std::string>;

  void put(const std::string& character);
  void control(char byte);
  void sequence();
  void erase(int how, bool line_only);
  void line_feed();
  void move_to(int row, int column);

  std::size_t columns_ = 0, rows_ = 0, row_ = 0, column_ = 0, top_ = 0, bottom_ = 0;
  std::vector<Line> cells_{};
  std::string pending_{}, last_ = " ";  ///< A character or a sequence that is not complete; the last character.
  bool alternate_ = false, cursor_visible_ = true;
};

class PseudoTerminal {
 public:
  struct Size {
    std::size_t columns = 80, rows = 24;
  };

  /// Runs a command of the shell.
  PseudoTerminal(const std::string& command, Size size);
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  ~PseudoTerminal();

  void send(std::string_view keys) const;
  void signal(int number) const;
  void resize(Size size);
  /// Reads until the screen has the text; false when it does not come within ten seconds.
  [[nodiscard]] bool shows(std::string_view text);
  /// Reads until the screen no longer has it.
  [[nodiscard]] bool hides(std::string_view text);
  /// Reads until `text` came as output, on any screen.
  [[nodiscard]] bool writes(std::string_view text);
  /// Reads until the program has ended, and returns its status as of the shell (128 + signal); -1 when it did not end.
  [[nodiscard]] int end();

  [[nodiscard]] pid_t pid() const noexcept { return child_; }
  [[nodiscard]] const Screen& screen() const noexcept { return screen_; }
  [[nodiscard]] const std::string& output() const noexcept { return output_; }  ///< All bytes so far.
  /// True when the terminal has the modes that it had at the start: echo, whole lines.
  [[nodiscard]] bool restored() const;

 private:
  bool read_some(std::chrono::milliseconds wait);
  template <class Done>
  bool read_until(Done done);

  int terminal_ = -1;
  pid_t child_ = -1;
  termios modes_{};
  Screen screen_;
  std::string output_{};
};

}  // namespace multiping::test
