// The texts of -h and --help, made from the table of options.
// SmokePing and others read -h to learn which options there are, so it has each option on a line of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "apps/multiping/option_table.hpp"

namespace multiping::command {

/// All options in short: what -h prints.
[[nodiscard]] std::string short_help(std::string_view program);
/// The same for other options.
[[nodiscard]] std::string table_help(std::string_view program, std::span<const OptionRow> table);
/// The groups with their options, and how to see one of them: what --help prints.
[[nodiscard]] std::string grouped_help(std::string_view program);
/// One group. Throws std::invalid_argument, which names the groups, for a name that is none.
[[nodiscard]] std::string group_help(std::string_view group);

}  // namespace multiping::command
