// See pseudo_terminal.hpp.
#include "apps/multiping/pseudo_terminal.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace multiping::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10};

std::size_t length_of(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// The numbers of a control sequence; missing ones are 0.
std::vector<int> numbers_of(std::string_view text) {
  std::vector<int> numbers(1, 0);
  for (const char c : text) {
    if (c == ';') numbers.push_back(0);
    if (c >= '0' && c <= '9') numbers.back() = numbers.back() * 10 + (c - '0');
  }
  return numbers;
}

}  // namespace

void Screen::resize(std::size_t columns, std::size_t rows) {
  columns_ = columns;
  rows_ = rows;
  cells_.resize(rows);
  for (Line& line : cells_) line.resize(columns, " ");
  top_ = 0;
  bottom_ = rows - 1;
  row_ = std::min(row_, rows - 1);
  column_ = std::min(column_, columns - 1);
}

void Screen::put(const std::string& character) {
  if (column_ >= columns_) {
    column_ = 0;
    line_feed();
  }
  cells_[row_][column_++] = last_ = character;
}

void Screen::line_feed() {
  if (row_ != bottom_) {
    row_ = std::min(row_ + 1, rows_ - 1);
    return;
  }
  cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(top_));
  cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(bottom_), Line(columns_, " "));
}

void Screen::move_to(int row, int column) {
  row_ = static_cast<std::size_t>(std::clamp(row, 0, static_cast<int>(rows_) - 1));
  column_ = static_cast<std::size_t>(std::clamp(column, 0, static_cast<int>(columns_) - 1));
}

void Screen::control(char byte) {
  if (byte == '\r') column_ = 0;
  if (byte == '\n') line_feed();
  if (byte == '\b' && column_ > 0) --column_;
  if (byte == '\t') column_ = std::min((column_ / 8 + 1) * 8, columns_ - 1);
}

/// 0: from the cursor on, 1: up to the cursor, 2: all.
void Screen::erase(int how, bool line_only) {
  const std::size_t column = std::min(column_, columns_ - 1);
  for (std::size_t row = 0; row < rows_; ++row) {
    if (line_only && row != row_) continue;
    for (std::size_t at = 0; at < columns_; ++at) {
      const bool before = row < row_ || (row == row_ && at < column), here = row == row_ && at == column;
      if (how == 2 || here || before == (how == 1)) cells_[row][at] = " ";
    }
  }
}

/// A whole control sequence is in pending_: ESC [ ... letter.
void Screen::sequence() {
  const char final = pending_.back();
  const std::string_view inside = std::string_view{pending_}.substr(2, pending_.size() - 3);
  const std::vector<int> numbers = numbers_of(inside);
  const int count = std::max(numbers[0], 1), row = static_cast<int>(row_), column = static_cast<int>(column_);
  const int second = numbers.size() > 1 ? std::max(numbers[1], 1) : 1;
  if (inside.starts_with('?')) {
    if (numbers[0] == 1049) alternate_ = final == 'h';
    if (numbers[0] == 25 || (numbers.size() > 1 && numbers[1] == 25)) cursor_visible_ = final == 'h';
    return;
  }
  auto& line = cells_[row_];
  const auto here = static_cast<std::ptrdiff_t>(std::min(column_, columns_ - 1));
  switch (final) {
    case 'H':
      return move_to(count - 1, second - 1);
    case 'A':
      return move_to(row - count, column);
    case 'B':
      return move_to(row + count, column);
    case 'C':
      return move_to(row, column + count);
    case 'D':
      return move_to(row, column - count);
    case 'G':
      return move_to(row, count - 1);
    case 'd':
      return move_to(count - 1, column);
    case 'J':
      return erase(numbers[0], false);
    case 'K':
      return erase(numbers[0], true);
    case 'X':
      for (int at = 0; at < count && here + at < static_cast<std::ptrdiff_t>(columns_); ++at)
        line[static_cast<std::size_t>(here + at)] = " ";
      return;
    case 'b':
      for (int at = 0; at < count; ++at) put(std::string{last_});
      return;
    case 'P':
      for (int at = 0; at < count; ++at) {
        line.erase(line.begin() + here);
        line.emplace_back(" ");
      }
      return;
    case '@':
      for (int at = 0; at < count; ++at) {
        line.insert(line.begin() + here, " ");
        line.pop_back();
      }
      return;
    case 'r':
      top_ = static_cast<std::size_t>(count - 1);
      bottom_ = numbers.size() > 1 ? static_cast<std::size_t>(second - 1) : rows_ - 1;
      bottom_ = std::min(bottom_, rows_ - 1);
      return move_to(0, 0);
    case 'L':
    case 'T':
      for (int at = 0; at < count; ++at) {
        cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(bottom_));
        cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(final == 'L' ? row_ : top_), Line(columns_, " "));
      }
      return;
    case 'M':
    case 'S':
      for (int at = 0; at < count; ++at) {
        cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(final == 'M' ? row_ : top_));
        cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(bottom_), Line(columns_, " "));
      }
      return;
    default:
      return;
  }
}

void Screen::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (pending_.empty()) {
      const auto value = static_cast<unsigned char>(byte);
      if (value >= 0x20 && value < 0x7f) {
        put(std::string(1, byte));
      } else if (value >= 0xc0 || byte == '\033') {
        pending_ = byte;
      } else {
        control(byte);
      }
      continue;
    }
    pending_ += byte;
    if (pending_[0] != '\033') {
      if (pending_.size() == length_of(pending_[0])) put(std::exchange(pending_, {}));
    } else if (pending_[1] == '[') {
      if (pending_.size() > 2 && byte >= '@' && byte <= '~') {
        sequence();
        pending_.clear();
      }
    } else if (pending_.size() == (pending_[1] == '(' || pending_[1] == ')' ? 3U : 2U)) {
      if (pending_[1] == 'M' && row_ > 0) --row_;
      pending_.clear();
    }
  }
}

std::string Screen::text() const {
  std::string text;
  for (const Line& line : cells_) {
    std::string joined;
    for (const std::string& cell : line) joined += cell;
    text += joined.substr(0, joined.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

PseudoTerminal::PseudoTerminal(const std::string& command, Size size) : screen_{size.columns, size.rows} {
  winsize window{};
  window.ws_col = static_cast<unsigned short>(size.columns);
  window.ws_row = static_cast<unsigned short>(size.rows);
  int inside = -1;
  if (::openpty(&terminal_, &inside, nullptr, nullptr, &window) != 0)
    throw std::runtime_error{"cannot make a pseudo-terminal"};
  // Before the command can change them.
  ::tcgetattr(terminal_, &modes_);
  child_ = ::fork();
  if (child_ == 0) {
    ::close(terminal_);
    ::login_tty(inside);
    ::setenv("TERM", "xterm", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    ::unsetenv("NO_COLOR");
    ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    ::_exit(127);
  }
  ::close(inside);
  if (child_ < 0) throw std::runtime_error{"cannot start a program in a pseudo-terminal"};
}

PseudoTerminal::~PseudoTerminal() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  ::close(terminal_);
}

void PseudoTerminal::send(std::string_view keys) const {
  if (::write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error{"cannot send keys"};
}

void PseudoTerminal::signal(int number) const { ::kill(child_, number); }

void PseudoTerminal::resize(Size size) {
  winsize window{};
  window.ws_col = static_cast<unsigned short>(size.columns);
  window.ws_row = static_cast<unsigned short>(size.rows);
  screen_.resize(size.columns, size.rows);
  ::ioctl(terminal_, TIOCSWINSZ, &window);
}

/// False when nothing more will come: the other side is closed.
bool PseudoTerminal::read_some(std::chrono::milliseconds wait) {
  pollfd watched{terminal_, POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(wait.count())) <= 0) return true;
  char bytes[4096];
  const ssize_t count = ::read(terminal_, bytes, sizeof bytes);
  if (count <= 0) return false;
  const std::string_view read{bytes, static_cast<std::size_t>(count)};
  output_ += read;
  screen_.feed(read);
  return true;
}

template <class Done>
bool PseudoTerminal::read_until(Done done) {
  const Clock::time_point limit = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() > limit) return false;
    if (!read_some(std::chrono::milliseconds{50})) return done();
  }
  return true;
}

bool PseudoTerminal::shows(std::string_view text) {
  return read_until([&] { return screen_.text().find(text) != std::string::npos; });
}

bool PseudoTerminal::hides(std::string_view text) {
  return read_until([&] { return screen_.text().find(text) == std::string::npos; });
}

bool PseudoTerminal::writes(std::string_view text) {
  return read_until([&] { return output_.find(text) != std::string::npos; });
}

int PseudoTerminal::end() {
  int status = 0;
  bool ended = false;
  // The rest of the output is read after the end, since a full terminal would hold the program.
  const bool done = read_until([&] { return ended = ended || ::waitpid(child_, &status, WNOHANG) == child_; });
  if (!done && !ended) {
    const Clock::time_point limit = Clock::now() + patience;
    while (!ended && Clock::now() < limit) {
      ended = ::waitpid(child_, &status, WNOHANG) == child_;
      if (!ended) ::poll(nullptr, 0, 10);
    }
  }
  if (!ended) return -1;
  child_ = -1;
  pollfd watched{terminal_, POLLIN, 0};
  while (::poll(&watched, 1, 0) > 0 && (watched.revents & POLLIN) != 0 && read_some(std::chrono::milliseconds{0})) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool PseudoTerminal::restored() const {
  termios now{};
  if (::tcgetattr(terminal_, &now) != 0) return false;
  return now.c_lflag == modes_.c_lflag && now.c_iflag == modes_.c_iflag && now.c_oflag == modes_.c_oflag;
}

}  // namespace multiping::test
