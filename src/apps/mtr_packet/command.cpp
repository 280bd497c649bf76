// Words are separated by the white space of the C locale.
// See command.hpp.
#include "apps/mtr_packet/command.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace multiping::mtr_packet {
namespace {

constexpr bool is_space(char byte) noexcept { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/// Removes the first word from `rest`, and returns it; empty when there is none.
std::string_view take_word(std::string_view& rest) noexcept {
  std::size_t begin = 0;
  while (begin < rest.size() && is_space(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !is_space(rest[end])) ++end;
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

/// std::from_chars() takes no plus sign.
std::string_view without_plus(std::string_view text) noexcept {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return plus ? text.substr(1) : text;
}

std::optional<std::int64_t> parse_token(std::string_view word) noexcept {
  const std::string_view digits = without_plus(word);
  std::int64_t token = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), token);
  if (read.ec == std::errc::result_out_of_range) return std::nullopt;
  return read.ec == std::errc{} ? token : 0;
}

}  // namespace

std::optional<std::string_view> Command::first(std::string_view argument) const noexcept {
  const auto all = arguments();
  const auto found = std::ranges::find(all, argument, &Argument::name);
  return found == all.end() ? std::nullopt : std::optional{found->value};
}

std::optional<Command> parse_command(std::string_view line) noexcept {
  if (line.find('\0') != std::string_view::npos) return std::nullopt;
  const auto token = parse_token(take_word(line));
  Command command{.token = token.value_or(0), .name = take_word(line)};
  if (!token || command.name.empty()) return std::nullopt;
  for (;;) {
    const Argument pair{.name = take_word(line), .value = take_word(line)};
    if (pair.name.empty()) return command;
    if (pair.value.empty() || command.count == most_arguments) return std::nullopt;
    command.pairs[command.count++] = pair;  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
  }
}

std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least, std::int64_t most) noexcept {
  const std::string_view digits = without_plus(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  return whole && number >= least && number <= most ? std::optional{number} : std::nullopt;
}

}  // namespace multiping::mtr_packet
