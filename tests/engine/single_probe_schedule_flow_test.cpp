// Tests single requests without room for all: pacing, full queues and transports, dropped answers, long runs.
// There is no transport; each test chooses the time.
#include <algorithm>
#include <random>

#include "engine/requests_dialogue.hpp"

namespace multiping::test {
namespace {

std::error_code no_buffers() { return std::make_error_code(std::errc::no_buffer_space); }

BOOST_FIXTURE_TEST_SUITE(single_probe_schedule_flow_test, RequestsDialogue)

BOOST_AUTO_TEST_CASE(a_number_is_given_to_others_only_when_nothing_can_come_for_it) {
  submit(1);
  const auto first = send(start);
  reply(first[0], start + 1ms);
  submit(2);
  send(start + 2ms);
  BOOST_CHECK(*requests.book().probe(first[0].serial).to == Address::v4({192, 0, 2, 1}));
  expire(start + 20s);
  submit(3, 1s);
  const auto third = send(start + 20s);
  BOOST_CHECK(*requests.book().probe(third[0].serial).to == Address::v4({192, 0, 2, 3}));
  BOOST_TEST(requests.book().window().first == third[0].serial);
}

/// Tries to send until a request is done, and returns that time. This host refuses each probe.
Instant refuse_until_done(RequestsDialogue& dialogue, Instant now, int& tries) {
  while (!dialogue.requests.any_done() && tries < 10'000) {
    for (const auto& probe : dialogue.propose(now)) {
      dialogue.requests.refused(probe, no_buffers(), now);
      ++tries;
    }
    now = std::max(now, dialogue.requests.next());
    dialogue.expire(now);
  }
  return now;
}

BOOST_AUTO_TEST_CASE(a_refusal_that_passes_is_borne_for_all_waits_together) {
  submit(1, 50ms, 2);
  int tries = 0;
  BOOST_CHECK(refuse_until_done(*this, start, tries) == start + 150ms);
  BOOST_TEST(tries < 200);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::send_failed);
  BOOST_CHECK(result.detail.error == no_buffers());
  BOOST_TEST(result.record.attempt == 0U);
}

BOOST_AUTO_TEST_CASE(what_waits_in_a_long_line_after_a_refusal_has_its_turn) {
  requests = SingleProbeSchedule{Rules{.max_rate = 1}};
  const Token first = submit(1, 50ms);
  for (std::uint8_t host = 2; host <= 4; ++host) submit(host, 50ms);
  requests.refused(propose(start)[0], no_buffers(), start);
  Instant now = start;
  for (int sent = 0; sent < 3; now = std::max(now, requests.next())) {  // the others have their turns before it
    expire(now);
    sent += static_cast<int>(send(now).size());
  }
  expire(start + 2900ms);
  BOOST_TEST(requests.take_done().size() == 3U);
  const auto again = send(start + 3s);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  reply(again[0], start + 3010ms);
  BOOST_TEST(done().token == first);

  submit(1, 50ms);
  requests.refused(propose(start + 4s)[0], no_buffers(), start + 4s);
  expire(start + 5s);
  BOOST_TEST(!requests.any_done());
  requests.refused(propose(start + 5s)[0], no_buffers(), start + 5s);  // and its turn was the last
  BOOST_CHECK(done().record.outcome == Outcome::send_failed);
}

BOOST_AUTO_TEST_CASE(a_last_try_does_not_outlive_the_request) {
  requests.submit({.destination = destination(1), .waits = {.first = 50ms}, .expires = start + 50ms});
  requests.refused(propose(start)[0], no_buffers(), start);
  expire(start + 50ms);
  BOOST_CHECK(done().record.outcome == Outcome::send_failed);
}

BOOST_AUTO_TEST_CASE(patience_begins_with_the_first_refusal_and_ends_when_a_probe_leaves) {
  requests = SingleProbeSchedule{Rules{.max_rate = 10}};
  submit(1, 50ms);
  submit(2, 50ms, 1);
  send(start);
  expire(start + 50ms);
  static_cast<void>(done());
  BOOST_TEST(!requests.any_done());  // the second waits for its turn, for as long as it takes
  expire(start + 10s);
  requests.refused(propose(start + 10s)[0], no_buffers(), start + 10s);
  expire(start + 10'060ms);
  BOOST_TEST(send(start + 10'060ms).size() == 1U);
  expire(start + 10'109ms);
  BOOST_TEST(!requests.any_done());
  expire(start + 10'110ms);  // the second attempt is due
  int tries = 0;
  BOOST_CHECK(refuse_until_done(*this, start + 10'200ms, tries) == start + 10'300ms);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);  // the first attempt had its time
}

BOOST_AUTO_TEST_CASE(the_time_of_a_probe_runs_from_its_sending) {
  requests = SingleProbeSchedule{Rules{.max_rate = 10}};
  for (std::uint8_t host = 1; host <= 20; ++host) submit(host, 500ms);
  int answered = 0;
  for (Instant now = start; requests.in_flight() > 0; now = std::max(now, requests.next())) {
    expire(now);
    for (const auto& probe : send(now)) reply(probe, now + 499ms);
    for (const auto& each : requests.take_done()) answered += each.record.answered() ? 1 : 0;
    BOOST_REQUIRE(now < start + 10s);
  }
  BOOST_TEST(answered == 20);
}

BOOST_AUTO_TEST_CASE(each_retry_waits_from_its_own_sending) {
  requests = SingleProbeSchedule{Rules{.max_rate = 10}};
  submit(1, 10ms, 2);
  submit(2, 10ms, 2);
  std::vector<Instant> sent;
  Instant now = start;
  for (; requests.in_flight() > 0 && now < start + 10s; now = std::max(now, requests.next())) {
    expire(now);
    if (!send(now).empty()) sent.push_back(now);
    for (const auto& each : requests.take_done()) {
      BOOST_CHECK(each.record.outcome == Outcome::no_reply);
      BOOST_TEST(each.record.attempt == 3U);
      BOOST_CHECK(now == each.sent_at + 10ms);
    }
  }
  BOOST_REQUIRE_EQUAL(sent.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) BOOST_CHECK(sent[i] == start + i * 100ms);
}

BOOST_AUTO_TEST_CASE(an_answer_counts_while_a_retry_waits_for_its_turn) {
  requests = SingleProbeSchedule{Rules{.max_rate = 1}};
  submit(1, 10ms, 1);
  const auto first = send(start);
  expire(start + 10ms);
  reply(first[0], start + 900ms);
  const auto result = done();
  BOOST_TEST(result.record.attempt == 1U);
  BOOST_CHECK(result.record.rtt == 900ms);
}

BOOST_AUTO_TEST_CASE(the_rate_is_kept_and_who_came_first_goes_first) {
  requests = SingleProbeSchedule{Rules{.max_rate = 100}};
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

BOOST_AUTO_TEST_CASE(room_is_waited_for_without_loss_of_time) {
  connect(1, 100ms);
  requests.put_back(propose(start), Instant::max());
  submit(2, 1ms);
  const auto other = send(start + 1h);
  expire(start + 1h);
  BOOST_TEST(!requests.any_done());
  reply(other[0], start + 1h + 500us);  // any event makes room
  static_cast<void>(done());
  BOOST_TEST(send(start + 1h).size() == 1U);
  BOOST_CHECK(requests.next() == start + 1h + 100ms);
  expire(start + 1h + 100ms);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(ports_are_waited_for_without_loss_of_time) {
  connect(1, 1s);
  const auto holder = send(start);
  connect(2, 100ms);
  requests.hold(propose(start)[0], holder[0].serial, start);
  expire(start + 999ms);
  BOOST_TEST(!requests.any_done());
  BOOST_CHECK(requests.next() == start + 1s);
  expire(start + 1s);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
  BOOST_TEST(send(start + 1s).size() == 1U);
  expire(start + 1099ms);
  BOOST_TEST(!requests.any_done());
  expire(start + 1100ms);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(a_displaced_connection_counts_as_not_sent) {
  connect(1, 3s);
  const auto first = send(start);
  hear(Kind::displaced, first[0], start + 1s);
  requests.put_back(propose(start + 1s), start + 60s);
  expire(start + 59s);
  BOOST_TEST(!requests.any_done());
  const auto second = send(start + 60s);
  BOOST_REQUIRE_EQUAL(second.size(), 1U);
  BOOST_CHECK(requests.next() == start + 63s);
  hear(Kind::displaced, second[0], start + 62'500ms);  // it has lasted for most of its time
  requests.put_back(propose(start + 62'500ms), start + 90s);
  expire(start + 63s);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::no_reply);
  BOOST_TEST(result.record.attempt == 1U);
}

BOOST_AUTO_TEST_CASE(connections_that_never_last_end_all_the_same) {
  connect(1, 2s);
  Instant now = start;
  for (int i = 0; i < 100 && !requests.any_done(); ++i, now += 1s) {
    expire(now);
    for (const auto& probe : send(now)) hear(Kind::displaced, probe, now + 1ms);
  }
  BOOST_CHECK(now < start + 15s);
  BOOST_CHECK(done().record.outcome == Outcome::pending);  // it may be alive
}

BOOST_AUTO_TEST_CASE(what_has_not_left_in_time_is_pending) {
  requests.submit({.destination = destination(1), .waits = {.first = 1s}, .leave_by = start + 100ms});
  requests.put_back(propose(start), Instant::max());
  BOOST_CHECK(requests.next() == start + 100ms);
  expire(start + 100ms);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::pending);
  BOOST_TEST(result.record.attempt == 0U);
  BOOST_TEST(propose(start + 1s).empty());
  BOOST_CHECK(requests.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(what_has_left_in_time_has_all_its_time) {
  requests.submit({.destination = destination(1), .waits = {.first = 1s}, .leave_by = start + 100ms});
  send(start + 99ms);
  BOOST_CHECK(requests.next() == start + 1099ms);
  expire(start + 1099ms);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
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
    for (std::uint8_t host = 0; host < each; ++host) submit(host, 50ms, 1);
    for (auto batch = send(now); !batch.empty(); batch = send(now))
      for (const auto& probe : batch)
        if (random() % 10 != 0) reply(probe, now + 1ms);
    completions += requests.take_done().size();
    const auto window = requests.book().window();
    most_probes = std::max(most_probes, static_cast<std::size_t>(window.end - window.first));
    most_targets = std::max<std::size_t>(most_targets, requests.in_flight());
  }
  for (int i = 0; i < 3; ++i, now += 1s) {
    expire(now);
    while (!send(now).empty()) {
    }
  }
  completions += requests.take_done().size();
  BOOST_TEST(completions == rounds * each);
  BOOST_TEST(most_probes <= 2 * 65'536U);
  BOOST_TEST(most_targets <= 2'000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
