// Runs the command with a long list of names of which half do not exist, and a name server of the test.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <optional>
#include <string>

#include "apps/multiping/command_runs.hpp"
#include "netns/namespace.hpp"
#include "resolve/name_server.hpp"

BOOST_AUTO_TEST_SUITE(many_names_test, *boost::unit_test::precondition(multiping::test::needs_root))

using namespace multiping;
using namespace multiping::test;

namespace {

constexpr int pairs = 500;

/// There is "up7.example", at 127.0.1.8, and there is no "no7.example".
std::optional<Response> answer(const Question& question) {
  if (!question.name.starts_with("up")) return Response{.code = ResponseCode::no_such_name};
  const int number = std::stoi(question.name.substr(2));
  const std::string address = "127.0." + std::to_string(1 + number / 250) + "." + std::to_string(1 + number % 250);
  return Response{.addresses = {*Address::parse(address)}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_name_that_does_not_exist_has_a_line_and_all_others_are_asked) {
  in_namespace([] {
    make_resolver_files();
    const NameServer server{answer};
    const TestFolder folder;
    std::ofstream list{folder / "list"};
    for (int i = 0; i < pairs; ++i) list << "up" << i << ".example\nno" << i << ".example\n";
    list.close();
    const CommandRun run = command_run("-a -f " + (folder / "list"));
    BOOST_TEST(run.status == 2);
    const auto alive = lines_of(run.out), unknown = lines_of(run.err);
    BOOST_REQUIRE_EQUAL(alive.size(), std::size_t{pairs});
    BOOST_REQUIRE_EQUAL(unknown.size(), std::size_t{pairs});
    for (int i = 0; i < pairs; ++i) {
      const std::string number = std::to_string(i);
      BOOST_TEST(std::ranges::count(alive, "up" + number + ".example") == 1);
      BOOST_TEST(unknown[static_cast<std::size_t>(i)].starts_with("no" + number + ".example: "));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
