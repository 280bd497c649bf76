// The locale of the process stays "C", so that numbers are the same for all users; a locale object is asked instead.
// See terminal_settings.hpp.
#include "apps/multiping/terminal_settings.hpp"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>

#include <cstdlib>
#include <string_view>

namespace multiping::command {
namespace {

std::string_view variable(const char* name) noexcept {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

}  // namespace

CharacterSet character_set() {
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return {.utf8 = false};
  const bool utf8 = std::string_view{::nl_langinfo_l(CODESET, locale)} == "UTF-8";
  ::freelocale(locale);
  return {.utf8 = utf8};
}

std::size_t terminal_columns(const Output& output) {
  winsize size{};
  constexpr std::size_t usual = 80;
  if (::ioctl(output.descriptor(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

bool colors_for(const CommandOptions& options, const Output& output) {
  const std::string_view terminal = variable("TERM");
  return use_colors({.choice = options.views.color,
                     .personality = options.personality,
                     .terminal = output.is_terminal(),
                     .no_color = !variable("NO_COLOR").empty(),
                     .dumb = terminal.empty() || terminal == "dumb"});
}

}  // namespace multiping::command
