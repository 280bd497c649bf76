// Splits a text into lines and words without copying them.
// See target_file.hpp.
#include "apps/multiping/target_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "multiping/address.hpp"
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

/// The word without empty parts: "/room2//rack7" is "room2/rack7".
std::string group_name(std::string_view word) {
  std::string name;
  while (!word.empty()) {
    const std::size_t end = std::min(word.find('/'), word.size());
    if (end > 0) name.append(name.empty() ? "" : "/").append(word.substr(0, end));
    word.remove_prefix(std::min(end + 1, word.size()));
  }
  return name;
}

template <typename Number>
std::optional<Number> to_number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "3" or "80%"; nothing for what is none.
std::optional<Quorum> to_quorum(std::string_view text) {
  if (text.ends_with('%')) {
    const auto percent = to_number_of<double>(text.substr(0, text.size() - 1));
    if (!percent || !(*percent > 0) || !(*percent <= 100)) return std::nullopt;
    return Quorum{.share = *percent / 100};
  }
  const auto count = to_number_of<std::uint32_t>(text);
  if (!count || *count == 0) return std::nullopt;
  return Quorum{.count = *count};
}

/// A line whose first word begins with '@'.
TargetGroup to_group(std::size_t number, std::string_view line) {
  constexpr std::string_view quorum = "quorum=";
  std::string_view word = first_word(line);
  TargetGroup group{.name = group_name(word.substr(1))};
  for (;;) {
    line.remove_prefix(static_cast<std::size_t>(word.data() + word.size() - line.data()));
    word = first_word(line);
    if (word.empty() || word.front() == '#') return group;
    check_word(number, word);
    if (word.starts_with(quorum)) group.quorum = to_quorum(word.substr(quorum.size()));
    if (!group.quorum || !word.starts_with(quorum) || group.name.empty())
      refuse_line(number, word, "after the name of a group comes quorum=3 or quorum=80% (1 or more, above 0 to 100 %)");
  }
}

}  // namespace

TargetEntry to_target(std::string_view word, bool ports) {
  if (word.starts_with('[') && word.ends_with(']')) {
    const std::string_view inside = word.substr(1, word.size() - 2);
    // The interface of its zone may come later.
    const auto address = Address::parse(inside.substr(0, inside.find('%')));
    if (address && address->family() == Family::ipv6) return {.host = inside};
  }
  if (!ports) return {.host = word};
  if (word.starts_with('[')) {
    const auto close = word.find("]:");
    if (close == std::string_view::npos) return {.host = word};
    return {.host = word.substr(1, close - 1), .port = to_port(word.substr(close + 2), word)};
  }
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || word.find(':', colon + 1) != std::string_view::npos) return {.host = word};
  return {.host = word.substr(0, colon), .port = to_port(word.substr(colon + 1), word)};
}

void read_targets(std::string_view text, bool ports, TargetText& into) {
  // More lines than these may be empty.
  constexpr std::ptrdiff_t surely_few = 1 << 20;
  const auto lines = static_cast<std::size_t>(std::min(std::count(text.begin(), text.end(), '\n') + 1, surely_few));
  into.entries.reserve(into.entries.size() + lines);
  std::uint32_t group = 0;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end), word = first_word(line);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (word.empty() || word.front() == '#') continue;
    check_word(number, word);
    if (word.front() == '@') {
      TargetGroup begun = to_group(number, line);
      group = begun.name.empty() ? 0 : static_cast<std::uint32_t>(into.groups.size());
      if (group != 0) into.groups.push_back(std::move(begun));
      continue;
    }
    TargetEntry entry = to_target(word, ports);
    entry.group = group;
    into.entries.push_back(entry);
  }
}

}  // namespace multiping::command
