// Lines of help from the rows of the table.
// See help_text.hpp.
#include "apps/multiping/help_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "apps/multiping/option_table.hpp"

namespace multiping::command {
namespace {

/// "-c, --count=N", "    --tcp[=PORT]"
std::string option_text(const OptionRow& row) {
  const auto comma = row.names.find(',');
  const bool letter = row.names.size() > 1 && row.names[1] != '-';
  const std::string_view short_name = letter ? row.names.substr(0, comma) : "";
  const std::string_view long_name = !letter                           ? row.names
                                     : comma == std::string_view::npos ? ""
                                                                       : row.names.substr(comma + 1);
  std::string text{short_name};
  if (long_name.empty()) return row.value.empty() ? text : fmt::format("{} {}", text, row.value);
  text += letter ? ", " : "    ";
  text += long_name;
  if (row.value.empty()) return text;
  return text + (row.value_optional ? fmt::format("[={}]", row.value) : fmt::format("={}", row.value));
}

void append_row(std::string& text, const OptionRow& row) {
  text += fmt::format("   {:<26} {}\n", option_text(row), row.description);
}

void append_group(std::string& text, std::string_view group) {
  text += fmt::format("{}:\n", group);
  for (const OptionRow& row : option_table())
    if (row.group == group) append_row(text, row);
}

std::string usage(std::string_view program) { return fmt::format("Usage: {} [options] [targets...]\n\n", program); }

}  // namespace

std::string table_help(std::string_view program, std::span<const OptionRow> table) {
  std::string text = usage(program);
  for (const OptionRow& row : table) append_row(text, row);
  return text;
}

std::string short_help(std::string_view program) { return table_help(program, option_table()); }

std::string grouped_help(std::string_view program) {
  std::string text = usage(program);
  for (const std::string_view group : option_groups()) {
    append_group(text, group);
    text += '\n';
  }
  return text + fmt::format("One group: {} --help GROUP. All of it: man multiping\n", program);
}

std::string group_help(std::string_view group) {
  const auto groups = option_groups();
  if (std::ranges::find(groups, group) == groups.end())
    throw std::invalid_argument{
        fmt::format("--help is {}; it must be one of {}", group, fmt::join(groups.begin(), groups.end(), ", "))};
  std::string text;
  append_group(text, group);
  return text;
}

}  // namespace multiping::command
