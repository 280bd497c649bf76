// Tests the lines that the daemon's log writes to a pipe: whole, of bounded length, and few in a flood.
// Time is an argument.
#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <string>

#include "os/file_descriptor.hpp"

BOOST_AUTO_TEST_SUITE(log_test)

namespace {

using multiping::Log;
using Instant = multiping::Instant;
using namespace std::chrono_literals;

struct Reader {
  Reader() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    out = multiping::os::FileDescriptor{ends[0]};
    in = multiping::os::FileDescriptor{ends[1]};
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = ::read(out.value(), piece.data(), piece.size())) > 0;)
      all.append(piece.data(), static_cast<std::size_t>(size));
    return all;
  }
  multiping::os::FileDescriptor out{}, in{};
};

Instant at(std::chrono::milliseconds time) { return Instant{time}; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_line_has_the_name_of_the_daemon) {
  const Reader reader;
  Log log{reader.in.value()};
  log.line("refused uid 1000 gid 1000 pid 77: not allowed");
  log.line("");
  BOOST_TEST(reader.text() == "multipingd: refused uid 1000 gid 1000 pid 77: not allowed\nmultipingd: \n");
}

BOOST_AUTO_TEST_CASE(a_client_cannot_forge_a_line_or_speak_to_a_terminal) {
  const Reader reader;
  Log log{reader.in.value()};
  log.line("a\nmultipingd: b\r\t\x1b[2J\x7f\xc3\xa4~");
  BOOST_TEST(reader.text() == "multipingd: a?multipingd: b???[2J???~\n");
}

BOOST_AUTO_TEST_CASE(a_line_ends_at_512_bytes) {
  const Reader reader;
  Log log{reader.in.value()};
  log.line(std::string(10'000, 'x'));
  const std::string text = reader.text();
  BOOST_TEST(text.size() == 512U);
  BOOST_TEST(text.find('\n') == 511U);
}

BOOST_AUTO_TEST_CASE(a_flood_of_one_kind_is_counted_and_told_later) {
  const Reader reader;
  Log log{reader.in.value()};
  for (int i = 0; i < 5033; ++i) log.limited_line("limited", "A", at(1000ms));
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "multipingd: A\n";
  BOOST_TEST(reader.text() == expected);
  log.limited_line("refused", "B", at(1500ms));
  BOOST_TEST(reader.text() == "multipingd: B\n");
  log.limited_line("limited", "A", at(1999ms));
  BOOST_TEST(reader.text().empty());
  log.limited_line("limited", std::string(1000, 'A'), at(2000ms));
  const std::string told = reader.text();
  BOOST_TEST(told.size() == 512U);
  BOOST_TEST(told.ends_with("A (and 5024 more)\n"));
  log.limited_line("limited", "A", at(2001ms));
  BOOST_TEST(reader.text() == "multipingd: A\n");
}

BOOST_AUTO_TEST_CASE(many_kinds_are_held_as_one) {
  const Reader reader;
  Log log{reader.in.value()};
  for (int i = 0; i < 1000; ++i) log.limited_line("kind " + std::to_string(i), "A", at(1000ms));
  const std::string text = reader.text();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 64 + 10);
}

BOOST_AUTO_TEST_CASE(kinds_of_a_while_ago_make_room_for_others) {
  const Reader reader;
  Log log{reader.in.value()};
  for (int i = 0; i < 1000; ++i) log.limited_line("kind " + std::to_string(i), "A", at(1000ms));
  log.limited_line("kind 7", "A", at(1500ms));
  BOOST_TEST(!reader.text().empty());
  for (int i = 0; i < 20; ++i) {
    log.limited_line("one", "B", at(2000ms));
    log.limited_line("other", "C", at(2000ms));
  }
  const std::string text = reader.text();
  BOOST_TEST(std::count(text.begin(), text.end(), 'B') == 10);
  BOOST_TEST(std::count(text.begin(), text.end(), 'C') == 10);
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_does_not_hold_the_daemon_up) {
  const Reader reader;
  // Makes the descriptor blocking, as the daemon's stderr is.
  BOOST_REQUIRE(::fcntl(reader.in.value(), F_SETFL, 0) == 0);
  Log log{reader.in.value()};
  for (int i = 0; i < 10'000; ++i) log.line(std::string(400, 'x'));
  BOOST_TEST(reader.text().size() >= 4096U);
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_gone_is_no_error) {
  Reader reader;
  reader.out = multiping::os::FileDescriptor{};
  Log log{reader.in.value()};
  log.line("nobody hears");
  Log closed{-1};
  closed.line("nor here");
}

BOOST_AUTO_TEST_SUITE_END()
