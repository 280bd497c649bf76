// One line of mtr-packet's protocol, taken apart: TOKEN COMMAND [NAME VALUE]... Pure: no I/O.
// What the values mean is read in probe_arguments.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace multiping::mtr_packet {

/// The most pairs of name and value of one command.
constexpr std::size_t most_arguments = 16;

struct Argument {
  std::string_view name{}, value{};
};

/// A command. Its texts are parts of the line.
struct Command {
  std::int64_t token = 0;  ///< The caller's number of this command.
  std::string_view name{};
  std::array<Argument, most_arguments> pairs{};
  std::size_t count = 0;  ///< How many of `pairs` there are.

  [[nodiscard]] std::span<const Argument> arguments() const noexcept { return {pairs.data(), count}; }
  /// The value of the first argument with this name.
  [[nodiscard]] std::optional<std::string_view> first(std::string_view argument) const noexcept;
};

/// Returns the command that the line spells. Nothing when the line has no command, a name without a value, more than
/// most_arguments pairs, a NUL, or a token that does not fit in 64 bits. A token is read as strtol(3) reads it: what is
/// no number is 0.
[[nodiscard]] std::optional<Command> parse_command(std::string_view line) noexcept;

/// Returns the number that the whole text spells, in decimal and with an optional sign; nothing when it is no number or
/// outside of `least` to `most`.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least,
                                                       std::int64_t most) noexcept;

}  // namespace multiping::mtr_packet
