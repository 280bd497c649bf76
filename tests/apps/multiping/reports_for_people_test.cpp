// Checks when there are colours, a progress line and a summary, and which views are refused.
#include "apps/multiping/reports_for_people.hpp"

#include <fcntl.h>

#include <boost/test/unit_test.hpp>
#include <stdexcept>

#include "apps/multiping/line_colours.hpp"

BOOST_AUTO_TEST_SUITE(reports_for_people_test)

namespace {

using namespace multiping::command;

bool colors(ColorFacts facts) { return use_colors(facts); }

CommandOptions with(Mode mode) {
  CommandOptions options;
  options.mode = mode;
  options.count = 3;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(colours_come_on_a_terminal_alone) {
  BOOST_TEST(colors({.terminal = true}));
  BOOST_TEST(!colors({.terminal = false}));
  BOOST_TEST(!colors({.terminal = true, .no_color = true}));
  BOOST_TEST(!colors({.terminal = true, .dumb = true}));
  BOOST_TEST(!colors({.choice = ColorChoice::never, .terminal = true}));
  BOOST_TEST(colors({.choice = ColorChoice::always, .terminal = false, .no_color = true}));
}

BOOST_AUTO_TEST_CASE(pipes_of_fping_and_check_icmp_are_never_coloured) {
  for (const Personality personality : {Personality::fping, Personality::check_icmp}) {
    BOOST_TEST(!colors({.choice = ColorChoice::always, .personality = personality, .terminal = false}));
    BOOST_TEST(!colors({.personality = personality, .terminal = true}));
    BOOST_TEST(colors({.choice = ColorChoice::always, .personality = personality, .terminal = true}));
  }
}

BOOST_AUTO_TEST_CASE(colours_stand_around_the_text) {
  BOOST_TEST(painted(Ink::good, "up") == "\033[32mup\033[0m");
  BOOST_TEST(painted(Ink::plain, "up") == "up");
}

BOOST_AUTO_TEST_CASE(progress_and_summary_come_on_a_terminal_for_multiping_alone) {
  CommandOptions options = with(Mode::count);
  BOOST_TEST(shows_progress({options, true}));
  BOOST_TEST(shows_summary({options, true}));
  BOOST_TEST(!shows_progress({options, false}));
  BOOST_TEST(!shows_summary({options, false}));
  options.personality = Personality::fping;
  BOOST_TEST(!shows_progress({options, true}));
  BOOST_TEST(!shows_summary({options, true}));
  BOOST_TEST(!shows_progress({with(Mode::trace), true}));
}

BOOST_AUTO_TEST_CASE(nothing_comes_twice) {
  CommandOptions options = with(Mode::loop);
  BOOST_TEST(!shows_progress({options, true}));  // a line for each probe says it
  options.printing.quiet = true;
  BOOST_TEST(shows_progress({options, true}));
  BOOST_TEST(!shows_summary({options, true}));
  options = with(Mode::once);
  options.printing.statistics = true;
  BOOST_TEST(!shows_summary({options, true}));
  options.format = Format::json;
  BOOST_TEST(!shows_progress({options, true}));
}

BOOST_AUTO_TEST_CASE(views_that_do_not_fit_are_refused) {
  Output out{::open("/dev/null", O_WRONLY | O_CLOEXEC), "nothing"};
  const Outputs outputs{.out = out, .err = out};
  CommandOptions options = with(Mode::loop);
  options.views.watch = true;
  BOOST_CHECK_THROW(check_views(options, outputs), std::invalid_argument);  // no terminal
  options = with(Mode::count);
  options.views.histogram = true;
  check_views(options, outputs);
  options.format = Format::json;
  BOOST_CHECK_THROW(check_views(options, outputs), std::invalid_argument);
  options = with(Mode::trace);
  options.views.report = "/tmp/page.html";
  BOOST_CHECK_THROW(check_views(options, outputs), std::invalid_argument);
  options.mode = Mode::once;
  options.format = Format::json;
  check_views(options, outputs);  // lines for programs and a page for people
}

BOOST_AUTO_TEST_SUITE_END()
