// Checks the lines of --watch for sizes of the screen from one cell on: never more, never wider.
#include "apps/multiping/watch_frame.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(watch_frame_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

std::string text_of(const FrameLine& line) {
  std::string text;
  for (const FrameSpan& span : line) text += span.text;
  return text;
}

struct Hosts {
  std::vector<Statistics> statistics;
  WatchModel model;

  explicit Hosts(std::size_t count) : statistics(count), model{names(count), statistics} {}
  static std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> result;
    for (std::size_t at = 0; at < count; ++at) result.push_back("host" + std::to_string(at) + ".example");
    return result;
  }
  void add(std::size_t host, Outcome outcome, Duration time) {
    Result result;
    result.outcome = outcome;
    result.rtt = time;
    statistics[host].add(result);
    outcome == Outcome::reply ? model.answered(host, time) : model.lost(host);
  }
  std::vector<FrameLine> frame(std::size_t columns, std::size_t rows, bool utf8 = true) {
    model.refresh();
    return watch_frame(model, {.size = {columns, rows}, .set = {.utf8 = utf8}, .elapsed = 3661s, .sent = 7});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(no_size_breaks_the_frame) {
  Hosts hosts{50};
  for (int at = 0; at < 70; ++at) hosts.add(0, at % 9 == 0 ? Outcome::no_reply : Outcome::reply, at * 1ms);
  for (const bool help : {false, true}) {
    if (help) hosts.model.press({.character = 'h'});
    for (const std::size_t columns : {0U, 1U, 2U, 19U, 20U, 33U, 80U, 300U}) {
      for (std::size_t rows = 0; rows < 60; ++rows) {
        const auto lines = hosts.frame(columns, rows);
        BOOST_TEST(lines.size() == (columns == 0 ? 0 : rows));
        for (const FrameLine& line : lines) BOOST_TEST(columns_of(text_of(line)) <= columns);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_small_terminal_shows_host_and_state) {
  Hosts hosts{3};
  hosts.add(0, Outcome::reply, 1ms);
  hosts.add(1, Outcome::no_reply, 0ms);
  const auto lines = hosts.frame(20, 5);
  BOOST_REQUIRE(lines.size() == 5U);
  BOOST_TEST(text_of(lines[1]) == "HOST         STATE  ");
  BOOST_TEST(text_of(lines[2]) == "host0.examp… up     ");
  BOOST_TEST(text_of(lines[3]) == "host1.examp… lost   ");
}

BOOST_AUTO_TEST_CASE(a_row_has_all_figures) {
  Hosts hosts{1};
  for (const Duration time : {Duration{1ms}, Duration{2ms}, Duration{4ms}}) hosts.add(0, Outcome::reply, time);
  hosts.add(0, Outcome::no_reply, 0ms);
  const auto lines = hosts.frame(90, 10);
  BOOST_TEST(text_of(lines[0]).substr(0, 35) == "0 up, 1 lost of 1  1:01:01  7 probe");
  const std::string row = text_of(lines[2]);
  BOOST_TEST(row.substr(0, 13) == "host0.example");
  for (const std::string_view part : {"lost", " 25 ", " - ", "2.33", "3.9", "▁▃█×"})
    BOOST_TEST(row.find(part) != std::string::npos, part << " in " << row);
  BOOST_TEST((lines[2].back().ink == Ink::bad));  // the cross
}

BOOST_AUTO_TEST_CASE(without_utf8_all_is_ascii) {
  Hosts hosts{1};
  hosts.add(0, Outcome::reply, 1ms);
  hosts.add(0, Outcome::no_reply, 0ms);
  for (const FrameLine& line : hosts.frame(70, 6, false))
    for (const char c : text_of(line)) BOOST_TEST(static_cast<unsigned char>(c) < 0x80);
}

BOOST_AUTO_TEST_CASE(the_last_line_tells_where_the_list_is) {
  Hosts hosts{100};
  hosts.frame(80, 13);
  hosts.model.press({.kind = WatchKey::Kind::page_down});
  BOOST_TEST(text_of(hosts.frame(80, 13).back()).find("11-20/100") != std::string::npos);
  for (const char c : std::string_view{"/nothing"}) hosts.model.press({.character = c});
  BOOST_TEST(text_of(hosts.frame(80, 13).back()).substr(0, 9) == "/nothing_");
  hosts.model.press({.kind = WatchKey::Kind::enter});
  BOOST_TEST(text_of(hosts.frame(80, 13).back()).find("none") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
