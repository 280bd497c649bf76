// Checks that a CMakeLists.txt names every source, and that every test case is inside its file's suite.
// Otherwise a test might never run, without any message.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(source_lists_test)

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Folders of tests/ whose CMakeLists.txt has other forms of lists.
constexpr std::array own_lists = {"bench/", "consumer/", "docs/", "fuzz/"};

/// The folder with the CMakeLists.txt that a source belongs to: its own, or the nearest above.
fs::path listing_folder(const fs::path& source) {
  fs::path folder = source.parent_path();
  while (!fs::exists(folder / "CMakeLists.txt")) folder = folder.parent_path();
  return folder;
}

/// True when the CMakeLists.txt that the source belongs to names it.
bool is_listed(const fs::path& source) {
  const fs::path folder = listing_folder(source);
  const std::string name = source.lexically_relative(folder).generic_string();
  return std::regex_search(text_of(folder / "CMakeLists.txt"), std::regex{"[ (]" + name + "[\\n)]"});
}

/// The sources below `folder` that no CMakeLists.txt names.
std::vector<std::string> unlisted(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    const bool own_list = std::ranges::any_of(own_lists, [&](auto start) { return name.starts_with(start); });
    if (entry.path().extension() == ".cpp" && !own_list && !is_listed(entry.path())) found.push_back(name);
  }
  return found;
}

/// True if all test cases of a file are between the beginning and the end of one suite, because ctest runs files by
/// suite.
bool in_one_suite(const std::string& text) {
  static const std::regex mark{R"(\bBOOST_\w*TEST_(SUITE_END|SUITE|CASE\w*)\()"};
  std::string marks;
  for (std::sregex_iterator at{text.begin(), text.end(), mark}, end; at != end; ++at) {
    marks += (*at)[1] == "SUITE" ? '(' : (*at)[1] == "SUITE_END" ? ')' : '.';
  }
  return std::regex_match(marks, std::regex{R"(\(\.+\))"});
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_source_of_the_library_is_listed) {
  for (const auto& name : unlisted(fs::path{MULTIPING_SOURCE_DIR} / "src")) BOOST_ERROR("src/" << name);
}

BOOST_AUTO_TEST_CASE(every_test_is_listed) {
  for (const auto& name : unlisted(fs::path{MULTIPING_SOURCE_DIR} / "tests")) BOOST_ERROR("tests/" << name);
}

BOOST_AUTO_TEST_CASE(every_case_is_in_the_suite_of_its_file) {
  for (const auto& entry : fs::recursive_directory_iterator{fs::path{MULTIPING_SOURCE_DIR} / "tests"}) {
    const fs::path& file = entry.path();
    if (!file.filename().string().ends_with("_test.cpp")) continue;
    BOOST_TEST(in_one_suite(text_of(file)), file << " is not one suite");
  }
}

BOOST_AUTO_TEST_CASE(a_case_outside_its_suite_is_found) {
  const std::string suite =
                        "BOOST_AUTO_TEST_SUITE"
                        "(a)\n",
                    end =
                        "BOOST_AUTO_TEST_SUITE"
                        "_END()\n";
  const std::string one =
      "BOOST_AUTO_TEST_CASE"
      "(b) {}\n";
  BOOST_TEST(in_one_suite(suite + one + one + end));
  BOOST_TEST(!in_one_suite(one));
  BOOST_TEST(!in_one_suite(one + suite + one + end));
  BOOST_TEST(!in_one_suite(suite + one + end + one));
  BOOST_TEST(!in_one_suite(suite + one + end + suite + one + end));
}

BOOST_AUTO_TEST_SUITE_END()
