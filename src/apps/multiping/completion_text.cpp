// What a value can be is told from the text that stands for it in the help: FILE, IFACE, a choice of words.
// See completion_text.hpp.
#include "apps/multiping/completion_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/multiping/option_table.hpp"
#include "apps/multiping/option_values.hpp"

namespace multiping::command {
namespace {

struct OptionNames {
  std::string_view letter{}, word{};  ///< With their dashes; empty: none.
};

OptionNames names_of(const OptionRow& row) {
  OptionNames names;
  std::string_view rest = row.names;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(','));
    (name.starts_with("--") ? names.word : names.letter) = name;
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return names;
}

/// The words that a value may be; empty: not a choice.
std::string choices_of(const OptionRow& row) {
  const std::string_view name = names_of(row).word;
  if (name == "--format") return "lines json jsonl csv openmetrics";
  if (name == "--timestamp-format") return "ctime iso rfc3339";
  if (name == "--transport") return "raw ping broker proxy";
  if (name == "--as") return "multiping fping check_icmp";
  if (name == "--wait") return "all";
  if (name == "--shard") return "auto";
  if (name == "--completion") return "bash zsh fish";
  if (name != "--help") return {};
  std::string groups;
  for (const std::string_view group : option_groups()) groups += (groups.empty() ? "" : " ") + std::string{group};
  return groups;
}

bool is_file(const OptionRow& row) { return row.value.starts_with("FILE") || row.value == "PATH"; }
bool is_interface(const OptionRow& row) { return row.value == "IFACE"; }

/// All names of an option, with `between` between them.
std::string both_names(const OptionRow& row, std::string_view between) {
  const OptionNames names = names_of(row);
  if (names.letter.empty() || names.word.empty()) return fmt::format("{}{}", names.letter, names.word);
  return fmt::format("{}{}{}", names.letter, between, names.word);
}

/// The text without characters that would end it where it is written.
std::string without(std::string_view text, std::string_view unwanted) {
  std::string result;
  for (const char c : text)
    if (unwanted.find(c) == std::string_view::npos) result += c;
  return result;
}

std::string bash_case(const OptionRow& row) {
  if (row.value.empty() || row.value_optional) return {};
  const std::string names = both_names(row, "|");
  const std::string choices = choices_of(row);
  if (is_file(row)) return fmt::format("    {}) compopt -o default; return ;;\n", names);
  if (is_interface(row)) return fmt::format("    {}) words=$(ls /sys/class/net 2>/dev/null) ;;\n", names);
  return fmt::format("    {}) words='{}' ;;\n", names, choices);
}

std::string bash_text() {
  std::string cases, options;
  for (const OptionRow& row : option_table()) {
    cases += bash_case(row);
    options += (options.empty() ? "" : " ") + both_names(row, " ");
  }
  return fmt::format(
      "# bash completion of multiping\n"
      "_multiping() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words\n"
      "  COMPREPLY=()\n"
      "  if [[ $current == = ]]; then current=''; fi\n"
      "  if [[ $previous == = ]]; then previous=${{COMP_WORDS[COMP_CWORD-2]}}; fi\n"
      "  case $previous in\n{}"
      "    *)\n"
      "      if [[ $current == -* ]]; then words='{}'; else words=$(compgen -A hostname -- \"$current\"); fi ;;\n"
      "  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "}}\n"
      "complete -F _multiping multiping\n",
      cases, options);
}

/// ":FILE:_files", ":FORMAT:(lines json)", or "" for a flag.
std::string zsh_value(const OptionRow& row) {
  if (row.value.empty()) return {};
  const std::string name = without(row.value, "[]:'");
  const std::string optional = row.value_optional ? ":" : "";
  if (const std::string choices = choices_of(row); !choices.empty())
    return fmt::format("{}:{}:({})", optional, name, choices);
  if (is_file(row)) return fmt::format(":{}:_files", name);
  if (is_interface(row)) return fmt::format(":{}:_net_interfaces", name);
  return fmt::format("{}:{}: ", optional, name);
}

/// A word takes its value after = or as the next word, a letter as the next word or at once.
std::string zsh_option(const OptionRow& row, std::string_view name) {
  const bool word = name.starts_with("--");
  const std::string_view sign = row.value.empty() ? "" : word ? "=" : "+";
  return fmt::format("    '*{}{}[{}]{}' \\\n", name, sign, without(row.description, "[]:'"), zsh_value(row));
}

std::string zsh_text() {
  std::string options;
  for (const OptionRow& row : option_table()) {
    const OptionNames names = names_of(row);
    if (!names.letter.empty()) options += zsh_option(row, names.letter);
    if (!names.word.empty()) options += zsh_option(row, names.word);
  }
  return fmt::format(
      "#compdef multiping\n"
      "_multiping() {{\n"
      "  _arguments -s -S \\\n{}"
      "    '*:target:_hosts'\n"
      "}}\n"
      "compdef _multiping multiping\n",
      options);
}

std::string fish_option(const OptionRow& row) {
  const OptionNames names = names_of(row);
  std::string text = "complete -c multiping";
  if (!names.letter.empty()) text += fmt::format(" -s {}", names.letter.substr(1));
  if (!names.word.empty()) text += fmt::format(" -l {}", names.word.substr(2));
  text += fmt::format(" -d '{}'", without(row.description, "'\\"));
  if (row.value.empty() || row.value_optional) return text + "\n";
  if (is_file(row)) return text + " -r -F\n";
  if (is_interface(row)) return text + " -x -a '(command ls /sys/class/net 2>/dev/null)'\n";
  const std::string choices = choices_of(row);
  return text + (choices.empty() ? " -x\n" : fmt::format(" -x -a '{}'\n", choices));
}

std::string fish_text() {
  std::string text = "# fish completion of multiping\ncomplete -c multiping -f -a '(__fish_print_hostnames)'\n";
  for (const OptionRow& row : option_table()) text += fish_option(row);
  return text;
}

}  // namespace

std::string completion_text(std::string_view shell) {
  if (shell == "bash") return bash_text();
  if (shell == "zsh") return zsh_text();
  if (shell == "fish") return fish_text();
  refuse_value("--completion", shell, "bash, zsh or fish");
}

}  // namespace multiping::command
