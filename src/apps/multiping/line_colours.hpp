// Colours of lines on a terminal, and when there are any.
// Pure: what is known of the terminal is an argument.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "apps/multiping/command_options.hpp"

namespace multiping::command {

/// What a piece of text says, which a terminal shows by its colour.
enum class Ink : std::uint8_t { plain, good, bad, warning, faint, strong, inverse };

/// What decides about colours.
struct ColorFacts {
  ColorChoice choice = ColorChoice::automatic;
  Personality personality = Personality::multiping;
  bool terminal = false;  ///< The stream is one.
  bool no_color = false;  ///< NO_COLOR is set and not empty (https://no-color.org).
  bool dumb = false;      ///< TERM is "dumb" or not set.
};

/// True when a stream gets colours. Programs read the pipes of fping and check_icmp: these are never coloured.
[[nodiscard]] constexpr bool use_colors(const ColorFacts& facts) noexcept {
  if (facts.choice == ColorChoice::never) return false;
  const bool own = facts.personality == Personality::multiping;
  if (facts.choice == ColorChoice::always) return own || facts.terminal;
  return own && facts.terminal && !facts.no_color && !facts.dumb;
}

/// The text between the sequences of its colour (ECMA-48, SGR); as it is for Ink::plain.
[[nodiscard]] std::string painted(Ink ink, std::string_view text);

}  // namespace multiping::command
