// One line at the bottom of a terminal that is replaced in place, and goes away before other text.
// Whoever writes to the same terminal erases it first; Output does so by itself, see Output::before_write().
#pragma once

#include <string_view>

namespace multiping::command {

class StatusLine {
 public:
  /// Writes to a terminal. Errors are ignored: the line is an extra.
  explicit StatusLine(int descriptor) noexcept : descriptor_{descriptor} {}
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { erase(); }

  /// Shows a text that fits the width of the terminal.
  void show(std::string_view text) noexcept;
  void erase() noexcept;

 private:
  void put(std::string_view text) const noexcept;

  int descriptor_ = -1;
  bool shown_ = false;
};

}  // namespace multiping::command
