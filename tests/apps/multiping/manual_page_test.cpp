// Compares the manual page with the table of options: each option is there under its names and its group, and no other.
// It reads the page of the tree.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "apps/multiping/option_table.hpp"

BOOST_AUTO_TEST_SUITE(manual_page_test)

namespace {

using namespace multiping::command;

/// The page with \- as -, and without the requests for fonts.
std::string manual_page() {
  std::ifstream in{std::string{MULTIPING_SOURCE_DIR} + "/src/apps/multiping/multiping.1"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  return std::regex_replace(std::regex_replace(text, std::regex{R"(\\-)"}, "-"), std::regex{R"(\\f.)"}, "");
}

/// "-c, --count=N": how the page heads the paragraph of an option.
std::string heading(const OptionRow& row) {
  std::string text{row.names};
  if (const auto comma = text.find(','); comma != std::string::npos) text.replace(comma, 1, ", ");
  if (row.value.empty()) return text;
  const bool is_letter = row.names.find("--") == std::string_view::npos;
  const std::string value = (is_letter ? " " : "=") + std::string{row.value};
  return text + (row.value_optional ? "[" + value + "]" : value);
}

/// The headings of the page: each line after .TP that begins with a dash.
std::set<std::string> headings(const std::string& page) {
  static const std::regex line{R"(\n\.TP\n(?:\.B[R]? )?(-[^\n]*))"};
  std::set<std::string> found;
  for (std::sregex_iterator at{page.begin(), page.end(), line}, end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_option_has_a_paragraph_and_every_paragraph_an_option) {
  std::set<std::string> wanted;
  for (const OptionRow& row : option_table()) wanted.insert(heading(row));
  const std::set<std::string> found = headings(manual_page());
  for (const std::string& each : wanted) BOOST_TEST(found.count(each) == 1U, "not in the page: " << each);
  for (const std::string& each : found) BOOST_TEST(wanted.count(each) == 1U, "no option: " << each);
}

BOOST_AUTO_TEST_CASE(the_groups_are_sections_of_the_page) {
  const std::string page = manual_page();
  for (const std::string_view group : option_groups()) {
    std::string title = "\n.SS " + std::string{group};
    title[5] = static_cast<char>(title[5] - 'a' + 'A');
    BOOST_TEST(page.find(title + "\n") != std::string::npos, group);
  }
}

BOOST_AUTO_TEST_SUITE_END()
