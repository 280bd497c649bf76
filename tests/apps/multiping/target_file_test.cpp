// Checks how lists of targets are read, how they are split among machines, and that a million lines are read quickly.
// All of it is pure.
#include "apps/multiping/target_file.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <string>

#include "apps/multiping/list_shard.hpp"

BOOST_AUTO_TEST_SUITE(target_file_test)

namespace {

using namespace multiping::command;

TargetText read(std::string_view text, bool ports = false) {
  TargetText found;
  read_targets(text, ports, found);
  return found;
}

std::string refusal(std::string_view text, bool ports = false) {
  try {
    static_cast<void>(read(text, ports));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_word_of_each_line_is_a_target) {
  const TargetText found = read("192.0.2.1\n\n# comment\n  \texample.org  and more\r\n#also\n2001:db8::1");
  BOOST_TEST_REQUIRE(found.entries.size() == 3U);
  BOOST_TEST(found.entries[0].host == "192.0.2.1");
  BOOST_TEST(found.entries[1].host == "example.org");
  BOOST_TEST(found.entries[2].host == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(lines_with_an_at_sign_begin_groups) {
  const TargetText found = read("a\n@room2/rack7\nb\nc\n@rack8\nd\n");
  BOOST_TEST_REQUIRE(found.entries.size() == 4U);
  BOOST_TEST((found.groups == std::vector<TargetGroup>{{}, {.name = "room2/rack7"}, {.name = "rack8"}}));
  BOOST_TEST(found.entries[0].group == 0U);
  BOOST_TEST(found.entries[2].group == 1U);
  BOOST_TEST(found.entries[3].group == 2U);
}

BOOST_AUTO_TEST_CASE(ports_are_taken_where_a_protocol_has_them) {
  const auto port_of = [](std::string_view word) { return to_target(word, true); };
  BOOST_TEST(port_of("host:80").port == 80);
  BOOST_TEST(port_of("host:80").host == "host");
  BOOST_TEST(port_of("[2001:db8::1]:443").host == "2001:db8::1");
  BOOST_TEST(port_of("[2001:db8::1]:443").port == 443);
  BOOST_TEST(port_of("2001:db8::1").port == 0);
  BOOST_TEST(port_of("2001:db8::1").host == "2001:db8::1");
  BOOST_TEST(to_target("host:80", false).host == "host:80");
  BOOST_TEST(to_target("[2001:db8::1]", false).host == "2001:db8::1");
  for (const char* name : {"[::1]81", "[::1]x", "[]", "[a,b]", "[127.0.0.1]"}) BOOST_TEST(port_of(name).host == name);
  for (const char* wrong : {"host:0", "host:65536", "host:", "host:x", "[::1]:99999"})
    BOOST_CHECK_THROW(port_of(wrong), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(what_is_no_list_is_refused_with_its_line) {
  using namespace std::string_view_literals;
  BOOST_TEST(refusal("a\nb\0c\n"sv).find("line 2 of the targets, \"b\\x00c\": a control character") == 0U);
  BOOST_TEST(refusal(std::string(10'000'000, 'x')).find("line 1 of the targets, xxx") == 0U);
  BOOST_TEST(refusal("\x7f"
                     "ELF\x02\x01")
                 .find("line 1 of the targets") == 0U);
  BOOST_TEST(refusal(std::string(10'000'000, ' ') + "a\n") == "accepted");
}

BOOST_AUTO_TEST_CASE(the_parts_of_a_list_are_disjoint_complete_and_about_equal) {
  std::vector<std::size_t> sizes(7);
  for (int host = 0; host < 7000; ++host) {
    const std::string name = "10.0." + std::to_string(host / 250) + "." + std::to_string(host % 250);
    std::size_t owners = 0;
    for (std::size_t part = 0; part < sizes.size(); ++part) {
      if (!is_in_shard(name, {.index = part, .count = sizes.size()})) continue;
      ++owners;
      ++sizes[part];
    }
    BOOST_TEST(owners == 1U, name);
  }
  for (const std::size_t size : sizes) BOOST_TEST((size > 850 && size < 1150));
}

/// The split is the same for ever: outputs of different versions concatenate.
BOOST_AUTO_TEST_CASE(the_hash_of_a_target_does_not_change) {
  std::string owners;
  for (const char* host : {"192.0.2.1", "192.0.2.2", "example.org", "2001:db8::1", "a", ""})
    for (std::uint64_t part = 0; part < 10; ++part)
      if (is_in_shard(host, {.index = part, .count = 10})) owners += std::to_string(part);
  BOOST_TEST(owners == "199098");
}

BOOST_AUTO_TEST_CASE(a_million_lines_are_read_in_a_moment) {
  std::string text;
  for (int line = 0; line < 1'000'000; ++line)
    text += "10." + std::to_string(line >> 16) + "." + std::to_string((line >> 8) % 256) + "." +
            std::to_string(line % 256) + "\n";
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(read(text).entries.size() == 1'000'000U);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  BOOST_TEST(took.count() < 5.0);  // 0.05 s, optimised, on a quiet machine
}

BOOST_AUTO_TEST_SUITE_END()
