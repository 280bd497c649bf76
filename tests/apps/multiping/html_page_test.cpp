// Checks the page of --report: well-formed, nothing fetched, names escaped, size bounded; in a browser where there is
// one.
#include "apps/multiping/html_page.hpp"

#include <boost/test/unit_test.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "apps/multiping/html_chart.hpp"
#include "apps/multiping/html_text.hpp"
#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(html_page_test)

namespace {

using namespace multiping;           // NOLINT(google-build-using-namespace)
using namespace multiping::command;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

/// A reader of XML without DTD: nothing where the text is well-formed, else what is wrong.
class Checker {
 public:
  explicit Checker(std::string_view text) : text_{text} {}

  std::optional<std::string> error() {
    constexpr std::string_view type = "<!DOCTYPE html>";
    if (text_.starts_with(type)) text_.remove_prefix(type.size());
    while (!text_.empty() && error_.empty()) step();
    if (error_.empty() && !open_.empty()) error_ = "not closed: " + open_.back();
    if (error_.empty()) return std::nullopt;
    return error_ + " before: " + std::string{text_.substr(0, 60)};
  }

 private:
  void step() {
    if (text_.front() == '&') return entity();
    if (text_.front() != '<') return text_.remove_prefix(1);
    tag();
  }

  void entity() {
    static const std::regex known{"^&(amp|lt|gt|quot|#39);"};
    std::cmatch match;
    const std::size_t length = std::min<std::size_t>(text_.size(), 8);
    if (!std::regex_search(text_.data(), text_.data() + length, match, known)) return fail("a bare &");
    text_.remove_prefix(static_cast<std::size_t>(match.length()));
  }

  std::string name() {
    std::size_t length = 0;
    while (length < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[length])) || text_[length] == '-' || text_[length] == ':'))
      ++length;
    const std::string found{text_.substr(0, length)};
    text_.remove_prefix(length);
    if (found.empty()) fail("a name is missing");
    return found;
  }

  void spaces() {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) text_.remove_prefix(1);
  }

  bool take(std::string_view wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }

  void attribute() {
    name();
    if (!take("=\"")) return fail("an attribute without quotes");
    while (!text_.empty() && text_.front() != '"' && error_.empty()) {
      if (text_.front() == '<') return fail("< in an attribute");
      text_.front() == '&' ? entity() : text_.remove_prefix(1);
    }
    take("\"");
  }

  void tag() {
    if (take("</")) {
      const std::string closed = name();
      if (open_.empty() || open_.back() != closed) return fail("closed but not open: " + closed);
      open_.pop_back();
      if (!take(">")) fail("> is missing");
      return;
    }
    take("<");
    const std::string opened = name();
    for (spaces(); error_.empty() && !text_.empty() && text_.front() != '>' && text_.front() != '/'; spaces())
      attribute();
    if (take("/>")) return;
    if (!take(">")) return fail("> is missing");
    open_.push_back(opened);
  }

  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  std::string_view text_;
  std::vector<std::string> open_{};
  std::string error_{};
};

std::string wrong_with(std::string_view html) { return Checker{html}.error().value_or(""); }

Result reply(Duration time) {
  Result result;
  result.outcome = Outcome::reply;
  result.rtt = time;
  return result;
}

std::vector<SeriesPoint> some_points(int count) {
  ReportSeries series;
  for (int at = 0; at < count; ++at)
    series.add(static_cast<std::uint64_t>(at), at % 10 == 3 ? Duration{-1} : Duration{(1 + at % 5) * 1ms});
  return {series.points().begin(), series.points().end()};
}

PageHost host_named(std::string name) {
  return {.name = std::move(name),
          .address = "192.0.2.1",
          .sent = 50,
          .received = 45,
          .least = 1ms,
          .mean = 3ms,
          .median = 3ms,
          .p99 = 5ms,
          .most = 5ms,
          .jitter = 1ms,
          .points = some_points(50)};
}

ReportPage page_of(std::vector<std::string> names) {
  ReportPage page{.begun = "2030-01-01 10:00:00 +0000", .ended = "2030-01-01 10:01:00 +0000", .elapsed = 60s};
  page.targets = page.alive = names.size();
  for (int at = 0; at < 45; ++at) page.all.add(reply((1 + at % 5) * 1ms));
  page.over_time = some_points(50);
  for (std::string& name : names) page.hosts.push_back(host_named(std::move(name)));
  return page;
}

const std::vector<std::string> hostile = {"<script>alert(1)</script>",
                                          "a\" onload=\"alert(1)",
                                          "it's & more",
                                          "</table><img src=x>",
                                          "\xff\033[2J",
                                          "]]>--><!--",
                                          "\u202egnp.exe"};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_reader_of_this_test_finds_faults) {
  BOOST_TEST(wrong_with("<a><b/></a>") == "");
  for (const std::string_view bad : {"<a>", "<a></b>", "<a b=c></a>", "<a b=\"<\"/>", "a & b", "<a>&nbsp;</a>", "</a>"})
    BOOST_TEST(wrong_with(bad) != "", bad);
}

BOOST_AUTO_TEST_CASE(the_page_is_well_formed) {
  BOOST_TEST(wrong_with(html_page(page_of({"a.example", "b.example"}))) == "");
  BOOST_TEST(wrong_with(html_page(ReportPage{})) == "");
  ReportPage silent = page_of({"a.example"});
  silent.alive = 0;
  silent.not_found = 1;
  silent.complete = false;
  silent.hosts[0] = {.name = "a.example", .sent = 3};
  silent.hosts.push_back({.name = "nosuch.example", .found = false});
  silent.over_time.clear();
  silent.all = {};
  const std::string html = html_page(silent);
  BOOST_TEST(wrong_with(html) == "");
  BOOST_TEST(html.find("the run was not complete") != std::string::npos);
  BOOST_TEST(html.find("No answers.") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_is_fetched_and_nothing_runs) {
  const std::string html = html_page(page_of({"a.example"}));
  BOOST_TEST(html.find("default-src 'none'; style-src 'unsafe-inline'") != std::string::npos);
  for (const std::string_view part :
       {"<script", "<link", "<img", "url(", "@import", "src=", "href=", "<iframe", "onclick"})
    BOOST_TEST(html.find(part) == std::string::npos, part);
  static const std::regex address{R"re((https?:)?//[a-z])re"};
  std::string without_name = html;
  const std::string_view name_space = "http://www.w3.org/1999/xhtml";  // a name, which nobody fetches
  without_name.erase(without_name.find(name_space), name_space.size());
  BOOST_TEST(!std::regex_search(without_name, address));
}

BOOST_AUTO_TEST_CASE(it_fits_phones_paper_and_the_dark) {
  const std::string html = html_page(page_of({"a.example"}));
  for (const std::string_view part : {"name=\"viewport\" content=\"width=device-width", "prefers-color-scheme: dark",
                                      "@media print", "<meta charset=\"utf-8\"/>", "lang=\"en\""})
    BOOST_TEST(html.find(part) != std::string::npos, part);
}

BOOST_AUTO_TEST_CASE(names_are_text_whatever_they_are) {
  const std::string html = html_page(page_of(hostile));
  BOOST_TEST(wrong_with(html) == "");
  BOOST_TEST(html.find("<script") == std::string::npos);
  BOOST_TEST(html.find("<img") == std::string::npos);
  BOOST_TEST(html.find('\033') == std::string::npos);
  BOOST_TEST(html.find("\u202e") == std::string::npos);
  BOOST_TEST(html.find("&lt;script&gt;alert(1)&lt;/script&gt;") != std::string::npos);
  BOOST_TEST(escaped("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
}

BOOST_AUTO_TEST_CASE(a_row_has_its_rank_for_each_order) {
  ReportPage page = page_of({"b.example", "a.example"});
  page.hosts[1].received = 50;
  const std::string html = html_page(page);
  BOOST_TEST(html.find("style=\"--list:0;--name:1;--loss:0;") != std::string::npos);
  BOOST_TEST(html.find("style=\"--list:1;--name:0;--loss:1;") != std::string::npos);
  BOOST_TEST(count_of(html, "type=\"radio\"") == 8U);
}

BOOST_AUTO_TEST_CASE(a_thousand_hosts_make_a_page_of_a_few_megabytes) {
  ReportPage page = page_of(std::vector<std::string>(1000, "a-host-with-a-long-name.example.net"));
  for (PageHost& host : page.hosts) host.points = thinned(some_points(240), 100);
  const std::string html = html_page(page);
  BOOST_TEST(html.size() < 6'000'000U);
  BOOST_TEST(count_of(html, "<tr ") == 1001U);
  page.targets = 5000;
  BOOST_TEST(html_page(page).find("The 1000 with the most loss, of 5000.") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_series_stays_bounded_and_loses_nothing) {
  ReportSeries series;
  for (std::uint64_t at = 0; at < 100'000; ++at) series.add(at, at % 4 == 0 ? Duration{-1} : Duration{at + 1});
  BOOST_TEST(series.points().size() <= ReportSeries::most_points);
  BOOST_TEST(series.points().size() > ReportSeries::most_points / 3);
  SeriesPoint all;
  for (const SeriesPoint& point : series.points()) all.add(point);
  BOOST_TEST(all.answered == 75'000U);
  BOOST_TEST(all.lost == 25'000U);
  BOOST_TEST(all.least.count() == 2);
  BOOST_TEST(all.most.count() == 100'000);
  BOOST_TEST(thinned(series.points(), 10).size() <= 10U);
  BOOST_TEST(thinned({}, 10).empty());
}

BOOST_AUTO_TEST_CASE(places_may_come_in_any_order) {
  ReportSeries series;
  series.add(1000, 1ms);
  series.add(0, 2ms);
  series.add(std::uint64_t{1} << 40U, 3ms);
  BOOST_TEST(series.points().size() <= ReportSeries::most_points);
  BOOST_TEST(series.points()[0].answered == 2U);
}

BOOST_AUTO_TEST_CASE(strips_show_where_probes_were_lost) {
  std::vector<SeriesPoint> points(10);
  for (SeriesPoint& point : points) point.add(1ms);
  points[4].add(Duration{-1});
  points[7] = {.lost = 3};
  points[8] = {};  // nothing was sent
  const std::string strip = strip_html(points, "x");
  BOOST_TEST(count_of(strip, "<rect") == 2U);  // as many were lost as answered in 4, all in 7
  BOOST_TEST(strip.find("<rect class=\"many\" x=\"4\" width=\"1\"") != std::string::npos);
  BOOST_TEST(strip.find("<rect class=\"many\" x=\"7\" width=\"2\"") != std::string::npos);
}

/// The page as a browser sees it. A browser is an extra: where there is none, the tests above stand alone.
BOOST_AUTO_TEST_CASE(a_browser_reads_it_as_it_is_meant, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace(
      [] {
        const bool small = test::try_run("command -v chromium-headless-shell");
        if (!small && !test::try_run("command -v chromium")) {
          BOOST_TEST_MESSAGE("chromium is not installed: the page is checked by its text alone");
          return;
        }
        const auto folder = std::filesystem::temp_directory_path() / ("multiping-page-" + std::to_string(::getpid()));
        std::filesystem::create_directory(folder);
        test::write_file(folder / "page.html", html_page(page_of(hostile)));
        const std::string browser =
            "HOME=" + folder.string() + " timeout -k 5 60 " +
            (small ? "chromium-headless-shell" : "chromium --headless") +
            " --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=" + (folder / "profile").string();
        const std::string at = " file://" + (folder / "page.html").string() + " >";
        test::run(browser + " --dump-dom" + at + (folder / "dom").string() + " 2>/dev/null");
        test::run(browser + " --window-size=390,844 --screenshot=" + (folder / "page.png").string() + at +
                  "/dev/null 2>&1");
        test::run(browser + " --print-to-pdf=" + (folder / "page.pdf").string() + at + "/dev/null 2>&1");
        const std::string dom = test::read_file(folder / "dom");
        const std::string picture = test::read_file(folder / "page.png");
        const std::string paper = test::read_file(folder / "page.pdf");
        std::filesystem::remove_all(folder);
        BOOST_TEST(count_of(dom, "<tr ") == hostile.size() + 1);
        BOOST_TEST(count_of(dom, "<bdi>") == 2 * hostile.size());  // in the table, and over the charts
        BOOST_TEST(count_of(dom, "<script") + count_of(dom, "<img") == 0U);
        BOOST_TEST(count_of(dom, "<path class=\"mean\"") == hostile.size() + 1);
        BOOST_TEST(picture.substr(1, 3) == "PNG");
        BOOST_TEST(picture.size() > 10'000U);  // not blank
        BOOST_TEST(paper.starts_with("%PDF"));
        BOOST_TEST(paper.size() > 10'000U);
      },
      std::chrono::seconds{180});
}

BOOST_AUTO_TEST_SUITE_END()
