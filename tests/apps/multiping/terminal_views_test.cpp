// Runs the command in a pseudo-terminal: colours, progress, summary, and the live table with its keys, sizes and ends.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "apps/multiping/pseudo_terminal.hpp"
#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(terminal_views_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using multiping::test::in_namespace;
using multiping::test::PseudoTerminal;

const std::string command = MULTIPING_COMMAND;

/// The table of two addresses that answer and one to which there is no route.
const std::string watch = command + " --watch -p 100 127.0.0.1 127.0.0.2 198.51.100.1";

/// The terminal is as it was, with the first screen and a cursor.
void check_restored(const PseudoTerminal& terminal) {
  BOOST_TEST(terminal.restored());
  BOOST_TEST(!terminal.screen().alternate());
  BOOST_TEST(terminal.screen().cursor_visible());
}

}  // namespace

BOOST_AUTO_TEST_CASE(lines_have_colours_and_a_summary_follows) {
  in_namespace([] {
    PseudoTerminal terminal{command + " -r 0 -t 100 127.0.0.1 198.51.100.1", {}};
    BOOST_TEST(terminal.writes("127.0.0.1\033[32m is alive\033[0m"));
    BOOST_TEST(terminal.end() == 1);
    BOOST_TEST(terminal.output().find("198.51.100.1\033[31m is unreachable\033[0m") != std::string::npos);
    BOOST_TEST(terminal.screen().text().find("2 hosts: 1 alive, 1 without an answer") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(as_fping_and_with_no_color_there_are_none) {
  in_namespace([] {
    PseudoTerminal fping{command + " --as fping -r 0 127.0.0.1 127.0.0.2", {}};
    BOOST_TEST(fping.end() == 0);
    BOOST_TEST(fping.output() == "127.0.0.1 is alive\r\n127.0.0.2 is alive\r\n");
    PseudoTerminal plain{"env NO_COLOR=1 " + command + " -r 0 127.0.0.1", {}};
    BOOST_TEST(plain.end() == 0);
    BOOST_TEST(plain.output() == "127.0.0.1 is alive\r\n");
    PseudoTerminal pipe{command + " -r 0 127.0.0.1 | cat", {}};
    BOOST_TEST(pipe.end() == 0);
    BOOST_TEST(pipe.output() == "127.0.0.1 is alive\r\n");
  });
}

BOOST_AUTO_TEST_CASE(long_work_shows_its_progress_and_takes_it_away) {
  in_namespace([] {
    PseudoTerminal terminal{command + " -c 28 -p 100 -q 127.0.0.1 127.0.0.2", {}};
    BOOST_TEST(terminal.shows("probes "));
    BOOST_TEST(terminal.screen().text().find(" answered, ") != std::string::npos);
    BOOST_TEST(terminal.end() == 0);
    BOOST_TEST(terminal.screen().text().find("/56") == std::string::npos);
    BOOST_TEST(terminal.screen().text().find("127.0.0.1 : xmt/rcv/%loss = 28/28/0%") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(the_table_lives_and_q_ends_it) {
  in_namespace([] {
    PseudoTerminal terminal{watch, {}};
    BOOST_TEST(terminal.shows("HOST"));
    BOOST_TEST(terminal.shows("2 up"));
    BOOST_TEST(terminal.screen().alternate());
    BOOST_TEST(!terminal.restored());
    terminal.send("/0.1");
    BOOST_TEST(terminal.hides("127.0.0.2"));
    BOOST_TEST(terminal.screen().text().find("127.0.0.1") != std::string::npos);
    terminal.send("\033");
    BOOST_TEST(terminal.shows("127.0.0.2"));
    terminal.send("h");
    BOOST_TEST(terminal.shows("ends, with a summary"));
    terminal.send(" p");
    BOOST_TEST(terminal.shows("PAUSED"));
    terminal.send("p");
    BOOST_TEST(terminal.hides("PAUSED"));
    terminal.send("q");
    BOOST_TEST(terminal.end() == 1);
    check_restored(terminal);
    BOOST_TEST(terminal.output().find("3 hosts: ") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(the_table_follows_the_size_of_the_terminal) {
  in_namespace([] {
    PseudoTerminal terminal{watch, {.columns = 100, .rows = 30}};
    BOOST_TEST(terminal.shows("HISTORY"));
    for (const auto& [columns, rows] : {std::pair{20U, 5U}, {1U, 1U}, {3U, 2U}, {200U, 60U}, {20U, 5U}}) {
      terminal.resize({.columns = columns, .rows = rows});
      if (columns < 20) continue;
      BOOST_TEST(terminal.shows(columns > 100 ? "JITTER" : "HOST         STATE\n"));
    }
    BOOST_TEST(terminal.hides("JITTER"));
    BOOST_TEST(terminal.shows("\n127.0.0.1"));
    terminal.send("q");
    BOOST_TEST(terminal.end() == 1);
    check_restored(terminal);
  });
}

BOOST_AUTO_TEST_CASE(signals_give_the_terminal_back) {
  in_namespace([] {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      PseudoTerminal terminal{watch, {}};
      BOOST_TEST(terminal.shows("2 up"));
      terminal.signal(number);
      BOOST_TEST(terminal.end() == 1);
      check_restored(terminal);
    }
    PseudoTerminal keys{watch, {}};
    BOOST_TEST(keys.shows("2 up"));
    keys.send("\x03");  // Ctrl-C
    BOOST_TEST(keys.end() == 1);
    check_restored(keys);
  });
}

BOOST_AUTO_TEST_CASE(a_crash_gives_the_terminal_back) {
  in_namespace([] {
    for (const int number : {SIGSEGV, SIGABRT}) {
      PseudoTerminal terminal{watch, {}};
      BOOST_TEST(terminal.shows("2 up"));
      terminal.signal(number);
      BOOST_TEST(terminal.end() == 128 + number);
      check_restored(terminal);
    }
  });
}

/// A shell with job control, as a stopped program needs one to go on.
BOOST_AUTO_TEST_CASE(a_stop_gives_the_terminal_back_and_it_goes_on_after_it) {
  in_namespace([] {
    PseudoTerminal terminal{"sh -c 'set -m; " + watch + "; echo stopped; read line; fg; echo ended with $?'", {}};
    BOOST_TEST(terminal.shows("2 up"));
    terminal.send("\x1a");  // Ctrl-Z
    BOOST_TEST(terminal.shows("stopped"));
    check_restored(terminal);
    terminal.send("\n");
    BOOST_TEST(terminal.shows("2 up"));
    BOOST_TEST(terminal.screen().alternate());
    BOOST_TEST(!terminal.restored());
    terminal.send("q");
    BOOST_TEST(terminal.shows("ended with 1"));
    BOOST_TEST(terminal.end() == 0);
    check_restored(terminal);
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_hosts_can_be_watched) {
  in_namespace([] {
    PseudoTerminal terminal{command + " --watch -p 1000 -g 127.1.0.1 127.1.3.232", {.columns = 80, .rows = 24}};
    BOOST_TEST(terminal.shows("1000 up"));
    terminal.send("G");
    BOOST_TEST(terminal.shows("980-1000/1000"));
    terminal.send("q");
    BOOST_TEST(terminal.end() == 0);
    check_restored(terminal);
  });
}

BOOST_AUTO_TEST_CASE(terminals_that_cannot_are_refused) {
  in_namespace([] {
    PseudoTerminal pipe{command + " --watch 127.0.0.1 | cat; exit", {}};
    BOOST_TEST(pipe.writes("--watch needs a terminal as the standard output"));
    PseudoTerminal unknown{"env TERM=nosuchterminal " + command + " --watch 127.0.0.1", {}};
    BOOST_TEST(unknown.end() == 4);
    BOOST_TEST(unknown.output().find("TERM=nosuchterminal") != std::string::npos);
    BOOST_TEST(unknown.restored());
    PseudoTerminal dumb{"env TERM=dumb " + command + " --watch 127.0.0.1", {}};
    BOOST_TEST(dumb.end() == 4);
    BOOST_TEST(dumb.restored());
  });
}

BOOST_AUTO_TEST_CASE(a_page_and_a_histogram_come_at_the_end) {
  in_namespace([] {
    const auto page = std::filesystem::temp_directory_path() / ("multiping-report-" + std::to_string(::getpid()));
    PseudoTerminal terminal{
        command + " -c 3 -p 20 -q --histogram-hosts --report " + page.string() + " 127.0.0.1 127.0.0.2",
        {.columns = 60, .rows = 50}};
    BOOST_TEST(terminal.end() == 0);
    BOOST_TEST(terminal.screen().text().find("all hosts: 6 answers") != std::string::npos);
    BOOST_TEST(terminal.screen().text().find("127.0.0.2: 3 answers") != std::string::npos);
    BOOST_TEST(terminal.screen().text().find("█") != std::string::npos);
    const std::string html = multiping::test::read_file(page);
    std::filesystem::remove(page);
    BOOST_TEST(html.find("<bdi>127.0.0.2</bdi>") != std::string::npos);
    BOOST_TEST(html.find("<dt>Alive</dt><dd class=\"good\">2 of 2</dd>") != std::string::npos);
    BOOST_TEST(html.substr(html.size() - 8) == "</html>\n");
    PseudoTerminal refused{command + " --report /nosuchfolder/page.html 127.0.0.1", {}};
    BOOST_TEST(refused.end() == 4);
    BOOST_TEST(refused.output().find("cannot write to /nosuchfolder/page.html") != std::string::npos);
  });
}

BOOST_AUTO_TEST_SUITE_END()
