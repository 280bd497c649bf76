// Checks --format openmetrics by the grammar of OpenMetrics 1.0, and by promtool where it is installed.
// The checker of the test knows gauges alone, which is all that multiping writes.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "apps/multiping/command_runs.hpp"
#include "apps/multiping/openmetrics_text.hpp"

BOOST_AUTO_TEST_SUITE(openmetrics_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

/// What is wrong with a page; "" for nothing.
class PageCheck {
 public:
  static std::string fault(const std::string& text) {
    PageCheck check;
    const auto lines = test::lines_of(text);
    if (lines.empty() || lines.back() != "# EOF" || !text.ends_with("\n")) return "no # EOF at the end";
    for (std::size_t at = 0; at + 1 < lines.size(); ++at)
      if (std::string wrong = check.line(lines[at]); !wrong.empty()) return wrong + ": " + lines[at];
    return {};
  }

 private:
  std::string line(const std::string& text) {
    static const std::regex metadata{R"(# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*))"};
    static const std::regex sample{
        R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"(,(?!\}))?)*\})? )"
        R"([+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)"};
    std::smatch parts;
    if (std::regex_match(text, parts, metadata)) return metadata_line(parts[1], parts[2], parts[3]);
    if (!std::regex_match(text, parts, sample)) return "no sample";
    if (parts[1] != family_) return "outside of its family";
    if (!seen_.insert(parts[1].str() + parts[2].str()).second) return "twice";
    return {};
  }

  std::string metadata_line(const std::string& what, const std::string& name, const std::string& value) {
    if (what == "TYPE") {
      if (!families_.insert(name).second) return "a family twice";
      family_ = name;
      return value == "gauge" ? "" : "no gauge";
    }
    if (name != family_) return "another family";
    if (what == "UNIT" && !name.ends_with("_" + value)) return "the name lacks its unit";
    return value.empty() ? "nothing said" : "";
  }

  std::string family_{};
  std::set<std::string> families_{}, seen_{};
};

struct Page {
  CommandOptions options{};
  RunFigures view{.options = &options};
  LastFailures fates{};

  void add(const char* host, const char* address) {
    view.targets.push_back({.host = host, .address = *Address::parse(address)});
    view.figures.emplace_back();
  }
  [[nodiscard]] std::string text() const { return openmetrics_text({.view = view, .fates = fates, .time = {}}); }
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

/// The page that a run prints, after it was checked.
std::string page_of(const std::string& arguments) {
  const auto run = test::command_run("--format openmetrics " + arguments);
  BOOST_TEST(run.err == "");
  BOOST_TEST(PageCheck::fault(run.out) == "");
  return run.out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_checker_finds_what_is_wrong) {
  const std::string head = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds Text.\n";
  BOOST_TEST(PageCheck::fault(head + "a_seconds{b=\"c\"} 1\n# EOF\n") == "");
  BOOST_TEST(PageCheck::fault(head + "a_seconds{b=\"c\"} 1\n") != "");
  BOOST_TEST(PageCheck::fault(head + "a_seconds{b=\"c\"} 1\na_seconds{b=\"c\"} 2\n# EOF\n") != "");
  BOOST_TEST(PageCheck::fault(head + "a_seconds{b=\"c\"d\"} 1\n# EOF\n") != "");
  BOOST_TEST(PageCheck::fault(head + "a_seconds 1,5\n# EOF\n") != "");
  BOOST_TEST(PageCheck::fault(head + "b_seconds 1\n# EOF\n") != "");
  BOOST_TEST(PageCheck::fault("# TYPE a gauge\n# UNIT a seconds\n# EOF\n") != "");
}

BOOST_AUTO_TEST_CASE(labels_are_escaped) {
  BOOST_TEST(label_value("a") == "\"a\"");
  BOOST_TEST(label_value("a\"\\\nb") == R"("a\"\\\nb")");
  BOOST_TEST(label_value("\xFF") == "\"\xEF\xBF\xBD\"");
}

BOOST_AUTO_TEST_CASE(a_page_has_base_units_and_reasons) {
  Page page;
  page.add("www.example.org", "192.0.2.1");
  page.add("a\"b", "192.0.2.2");
  page.view.figures[0].all.add_answer(1500us);
  page.view.figures[1].all.add_loss();
  const Result lost{.outcome = Outcome::no_reply, .cause = Cause::gateway_silent};
  page.fates.failed({.target = 1, .result = lost}, 2);
  page.view.unresolved.push_back({.host = "nosuch"});
  const std::string text = page.text();
  BOOST_TEST(PageCheck::fault(text) == "");
  const std::string first = R"({host="www.example.org",address="192.0.2.1",protocol="icmp"})";
  BOOST_TEST(has_line(text, "multiping_up" + first + " 1"));
  BOOST_TEST(has_line(text, "multiping_rtt_mean_seconds" + first + " 0.0015"));
  BOOST_TEST(has_line(text, "multiping_loss_ratio" + first + " 0"));
  BOOST_TEST(has_line(text, R"(multiping_failure{host="a\"b",address="192.0.2.2",protocol="icmp",)"
                            R"(outcome="no-reply",cause="gateway-silent"} 1)"));
  BOOST_TEST(has_line(text, R"(multiping_up{host="nosuch",address="",protocol="icmp"} 0)"));
}

BOOST_AUTO_TEST_CASE(a_target_that_is_listed_twice_is_one_sample) {
  Page page;
  page.options.probe.protocol = Protocol::tcp;
  page.add("h", "192.0.2.1");
  page.add("h", "192.0.2.1");
  page.view.statistics.resize(2);
  for (std::size_t at = 0; at < 2; ++at) {
    const Duration rtt = at == 0 ? 3ms : 1ms;
    page.view.figures[at].all.add_answer(rtt);
    page.view.statistics[at].add({.outcome = Outcome::reply, .rtt = rtt});
  }
  const std::string text = page.text(), labels = R"({host="h",address="192.0.2.1",protocol="tcp",port="80"})";
  BOOST_TEST(PageCheck::fault(text) == "");
  BOOST_TEST(has_line(text, "multiping_sent_probes" + labels + " 2"));
  BOOST_TEST(has_line(text, "multiping_rtt_min_seconds" + labels + " 0.001"));
  BOOST_TEST(has_line(text, "multiping_rtt_stddev_seconds" + labels + " 0.001"));
}

BOOST_AUTO_TEST_CASE(states_of_hosts_and_groups_are_samples) {
  Page page;
  page.add("web1", "192.0.2.1");
  page.view.groups = {{}, {.name = "rack\"7"}};
  page.view.targets[0].group = 1;
  HealthFacts health;
  take_list(page.view, health);
  const Result answer{.host = "web1", .outcome = Outcome::reply};
  for (int round = 0; round < 2; ++round) static_cast<void>(observe_round(health, {&answer, 1}));
  const std::string text = openmetrics_text({.view = page.view, .fates = page.fates, .time = {}, .health = &health});
  BOOST_TEST(PageCheck::fault(text) == "");
  BOOST_TEST(has_line(text, R"(multiping_host_state{host="web1",state="up"} 1)"));
  BOOST_TEST(has_line(text, R"(multiping_host_state{host="web1",state="down"} 0)"));
  BOOST_TEST(has_line(text, R"(multiping_group_state{group="rack\"7",state="up"} 1)"));
  BOOST_TEST(has_line(text, R"(multiping_group_up_hosts{group="rack\"7"} 1)"));
  BOOST_TEST(has_line(text, R"(multiping_group_hosts{group="rack\"7"} 1)"));
}

BOOST_AUTO_TEST_CASE(real_runs_are_pages, *boost::unit_test::precondition(test::needs_command_network)) {
  test::in_namespace([] {
    test::make_command_network();
    const std::string rounds = page_of("-c 2 -p 50 -t 300 10.2.0.2 10.2.0.2 10.9.0.1 10.7.0.1 10.1 fd02::2");
    BOOST_TEST(has_line(rounds, R"(multiping_run_targets{state="alive"} 3)"));
    BOOST_TEST(has_line(rounds, R"(multiping_answered_probes{host="10.2.0.2",address="10.2.0.2",protocol="icmp"} 4)"));
    BOOST_TEST(rounds.find(R"(outcome="unreachable")") != std::string::npos);
    BOOST_TEST(page_of("-r 0 -t 200 --tcp 9 10.2.0.2 10.2.0.2:80").find("port=\"80\"") != std::string::npos);
    BOOST_TEST(page_of("--trace --no-names 10.2.0.2").find("multiping_route_hops{") != std::string::npos);
    BOOST_TEST(page_of("--mtu 10.2.0.2").find(R"(protocol="icmp"} 1500)") != std::string::npos);
    page_of("10.1");
    BOOST_TEST(page_of("--wait 1 --within 10 10.2.0.2").find("multiping_up{") != std::string::npos);
  });
}

/// The older text format, which promtool reads, takes the same page. Prometheus is large, so nothing asks for it.
BOOST_AUTO_TEST_CASE(promtool_accepts_the_pages, *boost::unit_test::precondition(test::needs_command_network)) {
  if (test::shell_run("command -v promtool").status != 0) {
    BOOST_TEST_MESSAGE("SKIPPED: promtool is not installed");
    return;
  }
  test::in_namespace([] {
    test::make_command_network();
    const test::TestFolder folder;
    const std::string health = "-r 0 127.0.0.1 --health " + (folder / "state");
    for (const char* arguments : {"-c 2 -p 50 -t 300 10.2.0.2 10.9.0.1 10.7.0.1 10.1", "-r 0 --tcp 9 10.2.0.2",
                                  "--trace --no-names 10.2.0.2", "--mtu 10.2.0.2", health.c_str()}) {
      const auto said = test::shell_run(std::string{MULTIPING_COMMAND} + " --format openmetrics " + arguments +
                                        " | promtool check metrics");
      BOOST_TEST(said.status == 0, arguments);
      BOOST_TEST(said.out + said.err == "", arguments);
    }
  });
}

/// At any time the file has a whole page, and no other file stays.
BOOST_AUTO_TEST_CASE(a_collector_never_sees_a_part_of_the_file, *boost::unit_test::precondition(test::needs_root)) {
  test::in_namespace([] {
    const test::TestFolder folder;
    const std::string file = folder / "multiping.prom";
    const auto run =
        test::shell_run(std::string{MULTIPING_COMMAND} + " --format openmetrics -c 12 -p 100 -Q 0.1 --output " + file +
                        " 127.0.0.1 &\nseen=0\nwhile kill -0 $! 2>/dev/null; do\n  if [ -e " + file +
                        " ]; then tail -n 1 " + file + "; seen=$((seen + 1)); fi\ndone\nwait $!\necho ended $?");
    std::map<std::string, int> last_lines;
    for (const std::string& line : test::lines_of(run.out)) ++last_lines[line];
    BOOST_TEST(last_lines.size() == 2U);
    BOOST_TEST(last_lines["# EOF"] > 1);
    BOOST_TEST(last_lines["ended 0"] == 1);
    BOOST_TEST(PageCheck::fault(test::read_file(file)) == "");
    BOOST_TEST(test::shell_run("ls -a " + (folder / ".") + " | wc -l").out == "3\n");
  });
}

BOOST_AUTO_TEST_SUITE_END()
