// Splits a text into lines and words without copying them.
// See target_file.hpp.
#include "apps/multiping/target_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "multiping/result.hpp"

namespace multiping::command {
namespace {

constexpr std::size_t longest_word = 1023;  // the longest name of a host, NI_MAXHOST of getnameinfo(3)

constexpr bool is_blank(char each) noexcept { return each == ' ' || (each >= '\t' && each <= '\r'); }
constexpr bool is_control(char each) noexcept { return static_cast<unsigned char>(each) < 0x20 || each == 0x7f; }

std::string_view first_word(std::string_view line) noexcept {
  std::size_t from = 0;
  while (from < line.size() && is_blank(line[from])) ++from;
  std::size_t to = from;
  while (to < line.size() && !is_blank(line[to])) ++to;
  return line.substr(from, to - from);
}

[[noreturn]] void refuse_line(std::size_t number, std::string_view word, const char* why) {
  constexpr std::size_t shown = 40;
  throw std::invalid_argument{"line " + std::to_string(number) + " of the targets, " +
                              printable(word.substr(0, shown)) + (word.size() > shown ? "..." : "") + ": " + why};
}

void check_word(std::size_t number, std::string_view word) {
  if (word.size() > longest_word) refuse_line(number, word, "no name of a host is that long");
  if (std::ranges::any_of(word, is_control)) refuse_line(number, word, "a control character; is this a text file?");
}

std::uint16_t to_port(std::string_view text, std::string_view word) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    throw std::invalid_argument{printable(word) + ": the port must be 1 to 65535"};
  return port;
}

}  // namespace

TargetEntry to_target(std::string_view word, bool ports) {
  if (!ports) return {.host = word};
  if (word.starts_with('[')) {
    const auto close = word.find(']');
    if (close == std::string_view::npos) return {.host = word};
    const std::string_view host = word.substr(1, close - 1), rest = word.substr(close + 1);
    return {.host = host, .port = rest.starts_with(':') ? to_port(rest.substr(1), word) : std::uint16_t{0}};
  }
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || word.find(':', colon + 1) != std::string_view::npos) return {.host = word};
  return {.host = word.substr(0, colon), .port = to_port(word.substr(colon + 1), word)};
}

void read_targets(std::string_view text, bool ports, TargetText& into) {
  std::uint32_t group = 0;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view word = first_word(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (word.empty() || word.front() == '#') continue;
    check_word(number, word);
    if (word.front() == '@') {
      group = static_cast<std::uint32_t>(into.groups.size());
      into.groups.emplace_back(word.substr(1));
      continue;
    }
    TargetEntry entry = to_target(word, ports);
    entry.group = group;
    into.entries.push_back(entry);
  }
}

}  // namespace multiping::command
