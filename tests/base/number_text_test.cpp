// Tests numbers as text: the shortest text that reads back the same, and text with a fixed number of decimals.
#include "base/number_text.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(number_text_test)

using namespace multiping;

BOOST_AUTO_TEST_CASE(shortest) {
  BOOST_TEST(number_text(0.5) == "0.5");
  BOOST_TEST(number_text(-1000) == "-1000");
  BOOST_TEST(number_text(1e300) == "1e+300");
  BOOST_TEST(number_text(std::numeric_limits<double>::infinity()) == "inf");
  BOOST_TEST(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

BOOST_AUTO_TEST_CASE(an_exponent_only_where_there_were_many_zeros) {
  BOOST_TEST(number_text(0) == "0");
  BOOST_TEST(number_text(2'000'000) == "2000000");
  BOOST_TEST(number_text(9e20) == "900000000000000000000");
  BOOST_TEST(number_text(1e21) == "1e+21");
  BOOST_TEST(number_text(0.000016) == "0.000016");
  BOOST_TEST(number_text(-0.000001) == "-0.000001");
  BOOST_TEST(number_text(0.0000001) == "1e-07");
}

BOOST_AUTO_TEST_CASE(with_digits_after_the_point) {
  BOOST_TEST(fixed_text(1.0005, 3) == "1.000");  // its binary value is a little less
  BOOST_TEST(fixed_text(-std::numeric_limits<double>::max(), 3).size() == 314U);
}

BOOST_AUTO_TEST_CASE(every_number_is_read_back) {
  std::mt19937_64 random{5};
  for (int i = 0; i < 1000; ++i) {
    const double number = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 130);
    BOOST_TEST(std::stod(number_text(number)) == number);
  }
}

BOOST_AUTO_TEST_SUITE_END()
