// The table of all options: names, group, value, one line of help, and what each one sets.
// The parser, the help, the completions and the test of the manual page are all made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "apps/multiping/command_options.hpp"

namespace multiping::command {

/// One option of the command line.
struct OptionRow {
  std::string_view names;        ///< As CLI11 takes them: "-c,--count".
  std::string_view group;        ///< One of option_groups().
  std::string_view value;        ///< What stands for the value in texts; empty: a flag.
  std::string_view description;  ///< One line.
  /// Sets the option, from a text that is empty for a flag. Throws std::invalid_argument, which names the option, the
  /// value and its range.
  void (*set)(CommandOptions& options, const std::string& value);
  bool value_optional = false;  ///< The value may be left out.
  bool repeated = false;        ///< Each value counts, not the last alone.
};

/// All options, in the order of the help.
[[nodiscard]] std::span<const OptionRow> option_table() noexcept;

/// The groups of the help, in order: "targets", "probes", "timing", "output", "tasks", "general".
[[nodiscard]] std::span<const std::string_view> option_groups() noexcept;

}  // namespace multiping::command
