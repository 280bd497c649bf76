// Checks the completions: that each option is there, and what bash, zsh and fish make of them where they are installed.
// zsh and fish only check the syntax and take the text in; bash completes words.
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "apps/multiping/command_runs.hpp"
#include "apps/multiping/completion_text.hpp"
#include "apps/multiping/option_table.hpp"

BOOST_AUTO_TEST_SUITE(completion_test)

namespace {

using namespace multiping;
using namespace multiping::command;

/// What bash offers after these words, the last of which is not complete.
std::set<std::string> completed(const std::string& words) {
  const test::TestFolder folder;
  test::write_file(folder / "try",
                   completion_text("bash") + "COMP_WORDS=(" + words +
                       ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\ncompopt() { echo \"[compopt $*]\"; }\n"
                       "_multiping\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
  const auto run = test::shell_run("bash " + (folder / "try"));
  BOOST_TEST(run.status == 0);
  BOOST_TEST(run.err == "");
  std::set<std::string> found;
  for (const std::string& line : test::lines_of(run.out))
    if (!line.empty()) found.insert(line);
  return found;
}

using Words = std::set<std::string>;

/// The shell takes the text in without a word.
void is_accepted_by(const std::string& shell, const std::string& options) {
  const test::TestFolder folder;
  test::write_file(folder / "text", completion_text(shell));
  const auto run = test::shell_run(shell + " " + options + " " + (folder / "text"));
  BOOST_TEST(run.status == 0, shell);
  BOOST_TEST(run.err + run.out == "", shell);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_option_is_in_each_text) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string text = completion_text(shell);
    for (const OptionRow& row : option_table()) {
      std::string name{row.names.substr(row.names.rfind(',') + 1)};
      if (std::string{shell} == "fish")
        name = (name.starts_with("--") ? "-l " : "-s ") + name.substr(name[1] == '-' ? 2 : 1);
      BOOST_TEST(text.find(name) != std::string::npos, shell << ": " << name);
    }
  }
  BOOST_CHECK_THROW(static_cast<void>(completion_text("csh")), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(bash_completes_options_and_values) {
  BOOST_TEST(completed("multiping --form") == Words{"--format"}, boost::test_tools::per_element());
  const Words formats{"lines", "json", "jsonl", "csv", "openmetrics"};
  BOOST_TEST(completed("multiping --format ''") == formats, boost::test_tools::per_element());
  BOOST_TEST(completed("multiping --format = js") == (Words{"json", "jsonl"}), boost::test_tools::per_element());
  BOOST_TEST(completed("multiping -a --transport b") == Words{"broker"}, boost::test_tools::per_element());
  BOOST_TEST(completed("multiping -f ''") == Words{"[compopt -o default]"}, boost::test_tools::per_element());
  BOOST_TEST(completed("multiping -I l").count("lo") == 1U);
  BOOST_TEST(completed("multiping -c ''") == Words{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_program_prints_them) {
  const auto run = test::command_run("--completion fish");
  BOOST_TEST(run.status == 0);
  BOOST_TEST(run.out == completion_text("fish"));
  BOOST_TEST(test::command_run("--completion csh").status == 3);
}

BOOST_AUTO_TEST_CASE(zsh_takes_it, *boost::unit_test::precondition(test::needs_to_work("command -v zsh"))) {
  is_accepted_by("zsh", "-n");
}

BOOST_AUTO_TEST_CASE(fish_takes_it, *boost::unit_test::precondition(test::needs_to_work("command -v fish"))) {
  is_accepted_by("fish", "--no-config");
}

BOOST_AUTO_TEST_SUITE_END()
