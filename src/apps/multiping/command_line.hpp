// Parses the command line of all personalities into CommandOptions. No file is read and no name is looked up.
// Pure: the environment is an argument.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "apps/multiping/command_options.hpp"

namespace multiping::command {

/// Text to print instead of a run: that of -h, --help or -v.
struct Answer {
  std::string text{};
  int status = 0;  ///< What the program ends with.
};

/// Returns the value of a variable of the environment, or nothing.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// Returns which program `name` (argv[0], a path) stands for: by the part after the last slash.
[[nodiscard]] Personality personality_of(std::string_view name) noexcept;

/// Returns what --as says, else what argv[0] does. Throws std::invalid_argument for another name after --as.
[[nodiscard]] Personality personality_from(int argc, const char* const* argv);

/// Throws std::invalid_argument with an option's name, value and range.
[[nodiscard]] std::variant<CommandOptions, Answer> parse_command_line(int argc, const char* const* argv,
                                                                      const Environment& environment);

}  // namespace multiping::command
