// The index of UDP probes: by target and source port, newest first, and given back behind the window.
// What is believed of an answer is tested with the speaker.
#include "net/udp_index.hpp"

#include <boost/test/unit_test.hpp>

using multiping::Address;
using multiping::net::Serial;
using multiping::net::UdpFlight;
using multiping::net::UdpIndex;

BOOST_AUTO_TEST_SUITE(udp_index_test)

namespace {

constexpr std::uint16_t port = 53, local_port = 40'000;
const Address one = Address::v4({192, 0, 2, 1}), two = Address::v4({192, 0, 2, 2});

void add(UdpIndex& index, Serial serial, const Address& to, std::uint16_t from = local_port) {
  index.add({.serial = serial, .to = &to}, {.port = port, .local_port = from});
}

std::vector<Serial> known(UdpIndex& index, const Address& from, std::uint16_t at = local_port) {
  std::vector<Serial> serials;
  index.any(from, port, at, [&](Serial serial, const UdpFlight&) {
    serials.push_back(serial);
    return false;
  });
  return serials;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_probes_of_a_target_come_newest_first) {
  UdpIndex index;
  for (const Serial serial : {3U, 5U, 9U}) add(index, serial, one);
  add(index, 4, two);
  add(index, 6, one, 40'001);
  BOOST_TEST(known(index, one) == (std::vector<Serial>{9, 5, 3}), boost::test_tools::per_element());
  BOOST_TEST(known(index, two) == std::vector<Serial>{4}, boost::test_tools::per_element());
  BOOST_TEST(known(index, one, 40'001) == std::vector<Serial>{6}, boost::test_tools::per_element());
  BOOST_TEST(index.sent_to(one, port) == 4U);
  BOOST_TEST(index.sent_to(one, 54) == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_taken_back_was_never_there) {
  UdpIndex index;
  add(index, 3, one);
  add(index, 5, one);
  index.take_back({.serial = 5, .to = &one}, port);
  BOOST_TEST(known(index, one) == std::vector<Serial>{3}, boost::test_tools::per_element());
  BOOST_TEST(index.sent_to(one, port) == 1U);
  add(index, 5, one);
  BOOST_TEST(known(index, one) == (std::vector<Serial>{5, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_the_window_left_behind_stays_known_for_a_while) {
  UdpIndex index;
  add(index, 0, one);
  add(index, 100'000, two);
  index.forget_below(1);
  BOOST_TEST(known(index, one).size() == 1U);
  index.forget_below(65'537);
  BOOST_TEST(known(index, one).empty());
  BOOST_TEST(known(index, two).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_target_that_is_known_no_more_begins_anew) {
  UdpIndex index;
  add(index, 0, one);
  index.forget_below(1'000'000);
  add(index, 1'000'000, one);
  add(index, 1'000'001, one);
  BOOST_TEST(known(index, one) == (std::vector<Serial>{1'000'001, 1'000'000}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_long_line_of_probes_is_searched_in_part) {
  UdpIndex index;
  for (Serial serial = 0; serial < 100'000; ++serial) add(index, serial, one);
  const auto serials = known(index, one);
  BOOST_TEST(serials.size() < 10'000U);
  BOOST_TEST(serials.front() == 99'999U);
}

BOOST_AUTO_TEST_CASE(the_newest_of_a_source_port_are_found_whatever_their_target) {
  UdpIndex index;
  add(index, 1, one);
  add(index, 2, two, 40'001);
  add(index, 3, two);
  std::vector<Serial> recent;
  index.any_recent(local_port, [&](Serial serial, const UdpFlight&) {
    recent.push_back(serial);
    return false;
  });
  BOOST_TEST(recent == (std::vector<Serial>{3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
