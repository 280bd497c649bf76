// See line_colours.hpp.
#include "apps/multiping/line_colours.hpp"

#include <array>
#include <cstddef>

namespace multiping::command {

std::string painted(Ink ink, std::string_view text) {
  constexpr std::array<std::string_view, 7> codes = {"", "32", "31", "33", "2", "1", "7"};
  const std::string_view code = codes[static_cast<std::size_t>(ink)];
  if (code.empty()) return std::string{text};
  std::string result = "\033[";
  return result.append(code).append("m").append(text).append("\033[0m");
}

}  // namespace multiping::command
