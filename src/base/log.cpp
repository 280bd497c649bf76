// Builds each line in a buffer of fixed size, and writes it only where poll(2) says that there is room.
// See log.hpp.
#include "base/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>

namespace multiping {
namespace {

constexpr std::size_t longest_line = 512;
constexpr std::string_view prefix = "multipingd: ";
constexpr std::uint64_t lines_of_flood = 10;
constexpr Duration flood_window = std::chrono::seconds{1};
constexpr std::size_t most_kinds = 64;

/// Builds a line of bounded length.
class Line {
 public:
  void add(std::string_view text, std::size_t room) noexcept {
    for (const char letter : text.substr(0, std::min(text.size(), room - std::min(room, size_))))
      bytes_.at(size_++) = letter >= ' ' && letter <= '~' ? letter : '?';
  }
  [[nodiscard]] std::string_view end() noexcept {
    bytes_.at(size_++) = '\n';
    return {bytes_.data(), size_};
  }

 private:
  std::array<char, longest_line> bytes_{};
  std::size_t size_ = 0;
};

// The reader of the log may be slow or gone. When poll(2) says that a pipe is writable, a line this short fits in it.
bool takes_a_line(int descriptor) noexcept {
  pollfd writable{descriptor, POLLOUT, 0};
  return ::poll(&writable, 1, 0) == 1 && writable.revents == POLLOUT;
}

}  // namespace

void Log::line(std::string_view text) noexcept { write_line(text, {}); }

void Log::write_line(std::string_view text, std::string_view ending) const noexcept {
  if (!takes_a_line(descriptor_)) return;
  constexpr std::size_t room = longest_line - 1;  // for the line's end
  Line line;
  line.add(prefix, room);
  line.add(text, room - ending.size());
  line.add(ending, room);
  const std::string_view bytes = line.end();
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
}

Log::Flood& Log::flood_of(std::string_view kind, Instant now) {
  const auto found = floods_.find(kind);
  if (found != floods_.end()) return found->second;
  if (floods_.size() >= most_kinds)
    std::erase_if(floods_, [&](const auto& entry) { return now - entry.second.since >= flood_window; });
  if (floods_.size() >= most_kinds) return floods_[""];
  return floods_.emplace(kind, Flood{.since = now}).first->second;
}

void Log::limited_line(std::string_view kind, std::string_view text, Instant now) noexcept {
  try {
    Flood& flood = flood_of(kind, now);
    if (now - flood.since >= flood_window) flood = {.since = now, .written = 0, .swallowed = flood.swallowed};
    if (flood.written >= lines_of_flood) {
      ++flood.swallowed;
      return;
    }
    ++flood.written;
    const std::string ending = flood.swallowed > 0 ? " (and " + std::to_string(flood.swallowed) + " more)" : "";
    flood.swallowed = 0;
    write_line(text, ending);
  } catch (const std::exception&) {
    // No memory: the event is not logged.
    return;
  }
}

}  // namespace multiping
