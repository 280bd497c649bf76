// Tests of AddressMap: entries are found again after growth and collisions, and stale entries are dropped.
// The tests use so many addresses that slots collide.
#include "net/address_hash_table.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using multiping::Address;
using multiping::net::AddressMap;

BOOST_AUTO_TEST_SUITE(address_map_test)

namespace {

const auto keep_all = [](int) { return true; };

Address numbered(unsigned number) {
  return Address::v4({10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                      static_cast<std::uint8_t>(number)});
}

Address link_local(std::uint32_t zone) {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  octets[15] = 1;
  return Address::v6(octets, zone);
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_found_in_an_empty_one) {
  AddressMap<int> map;
  BOOST_TEST(map.empty());
  BOOST_TEST((map.find(numbered(1), 80) == nullptr));
}

BOOST_AUTO_TEST_CASE(twenty_thousand_are_found_again) {
  AddressMap<int> map;
  for (int i = 0; i < 20'000; ++i) map.at(numbered(static_cast<unsigned>(i)), 33'434, keep_all) = i;
  bool all = true;
  for (int i = 0; i < 20'000; ++i) {
    const int* found = map.find(numbered(static_cast<unsigned>(i)), 33'434);
    all = all && found != nullptr && *found == i;
  }
  BOOST_TEST(all);
  BOOST_TEST((map.find(numbered(20'000), 33'434) == nullptr));
}

BOOST_AUTO_TEST_CASE(ports_and_zones_tell_apart) {
  AddressMap<int> map;
  map.at(numbered(1), 80, keep_all) = 1;
  map.at(numbered(1), 81, keep_all) = 2;
  map.at(link_local(2), 80, keep_all) = 3;
  map.at(link_local(3), 80, keep_all) = 4;
  BOOST_TEST(*map.find(numbered(1), 80) == 1);
  BOOST_TEST(*map.find(numbered(1), 81) == 2);
  BOOST_TEST(*map.find(link_local(2), 80) == 3);
  BOOST_TEST(*map.find(link_local(3), 80) == 4);
  BOOST_TEST((map.find(link_local(4), 80) == nullptr));
}

BOOST_AUTO_TEST_CASE(all_zones_are_visited_where_none_is_known) {
  AddressMap<int> map;
  map.at(link_local(2), 80, keep_all) = 3;
  map.at(link_local(3), 80, keep_all) = 4;
  int sum = 0;
  const bool stopped = map.any(link_local(0), 80, [&](const Address&, int& value) {
    sum += value;
    return false;
  });
  BOOST_TEST(!stopped);
  BOOST_TEST(sum == 7);
}

BOOST_AUTO_TEST_CASE(what_is_stale_goes_when_it_grows) {
  AddressMap<int> map;
  const auto keep_even = [](int value) { return value % 2 == 0; };
  for (int i = 0; i < 1000; ++i) map.at(numbered(static_cast<unsigned>(i)), 80, keep_even) = i;
  bool even_stays = true;
  int odd_left = 0;
  for (int i = 0; i < 1000; ++i) {
    const int* found = map.find(numbered(static_cast<unsigned>(i)), 80);
    even_stays = even_stays && (i % 2 == 1 || (found != nullptr && *found == i));
    odd_left += i % 2 == 1 && found != nullptr ? 1 : 0;
  }
  BOOST_TEST(even_stays);
  BOOST_TEST(odd_left < 500);
}

BOOST_AUTO_TEST_SUITE_END()
