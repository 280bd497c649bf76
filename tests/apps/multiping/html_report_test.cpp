// Checks what --report collects: figures of each host, long lists, blocks in parts, and the file that is replaced.
#include "apps/multiping/html_report.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

BOOST_AUTO_TEST_SUITE(html_report_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A run of one probe for each target, and the folder of its page.
struct Run {
  CommandOptions options{};
  RunFigures view{.options = &options};
  fs::path folder = fs::temp_directory_path() / ("multiping-html-" + std::to_string(::getpid()));
  fs::path path = folder / "page.html";

  Run() { fs::create_directory(folder); }
  ~Run() { fs::remove_all(folder); }

  void take_targets(const std::string& prefix, std::size_t count) {
    view.targets.assign(count, {});
    view.figures.assign(count, {});
    for (std::size_t at = 0; at < count; ++at) view.targets[at].host = prefix + std::to_string(at) + ".example";
  }
  void tell(Report& report, std::size_t target, bool answered) {
    Result result;
    result.outcome = answered ? Outcome::reply : Outcome::no_reply;
    result.rtt = answered ? Duration{2ms} : Duration{};
    Tally& all = view.figures[target].all;
    answered ? all.add_answer(2ms) : all.add_loss();
    if (answered) ++view.totals.alive;
    const ProbeEvent event{.target = target, .sequence = 0, .result = result};
    answered ? report.answered(event) : report.timed_out(event);
  }
  [[nodiscard]] std::string page() const {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  [[nodiscard]] bool has(const std::string& text) const { return page().find(text) != std::string::npos; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_page_takes_its_place_at_the_end) {
  Run run;
  std::ofstream{run.path} << "an old page";
  HtmlReport report{run.path.string()};
  run.take_targets("h", 2);
  run.view.unresolved = {{.host = "nosuch.example"}};
  run.view.totals.targets = 2;
  report.begin(run.view);
  run.tell(report, 0, true);
  run.tell(report, 1, false);
  BOOST_TEST(run.page() == "an old page");
  report.finish();
  BOOST_TEST(run.has("1 of 2</dd>"));
  BOOST_TEST(run.has("<bdi>h1.example</bdi>"));
  BOOST_TEST(run.has("<bdi>nosuch.example</bdi>"));
  BOOST_TEST(!run.has("was not complete"));
  BOOST_TEST(std::distance(fs::directory_iterator{run.folder}, {}) == 1);  // nothing is left beside it
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_a_page_too) {
  Run run;
  HtmlReport report{run.path.string()};
  run.take_targets("h", 1);
  run.view.totals.targets = 1;
  report.begin(run.view);
  run.tell(report, 0, true);
  report.snapshot({});
  BOOST_TEST(run.has("was not complete"));
  report.finish();
  BOOST_TEST(!run.has("was not complete"));
}

BOOST_AUTO_TEST_CASE(of_a_long_list_the_worst_are_shown) {
  Run run;
  HtmlReport report{run.path.string()};
  run.take_targets("h", most_page_hosts + 500);
  run.view.totals.targets = run.view.targets.size();
  report.begin(run.view);
  for (std::size_t at = 0; at < run.view.targets.size(); ++at) run.tell(report, at, at != most_page_hosts + 400);
  report.finish();
  BOOST_TEST(run.has("The 2000 with the most loss, of 2500."));
  BOOST_TEST(run.has("h2400.example"));
  BOOST_TEST(!run.has("h2300.example"));
  BOOST_TEST(run.page().size() < 5'000'000U);
}

BOOST_AUTO_TEST_CASE(blocks_in_parts_make_one_page) {
  Run run;
  HtmlReport report{run.path.string()};
  run.view.totals.targets = most_page_hosts + 4;
  run.take_targets("first", 2);
  report.begin(run.view);
  run.tell(report, 0, true);
  run.tell(report, 1, false);
  report.part_over();
  run.take_targets("second", most_page_hosts + 2);
  report.begin(run.view);
  for (std::size_t at = 0; at < run.view.targets.size(); ++at) run.tell(report, at, true);
  report.finish();
  BOOST_TEST(run.has("first1.example"));
  BOOST_TEST(run.has("second0.example"));
  BOOST_TEST(run.has("The 2000 with the most loss, of 2004."));
  BOOST_TEST(run.has("2003 of 2004</dd>"));
}

BOOST_AUTO_TEST_CASE(a_path_that_cannot_be_written_is_known_at_once) {
  BOOST_CHECK_THROW(HtmlReport{"/nosuchfolder/page.html"}, std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
