// Tests requests that are cancelled in each part of their life: nothing of them comes, and what they hold is given
// back. There is no transport; each test chooses the time.
#include <vector>

#include "engine/requests_dialogue.hpp"

namespace multiping::test {
namespace {

struct Cancelling : RequestsDialogue {
  std::vector<Serial> given_back() {
    std::vector<Serial> serials;
    requests.give_back([&serials](Serial serial) { serials.push_back(serial); });
    return serials;
  }
};

BOOST_FIXTURE_TEST_SUITE(single_probe_schedule_cancel_test, Cancelling)

BOOST_AUTO_TEST_CASE(what_waits_for_its_turn_does_not_leave) {
  const Token token = submit(1);
  const Token other = submit(2);
  BOOST_TEST(requests.cancel(token));
  BOOST_TEST(!requests.cancel(token));
  BOOST_TEST(requests.in_flight() == 1U);
  BOOST_TEST(given_back().empty());
  const auto batch = send(start);
  BOOST_REQUIRE_EQUAL(batch.size(), 1U);
  BOOST_CHECK(target_of(batch[0]) == Address::v4({192, 0, 2, 2}));
  expire(start + 1h);
  BOOST_TEST(done().token == other);
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_what_is_under_way_is_counted) {
  const Token token = submit(1, 1s, 3);
  const auto probe = send(start)[0];
  BOOST_TEST(requests.cancel(token));
  BOOST_TEST(given_back() == std::vector<Serial>{probe.serial}, boost::test_tools::per_element());
  reply(probe, start + 1ms);
  BOOST_TEST(requests.counters().late == 1U);
  BOOST_TEST(requests.counters().received == 0U);
  BOOST_TEST(!requests.any_done());
  BOOST_TEST(requests.in_flight() == 0U);
  expire(start + 1h);
  BOOST_TEST(send(start + 1h).empty());
  BOOST_CHECK(requests.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(what_is_done_and_not_handed_out_can_be_cancelled) {
  const Token first = submit(1), second = submit(2), third = submit(3);
  for (const auto& probe : send(start)) reply(probe, start + 1ms);
  BOOST_TEST(requests.cancel(second));
  BOOST_TEST(!requests.cancel(second));
  const auto all = requests.take_done();
  BOOST_REQUIRE_EQUAL(all.size(), 2U);
  BOOST_TEST(all[0].token == first);
  BOOST_TEST(all[1].token == third);
  BOOST_TEST(!requests.cancel(first));
  const Token refused = requests.refuse({.outcome = Outcome::unresolved}, start);
  BOOST_TEST(requests.cancel(refused));
  BOOST_TEST(!requests.any_done());
}

BOOST_AUTO_TEST_CASE(an_unknown_token_changes_nothing) {
  BOOST_TEST(!requests.cancel(0));
  BOOST_TEST(!requests.cancel(1));
  const Token token = submit(1);
  BOOST_TEST(!requests.cancel(token + 1));
  BOOST_TEST(requests.in_flight() == 1U);
}

BOOST_AUTO_TEST_CASE(the_room_of_a_connection_is_given_to_the_next) {
  const Token first = connect(1, 1h);
  send(start);
  connect(2, 1s);
  requests.put_back(propose(start), Instant::max());
  BOOST_TEST(propose(start).empty());
  BOOST_TEST(requests.cancel(first));
  BOOST_TEST(given_back().size() == 1U);
  BOOST_TEST(send(start).size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_ports_of_a_connection_are_given_to_the_next) {
  const Token first = connect(1, 1h);
  const auto holder = send(start);
  const Token second = connect(2, 1s);
  requests.hold(propose(start)[0], holder[0].serial, start);
  const Token third = connect(3, 1s);
  requests.hold(propose(start)[0], holder[0].serial, start);
  BOOST_TEST(requests.cancel(second));  // it waits for the ports itself
  BOOST_TEST(propose(start).empty());
  BOOST_TEST(requests.cancel(first));
  BOOST_TEST(given_back().size() == 1U);
  BOOST_TEST(send(start).size() == 1U);
  expire(start + 1s);
  BOOST_TEST(done().token == third);
}

BOOST_AUTO_TEST_CASE(numbers_and_profiles_of_the_cancelled_are_used_again) {
  Instant now = start;
  for (int i = 0; i < 1000; ++i, now += 1s) {
    const Token token = submit(1, 1h);
    const bool is_sent = i % 3 != 0;
    if (is_sent) send(now);
    BOOST_TEST(requests.cancel(token));
    static_cast<void>(given_back());
    BOOST_TEST(requests.released_profiles().size() == 1U);
    requests.released_profiles().clear();
    expire(now);
  }
  BOOST_TEST(dynamic_cast<const engine::ProbeTable&>(requests.book()).size() < 20U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
