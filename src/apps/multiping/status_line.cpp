// See status_line.hpp.
#include "apps/multiping/status_line.hpp"

#include <unistd.h>

#include <string>
#include <utility>

namespace multiping::command {

void StatusLine::put(std::string_view text) const noexcept {
  [[maybe_unused]] const auto written = ::write(descriptor_, text.data(), text.size());
}

void StatusLine::show(std::string_view text) noexcept {
  try {
    put(std::string{"\r"}.append(text).append("\033[K"));
    shown_ = true;
  } catch (...) {  // without memory there is no line
    erase();
  }
}

void StatusLine::erase() noexcept {
  if (std::exchange(shown_, false)) put("\r\033[K");
}

}  // namespace multiping::command
