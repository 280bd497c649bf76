// Checks numbers, times and strings for programs: exact, in UTF-8, and the same in every locale.
// A locale with a decimal comma is made for the test by localedef(1), in a folder that LOCPATH names.
#include "apps/multiping/exact_number_text.hpp"

#include <boost/test/unit_test.hpp>
#include <clocale>
#include <locale>
#include <string>

#include "apps/multiping/command_runs.hpp"

BOOST_AUTO_TEST_SUITE(exact_number_text_test)

namespace {

using namespace multiping;
using namespace multiping::command;
using namespace std::chrono_literals;

/// Writes numbers as "1.234,5".
struct CommaNumbers : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// The global locale of C++ while the object lives.
class GlobalLocale {
 public:
  explicit GlobalLocale(const std::locale& locale) : before_{std::locale::global(locale)} {}
  GlobalLocale(const GlobalLocale&) = delete;
  GlobalLocale& operator=(const GlobalLocale&) = delete;
  ~GlobalLocale() { std::locale::global(before_); }

 private:
  std::locale before_;
};

/// Makes the locale "comma" of C in a folder; false where localedef is missing.
bool make_comma_locale(const test::TestFolder& folder) {
  test::write_file(folder / "source",
                   "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n");
  // Exit status 1 means that the other categories have no definition.
  const auto made = test::shell_run("localedef -c -i " + (folder / "source") + " " + (folder / "comma"));
  return made.status == 0 || made.status == 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(times_have_all_their_digits_and_no_more) {
  BOOST_TEST(exact_milliseconds(0ns) == "0");
  BOOST_TEST(exact_milliseconds(1ns) == "0.000001");
  BOOST_TEST(exact_milliseconds(35123ns) == "0.035123");
  BOOST_TEST(exact_milliseconds(12ms) == "12");
  BOOST_TEST(exact_milliseconds(1200ms) == "1200");
  BOOST_TEST(exact_milliseconds(-1500us) == "-1.5");
  BOOST_TEST(exact_milliseconds(Duration::max()) == "9223372036854.775807");
  BOOST_TEST(exact_milliseconds(Duration::min()) == "-9223372036854.775808");
  BOOST_TEST(exact_seconds(35123ns) == "0.000035123");
  BOOST_TEST(exact_seconds(86400s + 1ns) == "86400.000000001");
  BOOST_TEST(real_text(0.25) == "0.25");
  BOOST_TEST(real_text(1.0 / 3) == "0.3333333333333333");
  BOOST_TEST(real_text(0) == "0");
}

BOOST_AUTO_TEST_CASE(the_time_of_day_is_utc) {
  BOOST_TEST(utc_text(std::chrono::sys_time<Duration>{0ns}) == "1970-01-01T00:00:00.000000Z");
  BOOST_TEST(utc_text(std::chrono::sys_time<Duration>{1709251199s + 999999999ns}) == "2024-02-29T23:59:59.999999Z");
  BOOST_TEST(utc_text(std::chrono::sys_time<Duration>{-1ns}) == "1969-12-31T23:59:59.999999Z");
}

BOOST_AUTO_TEST_CASE(text_is_always_utf8) {
  BOOST_TEST(utf8_text("plain") == "plain");
  BOOST_TEST(utf8_text("gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
  BOOST_TEST(utf8_text("caf\xE9!") == "caf\xEF\xBF\xBD!");
  BOOST_TEST(utf8_text("\xF0\x9F") == "\xEF\xBF\xBD");
  BOOST_TEST(utf8_text("a\"\\\n") == "a\"\\\n");
  BOOST_TEST(json_quoted("a\"\\\n\x01") == R"("a\"\\\n\u0001")");
  BOOST_TEST(json_quoted(std::string_view{"\0", 1}) == R"("\u0000")");
  BOOST_TEST(json_quoted("\xFF") == "\"\xEF\xBF\xBD\"");
  BOOST_TEST(json_quoted("") == "\"\"");
}

BOOST_AUTO_TEST_CASE(objects_keep_the_order_of_their_members) {
  BOOST_TEST(JsonObject{}.done() == "{}");
  BOOST_TEST(JsonObject{}.text("b", "x").flag("a", false).count("n", 3U).time("t_ms", 1ms).done() ==
             R"({"b": "x", "a": false, "n": 3, "t_ms": 1})");
  BOOST_TEST(JsonArray{}.done() == "[]");
  BOOST_TEST(JsonArray{}.add("1").add("{}").done() == "[1, {}]");
}

BOOST_AUTO_TEST_CASE(no_number_follows_the_locale) {
  const GlobalLocale grouping{std::locale{std::locale::classic(), new CommaNumbers}};
  BOOST_TEST(exact_milliseconds(1234567891ns) == "1234.567891");
  BOOST_TEST(real_text(1234567.5) == "1234567.5");
  BOOST_TEST(JsonObject{}.count("n", 1234567U).done() == R"({"n": 1234567})");
}

/// The program with LC_ALL set to a locale that setlocale() would find, as the first line proves by another program.
BOOST_AUTO_TEST_CASE(the_program_follows_no_locale,
                     *boost::unit_test::precondition(test::needs_root) *
                         boost::unit_test::precondition(test::needs_to_work("command -v localedef"))) {
  test::in_namespace([] {
    const test::TestFolder folder;
    BOOST_REQUIRE(make_comma_locale(folder));
    const std::string environment = "export LC_ALL=comma LANG=comma LOCPATH=" + (folder / ".") + "; ";
    BOOST_TEST(test::shell_run(environment + "/usr/bin/printf '%.1f' 0,5").out == "0,5");
    const auto jsonl = test::shell_run(environment + MULTIPING_COMMAND + " --format jsonl 127.0.0.1");
    BOOST_TEST(jsonl.out.find("\"rtt_ms\": 0.") != std::string::npos, jsonl.out);
    const auto metrics = test::shell_run(environment + MULTIPING_COMMAND + " --format openmetrics 127.0.0.1");
    BOOST_TEST(metrics.out.find("\nmultiping_run_duration_seconds 0.") != std::string::npos, metrics.out);
    const auto csv = test::shell_run(environment + MULTIPING_COMMAND + " --format csv -C 1 127.0.0.1");
    BOOST_TEST(csv.out.find(",icmp,,0,1,0.") != std::string::npos, csv.out);
    const auto line = test::shell_run(environment + MULTIPING_COMMAND + " --as check_icmp -n 2 -i 10 127.0.0.1");
    BOOST_TEST(line.out.find(" rta 0.") != std::string::npos, line.out);
    BOOST_TEST(line.out.find(";200.000;500.000;") != std::string::npos, line.out);
  });
}

BOOST_AUTO_TEST_SUITE_END()
