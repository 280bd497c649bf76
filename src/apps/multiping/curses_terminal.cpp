// The handlers of signals write prepared text and restore saved modes: ncurses itself may not be called in them.
// See curses_terminal.hpp.
#include "apps/multiping/curses_terminal.hpp"

#include <curses.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// term.h has macros of these names.
#undef columns
#undef lines

namespace multiping::command {
namespace {

constexpr std::array<int, 5> crashes = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

/// What a handler needs to give the terminal back. Written before the handlers are set.
struct Rescue {
  int descriptor = -1;
  termios modes{};
  std::array<char, 128> text{};
  std::size_t length = 0;
};
Rescue rescue;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no argument
volatile std::sig_atomic_t stop_asked = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// The signal is then as fatal as without this program's handler (SA_RESETHAND).
extern "C" void give_back_and_crash(int number) {
  [[maybe_unused]] const auto written = ::write(rescue.descriptor, rescue.text.data(), rescue.length);
  ::tcsetattr(rescue.descriptor, TCSANOW, &rescue.modes);
  ::raise(number);
}

extern "C" void ask_to_stop(int) { stop_asked = 1; }

void set_handler(int number, void (*handler)(int), int flags) noexcept {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

/// The text of a capability of the terminal; null where it has none. Without one, tigetstr() returns -1 or null.
const char* capability(const char* name) noexcept {
  const char* text = ::tigetstr(const_cast<char*>(name));  // NOLINT(cppcoreguidelines-pro-type-const-cast): old header
  return reinterpret_cast<std::intptr_t>(text) == -1 ? nullptr : text;
}

void append_capability(const char* name) noexcept {
  const char* text = capability(name);
  if (text == nullptr) return;
  for (; *text != 0 && rescue.length < rescue.text.size(); ++text) {
    if (std::strncmp(text, "$<", 2) == 0) return;  // a delay for terminals of old, which stands at the end
    rescue.text[rescue.length++] = *text;
  }
}

void prepare_rescue() noexcept {
  rescue.descriptor = STDOUT_FILENO;
  rescue.length = 0;
  for (const char* name : {"sgr0", "cnorm", "rmkx", "rmcup"}) append_capability(name);
  for (const int number : crashes)
    set_handler(number, give_back_and_crash, static_cast<int>(SA_RESETHAND | SA_NODEFER));
  set_handler(SIGTSTP, ask_to_stop, SA_RESTART);
}

/// Asked before newterm(3), which does not free its memory when it fails.
bool knows_terminal() noexcept {
  int found = 0;
  if (::setupterm(nullptr, STDOUT_FILENO, &found) == ERR) return false;
  ::del_curterm(::cur_term);
  return true;
}

/// ncurses ignores SIGTSTP while it writes, and so would lose a Ctrl-Z. A signal that is blocked waits instead.
void refresh_keeping_stops() noexcept {
  sigset_t stop, before;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::pthread_sigmask(SIG_BLOCK, &stop, &before);
  ::refresh();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void set_modes() noexcept {
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::set_escdelay(25);
  ::curs_set(0);
}

bool prepare_colors() noexcept {
  if (!::has_colors() || ::start_color() == ERR) return false;
  ::use_default_colors();
  ::init_pair(1, COLOR_GREEN, -1);
  ::init_pair(2, COLOR_RED, -1);
  ::init_pair(3, COLOR_YELLOW, -1);
  return true;
}

attr_t attributes_of(Ink ink, bool colors) noexcept {
  switch (ink) {
    case Ink::good:
      return colors ? COLOR_PAIR(1) : A_NORMAL;
    case Ink::bad:
      return colors ? COLOR_PAIR(2) : A_BOLD;
    case Ink::warning:
      return colors ? COLOR_PAIR(3) : A_NORMAL;
    case Ink::faint:
      return A_DIM;
    case Ink::strong:
      return A_BOLD;
    case Ink::inverse:
      return A_REVERSE;
    default:
      return A_NORMAL;
  }
}

WatchKey to_key(int code) noexcept {
  using Kind = WatchKey::Kind;
  constexpr std::array<std::pair<int, Kind>, 16> keys = {{{KEY_UP, Kind::up},
                                                          {KEY_DOWN, Kind::down},
                                                          {KEY_LEFT, Kind::left},
                                                          {KEY_RIGHT, Kind::right},
                                                          {KEY_PPAGE, Kind::page_up},
                                                          {KEY_NPAGE, Kind::page_down},
                                                          {KEY_HOME, Kind::home},
                                                          {KEY_END, Kind::end},
                                                          {KEY_ENTER, Kind::enter},
                                                          {'\r', Kind::enter},
                                                          {'\n', Kind::enter},
                                                          {27, Kind::escape},
                                                          {KEY_BACKSPACE, Kind::erase},
                                                          {127, Kind::erase},
                                                          {8, Kind::erase},
                                                          {KEY_RESIZE, Kind::resize}}};
  for (const auto& [number, kind] : keys)
    if (number == code) return {.kind = kind};
  return {.character = code < 256 ? static_cast<char>(code) : '\0'};
}

}  // namespace

struct CursesTerminal::State {
  SCREEN* screen = nullptr;
  std::FILE* keys = nullptr;  ///< /dev/tty, or null where the standard input is read.
  bool colors = false;

  ~State() {
    if (screen != nullptr) ::delscreen(screen);
    if (keys != nullptr) static_cast<void>(std::fclose(keys));
  }
};

CursesTerminal::CursesTerminal(bool colors) : state_{std::make_unique<State>()} {
  std::setlocale(LC_CTYPE, "");
  if (::isatty(STDIN_FILENO) != 1) state_->keys = std::fopen("/dev/tty", "re");
  std::FILE* input = state_->keys != nullptr ? state_->keys : stdin;
  ::tcgetattr(STDOUT_FILENO, &rescue.modes);
  const char* type = std::getenv("TERM");
  if (knows_terminal()) state_->screen = ::newterm(nullptr, stdout, input);
  if (state_->screen == nullptr)
    throw std::runtime_error{std::string{"cannot use this terminal: its type is unknown here: TERM="} +
                             (type == nullptr ? "" : printable(type))};
  if (capability("cup") == nullptr) {
    ::endwin();
    throw std::runtime_error{"cannot use this terminal: it cannot move its cursor"};
  }
  prepare_rescue();
  set_modes();
  state_->colors = colors && prepare_colors();
}

CursesTerminal::~CursesTerminal() {
  ::endwin();
  for (const int number : crashes) set_handler(number, SIG_DFL, 0);
  set_handler(SIGTSTP, SIG_DFL, 0);
}

ScreenSize CursesTerminal::size() const noexcept {
  return {.columns = static_cast<std::size_t>(std::max(COLS, 0)), .rows = static_cast<std::size_t>(std::max(LINES, 0))};
}

std::optional<WatchKey> CursesTerminal::key() noexcept {
  const int code = ::getch();
  if (code == ERR) return std::nullopt;
  return to_key(code);
}

void CursesTerminal::draw(const std::vector<FrameLine>& lines) noexcept {
  ::erase();
  int row = 0;
  for (const FrameLine& line : lines) {
    ::move(row++, 0);
    for (const FrameSpan& span : line) {
      ::attrset(static_cast<int>(attributes_of(span.ink, state_->colors)));
      ::addnstr(span.text.c_str(), static_cast<int>(span.text.size()));
    }
  }
  ::attrset(A_NORMAL);
  refresh_keeping_stops();
}

bool CursesTerminal::stop_if_asked() noexcept {
  if (stop_asked == 0) return false;
  stop_asked = 0;
  ::endwin();
  set_handler(SIGTSTP, SIG_DFL, 0);
  ::raise(SIGTSTP);
  set_handler(SIGTSTP, ask_to_stop, SA_RESTART);
  ::clearok(stdscr, TRUE);
  refresh_keeping_stops();
  return true;
}

}  // namespace multiping::command
