// Tests the numbers of requests to a proxy, in virtual time: which are found, which are awaited, which are forgotten.
#include "icmp4em/proxy_requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace multiping;
using namespace std::chrono_literals;
using icmp4em::ProxyRequests;

BOOST_AUTO_TEST_SUITE(proxy_requests_test)

namespace {

constexpr Instant start{100s};

/// Adds a request and returns its number.
std::uint32_t add(ProxyRequests& table, Instant now, std::uint16_t sequence = 0) {
  const std::uint32_t number = table.next_number();
  table.add({.to = Address::v4({192, 0, 2, 1}), .sequence = sequence, .sent_at = now});
  return number;
}

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_follow_each_other_and_wrap_around) {
  ProxyRequests table{0xffff'fffeU};
  for (std::uint16_t i = 0; i < 4; ++i) add(table, start, i);
  BOOST_TEST(table.find(0xffff'fffdU) == nullptr);
  BOOST_TEST(table.find(2) == nullptr);
  BOOST_TEST(table.find(0xffff'fffeU)->sequence == 0U);
  BOOST_TEST(table.find(0)->sequence == 2U);
  BOOST_TEST(table.find(1)->sequence == 3U);
  BOOST_TEST(table.next_number() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_ended_is_found_still_and_awaited_no_more) {
  ProxyRequests table{7};
  const auto first = add(table, start), second = add(table, start);
  BOOST_TEST(table.awaited() == 2U);
  table.end(first);
  table.end(first);
  table.end(99);
  BOOST_TEST(table.awaited() == 1U);
  BOOST_TEST(table.fresh() == 1U);
  BOOST_TEST(table.find(first) != nullptr);
  BOOST_TEST(!table.find(first)->awaited);
  BOOST_TEST(table.find(second)->awaited);
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_gives_its_number_back) {
  ProxyRequests table{7};
  add(table, start);
  const auto unsent = add(table, start);
  table.take_back();
  BOOST_TEST(table.next_number() == unsent);
  BOOST_TEST(table.awaited() == 1U);
  BOOST_TEST(table.fresh() == 1U);
  table.set_time(start + 1s);
  table.take_back();
  BOOST_TEST(table.size() == 0U);
  BOOST_TEST(table.awaited() == 0U);
  add(table, start + 1s);
  BOOST_TEST(table.fresh() == 1U);
}

BOOST_AUTO_TEST_CASE(freshness_passes_and_with_it_the_claim_to_room) {
  ProxyRequests table{7};
  BOOST_CHECK(table.fresh_until() == Instant::max());
  const auto first = add(table, start);
  add(table, start + 4ms);
  BOOST_CHECK(table.fresh_until() == start + ProxyRequests::freshness);
  table.end(first);
  BOOST_CHECK(table.fresh_until() == start + 4ms + ProxyRequests::freshness);
  table.set_time(start + 4ms + ProxyRequests::freshness - 1ns);
  BOOST_TEST(table.fresh() == 1U);
  table.set_time(start + 4ms + ProxyRequests::freshness);
  BOOST_TEST(table.fresh() == 0U);
  BOOST_TEST(table.awaited() == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_beyond_its_time) {
  ProxyRequests table{7};
  const auto first = add(table, start), second = add(table, start + 1s);
  table.set_time(start + ProxyRequests::longest_wait - 1ns);
  BOOST_TEST(table.find(first) != nullptr);
  table.set_time(start + ProxyRequests::longest_wait);
  BOOST_TEST(table.find(first) == nullptr);
  BOOST_TEST(table.find(second) != nullptr);
  BOOST_TEST(table.awaited() == 1U);
  table.set_time(start + 1h);
  BOOST_TEST(table.size() == 0U);
  BOOST_TEST(table.awaited() == 0U);
}

BOOST_AUTO_TEST_CASE(the_oldest_make_room) {
  ProxyRequests table{7};
  for (std::size_t i = 0; i < ProxyRequests::most_entries + 10; ++i) add(table, start);
  BOOST_TEST(table.size() == ProxyRequests::most_entries);
  BOOST_TEST(table.awaited() == ProxyRequests::most_entries);
  BOOST_TEST(table.find(16) == nullptr);
  BOOST_TEST(table.find(17) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
