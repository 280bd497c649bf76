// Tests of ProbeSerialTable: values with gaps, out of order, and removed from the front.
// The serials are those of an object's moving window.
#include "net/probe_serial_table.hpp"

#include <boost/test/unit_test.hpp>

using multiping::net::ProbeSerialTable;

BOOST_AUTO_TEST_SUITE(probe_serial_table_test)

BOOST_AUTO_TEST_CASE(nothing_is_found_in_an_empty_one) {
  ProbeSerialTable<int> map;
  BOOST_TEST(map.empty());
  BOOST_TEST((map.find(0) == nullptr));
}

BOOST_AUTO_TEST_CASE(it_begins_with_the_first_serial_that_comes) {
  ProbeSerialTable<int> map;
  map.put(1'000'000'000'000, 5);
  BOOST_TEST(map.size() == 1U);
  BOOST_TEST(*map.find(1'000'000'000'000) == 5);
  BOOST_TEST((map.find(999'999'999'999) == nullptr));
  BOOST_TEST((map.find(1'000'000'000'001) == nullptr));
}

BOOST_AUTO_TEST_CASE(gaps_hold_a_default_value) {
  ProbeSerialTable<int> map;
  map.put(10, 1);
  map.put(13, 4);
  BOOST_TEST(*map.find(11) == 0);
  BOOST_TEST(*map.find(13) == 4);
  BOOST_TEST(map.end() == 14U);
}

BOOST_AUTO_TEST_CASE(serials_may_come_out_of_order) {
  ProbeSerialTable<int> map;
  map.put(10, 1);
  map.put(7, 2);
  map.put(8, 3);
  BOOST_TEST(map.first() == 7U);
  BOOST_TEST(*map.find(7) == 2);
  BOOST_TEST(*map.find(8) == 3);
  BOOST_TEST(*map.find(9) == 0);
  BOOST_TEST(*map.find(10) == 1);
}

BOOST_AUTO_TEST_CASE(the_front_goes_and_the_rest_stays) {
  ProbeSerialTable<int> map;
  map.put(5, 0);
  map.put(6, 1);
  map.put(7, 2);
  map.pop_front();
  BOOST_TEST((map.find(5) == nullptr));
  BOOST_TEST(*map.find(6) == 1);
  map.pop_front();
  map.pop_front();
  BOOST_TEST(map.empty());
  map.put(100, 9);
  BOOST_TEST(map.first() == 100U);
}

BOOST_AUTO_TEST_SUITE_END()
