// Parses the command line by CLI11, which has one option for each row of the table.
// See command_line.hpp.
#include "apps/multiping/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "apps/multiping/check_icmp_options.hpp"
#include "apps/multiping/completion_text.hpp"
#include "apps/multiping/help_text.hpp"
#include "apps/multiping/list_shard.hpp"
#include "apps/multiping/option_combinations.hpp"
#include "apps/multiping/option_table.hpp"
#include "apps/multiping/option_values.hpp"
#include "multiping/result.hpp"
#include "multiping/version.hpp"

namespace multiping::command {
namespace {

constexpr std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string first_name(const OptionRow& row) { return std::string{row.names.substr(0, row.names.find(','))}; }

/// An option that was given, with its last value. They take their turns in the order of the table.
struct Given {
  const OptionRow* row = nullptr;
  std::string value{};
};

void add_row(CLI::App& app, const OptionRow& row, std::vector<Given>& given) {
  const std::string names{row.names};
  if (row.value.empty()) {
    app.add_flag_callback(names,
                          [&given, &row] {
                            given.push_back({&row, {}});
                          })
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->disable_flag_override();
    return;
  }
  if (row.repeated) {
    const auto take_all = [&given, &row](const std::vector<std::string>& values) {
      for (const std::string& value : values) given.push_back({&row, value});
    };
    app.add_option_function<std::vector<std::string>>(names, take_all)->allow_extra_args(false);
    return;
  }
  const auto take = [&given, &row](const std::string& value) { given.push_back({&row, value}); };
  auto* option = app.add_option_function<std::string>(names, take);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->type_name(std::string{row.value});
  if (row.value_optional) option->expected(0, 1);
}

const Given* find_given(const std::vector<Given>& given, std::string_view name) {
  const auto at = std::ranges::find_if(given, [&](const Given& each) { return first_name(*each.row) == name; });
  return at == given.end() ? nullptr : &*at;
}

[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error, const std::string& program) {
  const std::vector<std::string> unknown = app.remaining();
  const std::string what = unknown.empty() ? error.what() : "unknown option " + printable(unknown.front());
  throw std::invalid_argument{what + "; see '" + program + " -h'"};
}

/// The names that may be options on a command line. CLI11 takes a millisecond for all rows of the table, which is
/// longer than a ping, so it is given only those.
class MentionedNames {
 public:
  MentionedNames(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) add(argv[i]);
  }
  [[nodiscard]] bool has(std::string_view names) const {
    const auto comma = names.find(',');
    const bool first = has_one(names.substr(0, comma));
    return first || (comma != std::string_view::npos && has_one(names.substr(comma + 1)));
  }

 private:
  void add(std::string_view word) {
    if (word.starts_with("--")) {
      long_.insert(word.substr(0, word.find('=')));
    } else if (word.starts_with('-')) {
      letters_ += word;
    }
  }
  [[nodiscard]] bool has_one(std::string_view name) const {
    return name.starts_with("--") ? long_.count(name) > 0 : letters_.find(name[1]) != std::string::npos;
  }

  std::string letters_{};  ///< Of all words with one dash, values that stick to letters included.
  std::set<std::string_view> long_{};
};

std::span<const OptionRow> rows_of(Personality personality) noexcept {
  return personality == Personality::check_icmp ? check_icmp_table() : option_table();
}

/// CLI11 takes "[::1]" for a list of one word, unless something follows.
constexpr std::string_view mark = "] ";

/// The words of the command line, the last first, as CLI11 wants them.
std::vector<std::string> marked_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; --i) {
    words.emplace_back(argv[i]);
    if (words.back().starts_with('[') && words.back().ends_with(']')) words.back() += ' ';
  }
  return words;
}

void unmark(std::string& word) {
  if (word.ends_with(mark)) word.pop_back();
}

std::vector<Given> parse(int argc, const char* const* argv, CommandOptions& options) {
  CLI::App app{"", options.program};
  app.set_help_flag();
  std::vector<Given> given;
  const MentionedNames mentioned{argc, argv};
  for (const OptionRow& row : rows_of(options.personality))
    if (mentioned.has(row.names)) add_row(app, row, given);
  app.add_option("targets", options.targets);
  try {
    app.parse(marked_words(argc, argv));
  } catch (const CLI::ParseError& error) {
    refuse(app, error, options.program);
  }
  for (std::string& target : options.targets) unmark(target);
  for (Given& each : given) unmark(each.value);
  return given;
}

/// Programs that call fping read which version of its interface they have.
std::string version_text(const std::string& program) {
  const std::string own{version()};
  return program + ": Version " + (program == "fping" ? "5.5 (multiping " + own + ")" : own) + "\n";
}

/// A plugin that was not asked to check anything ends with "unknown".
std::optional<Answer> check_icmp_answer(const std::vector<Given>& given, const std::string& program) {
  constexpr int unknown = 3;
  if (find_given(given, "-h") != nullptr) return Answer{table_help(program, check_icmp_table()), unknown};
  if (find_given(given, "-V") == nullptr) return std::nullopt;
  return Answer{version_text(program), unknown};
}

std::optional<Answer> answer_of(const std::vector<Given>& given, const std::string& program) {
  if (find_given(given, "-h") != nullptr) return Answer{short_help(program)};
  if (find_given(given, "-v") != nullptr) return Answer{version_text(program)};
  if (const Given* shell = find_given(given, "--completion")) return Answer{completion_text(shell->value)};
  const Given* help = find_given(given, "--help");
  if (help == nullptr) return std::nullopt;
  return Answer{help->value.empty() ? grouped_help(program) : group_help(help->value)};
}

void settle(CommandOptions& options, const std::vector<Given>& given, const Environment& environment) {
  if (const Given* shard = find_given(given, "--shard")) options.shard = to_shard(shard->value, environment);
  if (!sends_rounds(options.mode)) options.printing.summary_every.reset();  // as with fping
  check_combination(options, [&given](std::string_view name) { return find_given(given, name) != nullptr; });
}

std::string program_name(Personality personality) {
  return personality == Personality::fping        ? "fping"
         : personality == Personality::check_icmp ? "check_icmp"
                                                  : "multiping";
}

}  // namespace

Personality personality_from(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word == "--as" && i + 1 < argc) return to_personality(argv[i + 1]);
    if (word.starts_with("--as=")) return to_personality(word.substr(5));
  }
  return argc > 0 ? personality_of(argv[0]) : Personality::multiping;
}

Duration probe_timeout(const CommandOptions& options) noexcept {
  if (options.timeout) return *options.timeout;
  constexpr Duration first = std::chrono::milliseconds{500}, most = std::chrono::seconds{2};
  return sends_rounds(options.mode) ? std::min(options.period, most) : first;
}

Personality personality_of(std::string_view name) noexcept {
  const std::string_view base = base_name(name);
  if (base == "fping" || base == "fping6") return Personality::fping;
  if (base == "check_icmp" || base == "check_ping") return Personality::check_icmp;
  return Personality::multiping;
}

std::variant<CommandOptions, Answer> parse_command_line(int argc, const char* const* argv,
                                                        const Environment& environment) {
  CommandOptions options;
  options.personality = personality_from(argc, argv);
  options.program = program_name(options.personality);
  if (options.personality == Personality::fping) options.interval = std::chrono::milliseconds{10};
  if (options.personality == Personality::check_icmp) set_check_icmp_defaults(options);
  const std::vector<Given> given = parse(argc, argv, options);
  const bool checks = options.personality == Personality::check_icmp;
  if (auto answer = checks ? check_icmp_answer(given, options.program) : answer_of(given, options.program))
    return *std::move(answer);
  for (const Given& each : given) each.row->set(options, each.value);
  if (checks) {
    settle_check_icmp(options);
  } else {
    settle(options, given, environment);
  }
  return options;
}

}  // namespace multiping::command
