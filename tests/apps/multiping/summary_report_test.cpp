// Checks the lines at the end of a run and the progress line.
#include "apps/multiping/summary_report.hpp"

#include <boost/test/unit_test.hpp>

#include "apps/multiping/progress_report.hpp"

BOOST_AUTO_TEST_SUITE(summary_report_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

HostFigures figures(int received, int sent) {
  HostFigures result;
  for (int at = 0; at < received; ++at) result.all.add_answer(2ms);
  for (int at = received; at < sent; ++at) result.all.add_loss();
  return result;
}

/// Three hosts: all answered, some, none; and one name that has no address.
RunFigures example(const CommandOptions& options) {
  RunFigures view{.options = &options};
  view.targets = {{.host = "a.example"}, {.host = "bad name"}, {.host = "c.example"}};
  view.figures = {figures(10, 10), figures(7, 10), figures(0, 10)};
  view.unresolved = {{.host = "nosuch.example"}};
  view.totals = {.targets = 3, .alive = 2, .sent = 30, .received = 17, .elapsed = 10500ms};
  for (int at = 0; at < 17; ++at) view.totals.times.add_answer(2ms);
  return view;
}

CommandOptions ten_probes() {
  CommandOptions options;
  options.mode = Mode::count;
  options.count = 10;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_summary_tells_hosts_probes_and_the_worst) {
  const CommandOptions options = ten_probes();
  BOOST_TEST(summary_text(example(options), false) ==
             "4 hosts: 2 alive, 1 without an answer, 1 not found; 10.5 s\n"
             "30 probes, 17 answers, 43.3 % lost; min/mean/max 2.00/2.00/2.00 ms\n"
             "most loss: \"bad name\" 30 %\n");
}

BOOST_AUTO_TEST_CASE(a_run_that_was_stopped_says_so) {
  const CommandOptions options = ten_probes();
  RunFigures view = example(options);
  view.stopped = true;
  BOOST_TEST(summary_text(view, false).find("10.5 s, stopped early\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_probes_there_are_no_shares) {
  const CommandOptions options;
  RunFigures view{.options = &options};
  view.totals.targets = 2;
  BOOST_TEST(summary_text(view, false) == "2 hosts: 0 alive, 2 without an answer; 0.0 s\n");
}

BOOST_AUTO_TEST_CASE(colours_are_an_extra) {
  const CommandOptions options = ten_probes();
  const std::string text = summary_text(example(options), true);
  BOOST_TEST(text.find("\033[32m2 alive\033[0m") != std::string::npos);
  BOOST_TEST(text.find("\033[31m1 without an answer\033[0m") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_lossy_hosts_are_counted) {
  const CommandOptions options = ten_probes();
  RunFigures view{.options = &options};
  for (int at = 0; at < 8; ++at) {
    view.targets.push_back({.host = "h" + std::to_string(at)});
    view.figures.push_back(figures(9 - at, 10));
  }
  BOOST_TEST(summary_text(view, false).find("most loss: h7 80 %, h6 70 %, h5 60 %, h4 50 %, h3 40 %, and 3 more\n") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(progress_has_share_rate_and_time_left) {
  BOOST_TEST(progress_text({.done = 1200, .total = 5000, .answered = 1100, .elapsed = 3s, .planned = 10s}) ==
             "hosts 1200/5000 24 %, 1100 alive, 400/s, 00:07 left");
  BOOST_TEST(progress_text({.done = 50, .total = 100, .answered = 49, .rounds = true, .elapsed = 10s, .planned = 5s}) ==
             "probes 50/100 50 %, 49 answered, 5/s, 00:10 left");  // after the plan, by the rate
  BOOST_TEST(progress_text({.done = 7200, .answered = 7200, .rounds = true, .elapsed = 3600s}) ==
             "probes 7200, 7200 answered, 2/s, 1:00:00");
  BOOST_TEST(progress_text({.done = 0, .total = 5, .elapsed = 3s, .planned = 1s}) ==
             "hosts 0/5 0 %, 0 alive, 0/s, 00:00 left");
}

BOOST_AUTO_TEST_CASE(the_plan_comes_from_the_options) {
  CommandOptions options = ten_probes();
  options.timeout = 1s;
  BOOST_TEST(planned_time(options, 5).count() == Duration{10s}.count());  // nine periods and a wait
  options.interval = 1s;                                                  // five targets: a period of five seconds
  BOOST_TEST(planned_time(options, 5).count() == Duration{51s}.count());
  options.mode = Mode::once;
  options.interval = 10ms;
  options.retry = 1;
  options.backoff = 2;
  BOOST_TEST(planned_time(options, 100).count() == Duration{4s}.count());
}

BOOST_AUTO_TEST_SUITE_END()
