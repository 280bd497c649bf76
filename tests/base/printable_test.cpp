// Tests how messages show text from outside: unchanged where that is safe, else quoted and escaped.
#include <boost/test/unit_test.hpp>

#include "multiping/result.hpp"

using namespace multiping;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(readable_text)

BOOST_AUTO_TEST_CASE(plain_text_stays) {
  BOOST_TEST(printable("host.example") == "host.example");
  BOOST_TEST(printable("fe80::1%eth0") == "fe80::1%eth0");
  BOOST_TEST(printable("m\xc3\xbcnchen.example") == "m\xc3\xbcnchen.example");
}

BOOST_AUTO_TEST_CASE(odd_text_is_quoted) {
  BOOST_TEST(printable("") == R"("")");
  BOOST_TEST(printable("1.2.3.4 junk") == R"("1.2.3.4 junk")");
  BOOST_TEST(printable(R"(a"b\c)") == R"("a\"b\\c")");
}

BOOST_AUTO_TEST_CASE(control_characters_are_escaped) {
  BOOST_TEST(printable("a\0b"s) == R"("a\x00b")");
  BOOST_TEST(printable("\x1b[2J\n\x7f") == R"("\x1b[2J\x0a\x7f")");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf_8_is_escaped) {
  BOOST_TEST(printable("a\x9b"
                       "2J") == R"("a\x9b2J")");
  BOOST_TEST(printable("\xc3") == R"("\xc3")");
  BOOST_TEST(printable("\xc3(") == R"("\xc3(")");
  BOOST_TEST(printable("\xff\xc0\xaf") == R"("\xff\xc0\xaf")");
  BOOST_TEST(printable("\xe0\x82\x9b") == R"("\xe0\x82\x9b")");
  BOOST_TEST(printable("\xe2\x82\xac\xf0\x9f\x9a\x80") == "\xe2\x82\xac\xf0\x9f\x9a\x80");
}

BOOST_AUTO_TEST_CASE(the_controls_of_latin_1_are_escaped_too) {
  BOOST_TEST(printable("\xc2\x9b"
                       "2J") == R"("\xc2\x9b2J")");
  BOOST_TEST(printable("\xc2\xa0") == "\xc2\xa0");
}

BOOST_AUTO_TEST_SUITE_END()
