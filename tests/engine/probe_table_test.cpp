// Tests the bookkeeping of targets and probes.
// Most cases test the window of probes, and which probes it forgets.
#include "engine/probe_table.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using multiping::Address;
using multiping::Instant;
using multiping::Outcome;
using multiping::engine::ProbeTable;

namespace probe_table_test {

struct Fixture {
  Fixture() {
    for (std::uint8_t i = 1; i <= 3; ++i)
      table.add({.address = Address::v4({192, 0, 2, i}), .profile = i, .ttl_asked = i == 2});
  }
  ProbeTable table;
};

}  // namespace probe_table_test

BOOST_FIXTURE_TEST_SUITE(probe_table_test, probe_table_test::Fixture)

BOOST_AUTO_TEST_CASE(serials_count_on) {
  BOOST_TEST(table.open_probe(2, 1) == 0U);
  BOOST_TEST(table.open_probe(0, 1) == 1U);
  const auto probe = table.probe(0);
  BOOST_CHECK(*probe.to == Address::v4({192, 0, 2, 3}));
  BOOST_TEST(probe.profile == 3U);
  BOOST_TEST(table.window().end == 2U);
}

BOOST_AUTO_TEST_CASE(forgets_what_is_done_and_what_is_old) {
  for (std::uint32_t i = 0; i < 3; ++i) table.entry(table.open_probe(i, 1)).sent_at = Instant{10s};
  table.entry(0).answered = true;
  table.entry(1).ended = true;
  table.forget_before(Instant{5s});
  BOOST_TEST(table.window().first == 2U);
  table.forget_before(Instant{11s});
  BOOST_TEST(table.window().first == 3U);
  BOOST_TEST(table.window().end == 3U);
  BOOST_TEST(table.open_probe(0, 2) == 3U);
}

BOOST_AUTO_TEST_CASE(keeps_all_behind_the_first_that_is_awaited) {
  for (std::uint32_t i = 0; i < 3; ++i) table.entry(table.open_probe(i, 1)).sent_at = Instant{10s};
  table.entry(1).answered = true;
  table.forget_before(Instant{5s});
  BOOST_TEST(table.window().first == 0U);
}

BOOST_AUTO_TEST_CASE(details_are_made_when_asked_for) {
  auto& record = table.record(1);
  BOOST_TEST(table.find_detail(record) == nullptr);
  table.detail(record).error = std::make_error_code(std::errc::network_unreachable);
  BOOST_REQUIRE(table.find_detail(record) != nullptr);
  BOOST_CHECK(table.find_detail(record)->error == std::errc::network_unreachable);
  BOOST_TEST(table.find_detail(table.record(0)) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_number_can_stand_for_another_target) {
  auto& record = table.record(1);
  record.outcome = Outcome::send_failed;
  record.attempt = 3;
  table.detail(record).error = std::make_error_code(std::errc::network_unreachable);
  table.replace(1, {.address = Address::v4({198, 51, 100, 7}), .profile = 9});
  BOOST_CHECK(record.address == Address::v4({198, 51, 100, 7}));
  BOOST_TEST(+record.profile == 9U);
  BOOST_TEST(record.attempt == 0U);
  BOOST_TEST(!record.ttl_asked);
  BOOST_CHECK(record.outcome == Outcome::pending);
  BOOST_TEST(!table.detail(record).error);
}

BOOST_AUTO_TEST_CASE(the_oldest_probe_goes_first) {
  for (std::uint32_t i = 0; i < 3; ++i) static_cast<void>(table.open_probe(i, 1));
  BOOST_TEST(table.oldest().target == 0U);
  table.forget_oldest();
  BOOST_TEST(table.oldest().target == 1U);
  BOOST_TEST(!table.remembers(0));
  BOOST_TEST(table.remembers(1));
  BOOST_TEST(table.window().first == 1U);
  table.forget_oldest();
  table.forget_oldest();
  BOOST_TEST(table.no_probes());
}

BOOST_AUTO_TEST_CASE(open_probes_are_those_that_may_be_answered) {
  for (std::uint32_t i = 0; i < 3; ++i) static_cast<void>(table.open_probe(i, 1));
  table.entry(1).ended = true;
  std::vector<multiping::net::Serial> open;
  table.each_open_probe([&open](multiping::net::Serial serial) { open.push_back(serial); });
  BOOST_TEST(open == (std::vector<multiping::net::Serial>{0, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(reset_forgets_fates_but_no_serial_comes_again) {
  table.entry(table.open_probe(0, 1)).answered = true;
  table.record(0).outcome = Outcome::reply;
  table.record(0).changed = false;
  table.detail(table.record(1)).error = std::make_error_code(std::errc::network_unreachable);
  table.reset();
  BOOST_CHECK(table.record(0).outcome == Outcome::pending);
  BOOST_CHECK(table.record(0).changed);
  BOOST_TEST(+table.record(0).profile == 1U);
  BOOST_CHECK(table.record(1).ttl_asked);
  BOOST_TEST(table.find_detail(table.record(1)) == nullptr);
  BOOST_TEST(table.window().first == 1U);
  BOOST_TEST(table.open_probe(0, 1) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
