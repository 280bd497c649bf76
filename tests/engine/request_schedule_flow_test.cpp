// Tests single requests without room for all: pacing, full queues and transports, dropped answers, long runs.
// There is no transport; each test chooses the time.
#include <algorithm>
#include <random>

#include "engine/requests_dialogue.hpp"

namespace multiping::test {
namespace {

std::error_code no_buffers() { return std::make_error_code(std::errc::no_buffer_space); }

BOOST_FIXTURE_TEST_SUITE(request_schedule_flow_test, RequestsDialogue)

BOOST_AUTO_TEST_CASE(a_number_is_given_to_others_only_when_nothing_can_come_for_it) {
  submit(1);
  const auto first = send(start);
  reply(first[0], start + 1ms);
  submit(2, 1s, 0, start + 2ms);
  send(start + 2ms);
  BOOST_CHECK(*requests.book().probe(first[0].serial).to == Address::v4({192, 0, 2, 1}));
  expire(start + 20s);
  submit(3, 1s, 0, start + 20s);
  const auto third = send(start + 20s);
  BOOST_CHECK(*requests.book().probe(third[0].serial).to == Address::v4({192, 0, 2, 3}));
  BOOST_TEST(requests.book().window().first == third[0].serial);
}

BOOST_AUTO_TEST_CASE(want_of_room_is_waited_for_until_the_deadline) {
  submit(1, 50ms);
  Instant now = start;
  int tries = 0;
  while (!requests.any_done() && tries < 10'000) {
    for (const auto& probe : propose(now)) {
      requests.refused(probe, no_buffers(), now);
      ++tries;
    }
    now = std::max(now, requests.next());
    expire(now);
  }
  BOOST_CHECK(now == start + 50ms);
  BOOST_TEST(tries < 200);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::send_failed);
  BOOST_CHECK(result.detail.error == no_buffers());
}

BOOST_AUTO_TEST_CASE(what_pacing_could_not_send_is_pending) {
  requests = RequestSchedule{Rules{.max_rate = 10}};
  submit(1, 50ms);
  const Token second = submit(2, 50ms);
  BOOST_TEST(send(start).size() == 1U);
  BOOST_CHECK(requests.next() == start + 50ms);
  expire(start + 50ms);
  const auto all = requests.take_done();
  BOOST_REQUIRE_EQUAL(all.size(), 2U);
  const auto& unsent = all[0].token == second ? all[0] : all[1];
  BOOST_CHECK(unsent.record.outcome == Outcome::pending);
  BOOST_TEST(unsent.record.attempt == 0U);
  BOOST_TEST(requests.reached(Goal::sent));
  BOOST_TEST(send(start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(the_rate_is_kept_and_who_came_first_goes_first) {
  requests = RequestSchedule{Rules{.max_rate = 100}};
  for (std::uint8_t host = 1; host <= 5; ++host) host % 2 == 0 ? connect(host) : submit(host);
  Instant now = start;
  for (std::uint8_t host = 1; host <= 5; ++host) {
    const auto batch = send(now);
    BOOST_REQUIRE_EQUAL(batch.size(), 1U);
    BOOST_CHECK(*batch[0].to == Address::v4({192, 0, 2, host}));
    now = requests.next();
  }
}

BOOST_AUTO_TEST_CASE(a_full_transport_holds_up_connections_only) {
  connect(1);
  connect(2);
  const auto batch = propose(start);
  requests.put_back(batch, start + 500ms);
  submit(3);
  const auto message = send(start);
  BOOST_REQUIRE_EQUAL(message.size(), 1U);
  BOOST_CHECK(*message[0].to == Address::v4({192, 0, 2, 3}));
  BOOST_CHECK(requests.next() == start + 500ms);
  const auto again = propose(start + 500ms);
  BOOST_REQUIRE_EQUAL(again.size(), 2U);
  BOOST_TEST(again[0].serial == batch[0].serial);
  BOOST_TEST(again[1].serial == batch[1].serial);
  requests.put_back(again, Instant::max());
  reply(message[0], start + 501ms);  // any event makes room
  BOOST_TEST(send(start + 501ms).size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_over_makes_room) {
  connect(1, 100ms);
  send(start);
  connect(2);
  requests.put_back(propose(start), Instant::max());
  expire(start + 50ms);
  BOOST_TEST(propose(start + 50ms).empty());
  BOOST_TEST(expire(start + 100ms).size() == 1U);
  BOOST_TEST(send(start + 100ms).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_found_no_room_by_its_deadline_is_pending) {
  connect(1, 100ms);
  requests.put_back(propose(start), Instant::max());
  expire(start + 100ms);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::pending);
  BOOST_TEST(result.record.attempt == 0U);
  BOOST_TEST(propose(start + 1s).empty());
  BOOST_CHECK(requests.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(dropped_answers_are_asked_for_again_within_the_same_attempt) {
  submit(1);
  submit(2);
  const auto batch = send(start);
  reply(batch[0], start + 1ms);
  requests.receive_drops(3, start + 2ms);
  BOOST_CHECK(requests.next() == start + 22ms);
  expire(start + 22ms);
  const auto again = send(start + 22ms);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_CHECK(*again[0].to == target_of(batch[1]));
  static_cast<void>(requests.take_done());
  reply(again[0], start + 23ms);
  const auto result = done();
  BOOST_TEST(result.record.attempt == 1U);
  BOOST_CHECK(result.record.rtt == 1ms);
  requests.receive_drops(3, start + 24ms);  // the same count again
  BOOST_CHECK(requests.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(repetitions_are_bounded) {
  submit(1, 1h);
  send(start);
  Instant now = start;
  std::size_t repeated = 0;
  for (std::uint64_t drops = 1; drops < 20; ++drops) {
    requests.receive_drops(drops, now);
    now += 2s;
    expire(now);
    repeated += send(now).size();
  }
  BOOST_TEST(repeated == 3U);
}

BOOST_AUTO_TEST_CASE(a_timeout_without_end_is_no_overflow) {
  submit(1, Duration::max(), 1000);
  submit(2, Duration::max() / 2, 1);
  send(start);
  expire(start + 24h);
  BOOST_TEST(!requests.any_done());
  submit(3, 0s);
  BOOST_TEST(send(start).size() == 1U);
  expire(start);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(endless_retries_do_not_grow) {
  submit(1, 1ms, 10'000'000);
  Instant now = start;
  for (int i = 0; i < 700'000; ++i, now += 1ms) {
    expire(now);
    send(now);
  }
  const auto window = requests.book().window();
  BOOST_TEST(window.end - window.first <= 300'001U);
}

BOOST_AUTO_TEST_CASE(a_long_run_does_not_grow) {
  Instant now = start;
  std::mt19937 random{1};
  std::size_t completions = 0;
  constexpr std::size_t rounds = 5'000;
  constexpr std::uint8_t each = 100;
  std::size_t most_targets = 0, most_probes = 0;
  for (std::size_t round = 0; round < rounds; ++round, now += 10ms) {
    expire(now);
    for (std::uint8_t host = 0; host < each; ++host) submit(host, 50ms, 1, now);
    for (const auto& probe : send(now))
      if (random() % 10 != 0) reply(probe, now + 1ms);
    completions += requests.take_done().size();
    const auto window = requests.book().window();
    most_probes = std::max(most_probes, static_cast<std::size_t>(window.end - window.first));
    most_targets = std::max<std::size_t>(most_targets, requests.in_flight());
  }
  expire(now + 1s);
  completions += requests.take_done().size();
  BOOST_TEST(completions == rounds * each);
  BOOST_TEST(most_probes <= 2 * 65'536U);
  BOOST_TEST(most_targets <= 2'000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
