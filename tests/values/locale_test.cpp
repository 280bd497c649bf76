// Tests that no text of this library depends on the program's locale, in C++ or in C.
// Here the global C++ locale groups digits and has a decimal comma, and so has the C locale.
#include <stdlib.h>
#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>

#include "multiping/multiping.hpp"

BOOST_AUTO_TEST_SUITE(locale_test)

using namespace multiping;
using namespace std::chrono_literals;

/// Writes numbers as "1.234,5".
class GroupedDigits : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// Makes the global C++ locale group digits while this object exists.
class GroupingLocale {
 public:
  GroupingLocale() : before_{std::locale::global(std::locale{std::locale::classic(), new GroupedDigits})} {}
  GroupingLocale(const GroupingLocale&) = delete;
  GroupingLocale& operator=(const GroupingLocale&) = delete;
  ~GroupingLocale() { std::locale::global(before_); }

 private:
  std::locale before_;
};

/// A C locale with a decimal comma. localedef(1) makes it in a folder of its own, which LOCPATH names: locale(7).
class CommaLocale {
 public:
  CommaLocale() {
    std::string folder = (std::filesystem::temp_directory_path() / "multiping_locale_XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return;
    folder_ = folder;
    std::ofstream{folder_ / "source"} << "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\n"
                                         "END LC_NUMERIC\n";
    // Exit status 1 means that the other categories have no definition.
    const std::string make = "localedef -c -i '" + folder + "/source' '" + folder + "/comma' >/dev/null 2>&1";
    const int status = std::system(make.c_str());
    ::setenv("LOCPATH", folder.c_str(), 1);
    works_ = WIFEXITED(status) && WEXITSTATUS(status) <= 1 && std::setlocale(LC_NUMERIC, "comma") != nullptr;
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;
  ~CommaLocale() {
    std::setlocale(LC_NUMERIC, "C");
    ::unsetenv("LOCPATH");
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] bool works() const noexcept { return works_; }

 private:
  std::filesystem::path folder_;
  bool works_ = false;
};

boost::test_tools::assertion_result can_make_a_locale(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result{CommaLocale{}.works()};
  result.message() << "localedef(1) makes no locale here";
  return result;
}

/// The message of the std::invalid_argument that `call` throws.
template <class Call>
std::string complaint(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}
std::string complaint_of(const Options& options) {
  return complaint([&] { const MultiPing batch{{"127.0.0.1"}, options}; });
}
std::string complaint_of(const SeriesOptions& options) {
  return complaint([&] { static_cast<void>(ping_series({"127.0.0.1"}, options)); });
}

template <class Value>
std::string printed(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Statistics thousands() {
  Statistics figures;
  for (int i = 0; i < 1500; ++i)
    figures.add({.outcome = i < 500 ? Outcome::no_reply : Outcome::reply, .rtt = 1234567us});
  return figures;
}

void texts_are_those_of_every_locale() {
  BOOST_TEST(complaint_of(Options{.probe = {.ttl = 99'999}}) == "ProbeOptions::ttl is 99999; it must be 1 to 255");
  BOOST_TEST(complaint_of(Options{.probe = {.payload_size = 70'000}}) ==
             "ProbeOptions::payload_size is 70000; it must be 0 to 65507");
  BOOST_TEST(complaint_of(Options{.threads = -12'345}) == "Options::threads is -12345; it must be 0 or more");
  BOOST_TEST(complaint_of(Options{.max_rate = -1234.5}) ==
             "Options::max_rate is -1234.5; it must be 0 or more, and finite");
  BOOST_TEST(complaint_of(Options{.max_rate = std::numeric_limits<double>::infinity()}) ==
             "Options::max_rate is inf; it must be 0 or more, and finite");
  BOOST_TEST(complaint_of(SeriesOptions{.interval = -1234500us}) ==
             "SeriesOptions::interval is -1234.5 ms; it must be 0 or more");
  BOOST_TEST(complaint([] { static_cast<void>(multi_ping("127.0.0.1", 1500us, 1)); }) ==
             "timeout / (retry + 1) is 0.75 ms; it must be 1 ms or more");
  BOOST_TEST(complaint([] { static_cast<void>(expand("10.0.0.0/1234")); }).find("1.234") == std::string::npos);

  BOOST_TEST(printed(Result{.host = "a", .outcome = Outcome::reply, .rtt = 1234567us, .attempt = 1}) ==
             "a: reply in 1234.567 ms");
  BOOST_TEST(printed(Result{.host = "a", .outcome = Outcome::no_reply, .attempt = 1234}) ==
             "a: no-reply after 1234 attempts");
  BOOST_TEST(printed(thousands()).starts_with("1500 sent, 1000 received, 33.33 % loss"));
  BOOST_TEST(printed(thousands()).ends_with("min/mean/max/stddev 1234.567/1234.567/1234.567/0.000 ms"));
  BOOST_TEST(printed(*Address::parse("fe80::1234%12345")) == "fe80::1234%12345");
  BOOST_TEST(std::error_code(1234567, make_error_code(Errc::no_address).category()).message() ==
             "unknown error 1234567");
}

BOOST_AUTO_TEST_CASE(the_global_locale_of_cpp_groups_no_digits) {
  const GroupingLocale grouping;
  BOOST_REQUIRE_EQUAL(printed(1234567), "1.234.567");
  BOOST_REQUIRE_EQUAL(printed(0.5), "0,5");
  texts_are_those_of_every_locale();
}

BOOST_AUTO_TEST_CASE(the_locale_of_c_makes_no_decimal_comma, *boost::unit_test::precondition(can_make_a_locale)) {
  const CommaLocale comma;
  BOOST_REQUIRE_EQUAL(std::to_string(0.5), "0,500000");
  texts_are_those_of_every_locale();
}

BOOST_AUTO_TEST_SUITE_END()
