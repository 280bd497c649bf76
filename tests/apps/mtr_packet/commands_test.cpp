// Checks how bytes become lines, and lines become commands, at every boundary.
#include "apps/mtr_packet/command.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "apps/mtr_packet/command_lines.hpp"

BOOST_AUTO_TEST_SUITE(mtr_packet_commands_test)

using namespace multiping::mtr_packet;

namespace {

/// The lines of the text, which comes in pieces of `piece` bytes; "!" stands for an overflow.
std::vector<std::string> lines_of(const std::string& text, std::size_t piece) {
  CommandLines lines;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string part = text.substr(at, piece);
    lines.feed(part);
    while (const auto line = lines.next()) found.push_back(line->overflow ? "!" : std::string{line->text});
  }
  return found;
}

void check_lines(const std::string& text, const std::vector<std::string>& expected) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{4095}, std::size_t{4096}, text.size()})
    BOOST_TEST(lines_of(text, piece) == expected, boost::test_tools::per_element());
}

std::string with_pairs(int pairs) {
  std::string line = "7 bogus";
  for (int i = 0; i < pairs; ++i) line += " name" + std::to_string(i) + " value";
  return line;
}

}  // namespace

BOOST_AUTO_TEST_CASE(lines_end_with_a_newline_however_they_come) {
  check_lines("1 a\n2 b\n", {"1 a", "2 b"});
  check_lines("\n\n", {"", ""});
  check_lines("1 a\n2 without its end", {"1 a"});
  check_lines(std::string{"1\0a\n", 4}, {std::string{"1\0a", 3}});
}

BOOST_AUTO_TEST_CASE(a_line_of_4096_bytes_is_too_long) {
  const std::string longest(4094, 'x');
  check_lines(longest + "\n1 a\n", {longest, "1 a"});
  check_lines(longest + "x\n1 a\n", {"!", "", "1 a"});
  check_lines(longest + "xrest\n1 a\n", {"!", "rest", "1 a"});
  check_lines(longest + "x" + longest + "x", {"!", "!"});
}

BOOST_AUTO_TEST_CASE(a_command_is_taken_apart) {
  const auto command = parse_command(" 42\tsend-probe  ip-4 127.0.0.1\vttl 3\r");
  BOOST_REQUIRE(command.has_value());
  BOOST_TEST(command->token == 42);
  BOOST_TEST(command->name == "send-probe");
  BOOST_REQUIRE(command->count == 2U);
  BOOST_TEST(command->arguments()[1].name == "ttl");
  BOOST_TEST(command->arguments()[1].value == "3");
  BOOST_TEST(command->first("ip-4").value() == "127.0.0.1");
  BOOST_TEST(!command->first("ip-6"));
}

BOOST_AUTO_TEST_CASE(what_is_no_command_is_none) {
  for (const std::string line :
       {"", " ", "1", "word", "1 send-probe ip-4", "99999999999999999999 a", "-9223372036854775809 a"})
    BOOST_TEST(!parse_command(line), line);
  BOOST_TEST(!parse_command(std::string_view{"1 a\0", 4}));
  BOOST_TEST(!parse_command(std::string_view{"\0", 1}));
  BOOST_TEST(parse_command(with_pairs(16)).has_value());
  BOOST_TEST(!parse_command(with_pairs(17)));
}

BOOST_AUTO_TEST_CASE(a_token_is_read_as_far_as_it_is_a_number) {
  const std::pair<const char*, std::int64_t> tokens[] = {
      {"1x a", 1},  {"+5 a", 5},   {"-5 a", -5}, {"010 a", 10},
      {"0x9 a", 0}, {"word a", 0}, {"+-5 a", 0}, {"99999999999 a", 99'999'999'999}};
  for (const auto& [line, token] : tokens) BOOST_TEST(parse_command(line).value().token == token, line);
}

BOOST_AUTO_TEST_CASE(a_number_is_whole_and_in_its_range) {
  BOOST_TEST(parse_number("+0064", 0, 255).value() == 64);
  BOOST_TEST(parse_number("255", 0, 255).value() == 255);
  BOOST_TEST(parse_number("-1", -1, 255).value() == -1);
  for (const char* text : {"", "+", "-", "256", "-1", "1x", "0x1", "1.0", " 1", "+-1", "99999999999999999999999"})
    BOOST_TEST(!parse_number(text, 0, 255), text);
}

BOOST_AUTO_TEST_SUITE_END()
