// Tests single requests: deadlines, retries, answers in time and late, errors.
// There is no transport; each test chooses the time.
#include <algorithm>

#include "engine/requests_dialogue.hpp"

namespace multiping::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(single_probe_schedule_test, RequestsDialogue)

BOOST_AUTO_TEST_CASE(the_first_answer_is_the_completion) {
  const Token token = submit(1);
  const auto batch = send(start);
  BOOST_REQUIRE_EQUAL(batch.size(), 1U);
  BOOST_TEST(!requests.reached(Goal::answered));
  BOOST_TEST(requests.in_flight() == 1U);
  reply(batch[0], start + 7ms);
  BOOST_TEST(requests.reached(Goal::answered));
  const auto result = done();
  BOOST_TEST(result.token == token);
  BOOST_CHECK(result.record.outcome == Outcome::reply);
  BOOST_CHECK(result.record.rtt == 7ms);
  BOOST_TEST(result.record.attempt == 1U);
  BOOST_TEST(requests.in_flight() == 0U);
  BOOST_TEST(requests.reached(Goal::answered));
  BOOST_CHECK(requests.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(each_has_a_deadline_of_its_own) {
  submit(1, 300ms);
  const Token shorter = submit(2, 100'500us);
  send(start);
  BOOST_CHECK(requests.next() == start + 100'500us);
  expire(start + 100ms);
  BOOST_TEST(!requests.any_done());
  expire(start + 100'500us);
  const auto first = done();
  BOOST_TEST(first.token == shorter);
  BOOST_CHECK(first.record.outcome == Outcome::no_reply);
  BOOST_TEST(first.record.attempt == 1U);
  BOOST_CHECK(requests.next() == start + 300ms);
}

BOOST_AUTO_TEST_CASE(retries_leave_when_their_time_has_come) {
  submit(1, 100ms, 2);
  std::vector<Probe> probes = send(start);
  for (const auto time : {100ms, 200ms}) {
    BOOST_CHECK(requests.next() == start + time);
    expire(start + time);
    const auto more = send(start + time);
    BOOST_REQUIRE_EQUAL(more.size(), 1U);
    probes.push_back(more[0]);
  }
  BOOST_CHECK(requests.next() == start + 300ms);
  expire(start + 299ms);
  BOOST_TEST(!requests.any_done());
  expire(start + 300ms);
  const auto result = done();
  BOOST_TEST(result.record.attempt == 3U);
  BOOST_CHECK(result.record.outcome == Outcome::no_reply);
  BOOST_TEST(requests.counters().sent == 3U);
}

BOOST_AUTO_TEST_CASE(an_answer_to_any_probe_counts_and_says_to_which) {
  submit(1, 100ms, 2);
  const auto first = send(start);
  expire(start + 100ms);
  send(start + 100ms);
  reply(first[0], start + 150ms);
  const auto result = done();
  BOOST_TEST(result.record.attempt == 1U);
  BOOST_CHECK(result.record.rtt == 150ms);
  expire(start + 1s);
  BOOST_TEST(send(start + 1s).empty());
}

BOOST_AUTO_TEST_CASE(what_was_due_while_nobody_called_is_one_probe) {
  submit(1, 10ms, 1000);
  send(start);
  expire(start + 5s);
  BOOST_TEST(send(start + 5s).size() == 1U);
  BOOST_CHECK(requests.next() == start + 5010ms);
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_counted_and_not_credited) {
  submit(1, 100ms);
  const auto old = send(start);
  expire(start + 100ms);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
  submit(1, 100ms);
  send(start + 110ms);
  reply(old[0], start + 120ms);
  BOOST_TEST(!requests.any_done());
  BOOST_TEST(requests.counters().late == 1U);
  BOOST_TEST(requests.counters().received == 0U);
}

BOOST_AUTO_TEST_CASE(the_kernels_time_decides_what_is_late) {
  submit(1, 100ms);
  submit(2, 100ms);
  const auto batch = send(start);
  reply(batch[0], start + 101ms);  // after the deadline, although expire() was not called yet
  BOOST_TEST(!requests.any_done());
  BOOST_TEST(requests.counters().late == 1U);
  Event in_time{.serial = batch[1].serial, .responder = target_of(batch[1])};
  in_time.arrival = {.read = start + 5s, .stamp = start + 99ms};  // arrived in time, and read late
  requests.received({&in_time, 1});
  BOOST_CHECK(done().record.rtt == 99ms);
  expire(start + 5s);
  BOOST_CHECK(done().record.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(further_answers_are_duplicates_as_long_as_they_are_remembered) {
  submit(1);
  const auto batch = send(start);
  reply(batch[0], start + 1ms);
  reply(batch[0], start + 2ms);
  BOOST_TEST(requests.counters().duplicates == 1U);
  BOOST_TEST(requests.take_done().size() == 1U);
  expire(start + 11s);
  BOOST_TEST(requests.book().window().first == requests.book().window().end);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_the_probes_of_what_is_over) {
  submit(1, 100ms, 1);
  const auto first = send(start);
  expire(start + 100ms);
  const auto second = send(start + 100ms);
  BOOST_TEST(expire(start + 150ms).empty());
  reply(second[0], start + 150ms);
  BOOST_TEST(expire(start + 160ms) == std::vector<Serial>{first[0].serial}, boost::test_tools::per_element());
  BOOST_TEST(expire(start + 170ms).empty());
  submit(2, 100ms);
  const auto silent = send(start + 170ms);
  BOOST_TEST(expire(start + 1s) == std::vector<Serial>{silent[0].serial}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_ends_the_wait_only_where_it_is_enough) {
  submit(1);
  const auto plain = send(start);
  hear(Kind::unreachable, plain[0], start + 1ms);
  BOOST_TEST(!requests.any_done());
  expire(start + 1s);
  BOOST_CHECK(done().record.outcome == Outcome::unreachable);

  requests.submit({.destination = {.address = Address::v4({192, 0, 2, 2}), .ttl_asked = true}, .waits = {.first = 1s}});
  hear(Kind::ttl_expired, send(start + 2s)[0], start + 2001ms);
  const auto expired = done();
  BOOST_CHECK(expired.record.outcome == Outcome::ttl_expired);
  BOOST_CHECK(expired.detail.icmp != nullptr);
  BOOST_CHECK(expired.detail.responder == Address::v4({192, 0, 2, 2}));
}

BOOST_AUTO_TEST_CASE(fail_fast_ends_it_at_once) {
  requests = SingleProbeSchedule{Rules{.fail_fast = true}};
  submit(1, 1s, 3);
  hear(Kind::unreachable, send(start)[0], start + 1ms);
  BOOST_CHECK(done().record.outcome == Outcome::unreachable);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_probe_is_the_end_of_a_request_without_retries) {
  submit(1, 1s);
  hear(Kind::unreachable, send(start)[0], start + 1ms, true);
  BOOST_CHECK(done().record.outcome == Outcome::unreachable);
  submit(2, 1s, 1);
  hear(Kind::unreachable, send(start)[0], start + 1ms, true);
  BOOST_TEST(!requests.any_done());
  expire(start + 1s);
  reply(send(start + 1s)[0], start + 1001ms);
  const auto second = done();
  BOOST_CHECK(second.record.outcome == Outcome::reply);
  BOOST_TEST(second.record.attempt == 2U);
}

BOOST_AUTO_TEST_CASE(what_this_host_gives_up_is_done) {
  submit(1, 1s, 3);
  hear(Kind::failed, send(start)[0], start + 1ms);
  const auto result = done();
  BOOST_CHECK(result.record.outcome == Outcome::send_failed);
  BOOST_CHECK(result.detail.error == std::errc::host_unreachable);
}

BOOST_AUTO_TEST_CASE(a_local_error_is_a_completion) {
  const Token token = submit(1);
  const auto batch = propose(start);
  requests.refused(batch[0], std::make_error_code(std::errc::network_unreachable), start);
  const auto result = done();
  BOOST_TEST(result.token == token);
  BOOST_CHECK(result.record.outcome == Outcome::send_failed);
  BOOST_CHECK(result.detail.error == std::errc::network_unreachable);
  BOOST_TEST(result.record.attempt == 0U);
  BOOST_TEST(requests.counters().send_errors == 1U);
}

BOOST_AUTO_TEST_CASE(a_failure_to_send_again_leaves_the_probe_under_way) {
  submit(1, 100ms, 1);
  const auto first = send(start);
  expire(start + 100ms);
  requests.refused(propose(start + 100ms)[0], std::make_error_code(std::errc::network_unreachable), start + 100ms);
  BOOST_TEST(!requests.any_done());
  reply(first[0], start + 120ms);
  BOOST_CHECK(done().record.outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_done_at_once) {
  const Address nowhere = Address::v4({0, 0, 0, 0});
  const Token token = requests.refuse({.address = nowhere,
                                       .asked = {.protocol = multiping::Protocol::tcp, .port = 443},
                                       .outcome = Outcome::send_failed,
                                       .error = std::make_error_code(std::errc::no_buffer_space)},
                                      start + 1s);
  BOOST_TEST(requests.in_flight() == 1U);
  const auto result = done();
  BOOST_TEST(result.token == token);
  BOOST_CHECK(result.record.address == nowhere);
  BOOST_CHECK(result.detail.error == std::make_error_code(std::errc::no_buffer_space));
  BOOST_TEST((result.asked.protocol == multiping::Protocol::tcp && result.asked.port == 443U));
  BOOST_TEST((result.record.at() == start + 1s));
}

BOOST_AUTO_TEST_CASE(profiles_are_released_with_the_request) {
  requests.submit({.destination = {.address = Address::v4({192, 0, 2, 1}), .profile = 7}, .waits = {.first = 1s}});
  const auto batch = send(start);
  BOOST_TEST(requests.released_profiles().empty());
  reply(batch[0], start + 1ms);
  BOOST_TEST(requests.released_profiles() == std::vector<std::uint16_t>{7}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_waits_for_the_next_to_be_done_is_not_stopped_by_none_under_way) {
  BOOST_TEST(!requests.reached(Goal::done));
  submit(1);
  const auto probes = send(start);
  BOOST_TEST(!requests.reached(Goal::done));
  reply(probes[0], start + 1ms);
  BOOST_TEST(requests.reached(Goal::done));
  static_cast<void>(done());
  BOOST_TEST(!requests.reached(Goal::done));
}

BOOST_AUTO_TEST_CASE(an_error_is_told_while_something_better_is_awaited) {
  requests = SingleProbeSchedule{Rules{.tell_errors = true}};
  const Token token = submit(1);
  const auto probes = send(start);
  hear(Kind::unreachable, probes[0], start + 1ms);
  BOOST_TEST(requests.reached(Goal::done));
  BOOST_REQUIRE_EQUAL(requests.heard().size(), 1U);
  BOOST_TEST(requests.heard()[0].token == token);
  BOOST_CHECK(requests.heard()[0].record.outcome == Outcome::unreachable);
  BOOST_TEST(requests.heard()[0].detail.icmp->code == 1);
  requests.heard().clear();
  BOOST_TEST(!requests.reached(Goal::done));
  expire(start + 1s);
  BOOST_CHECK(done().record.outcome == Outcome::unreachable);
  // An error that ends the request is not told in heard() too.
  submit(2, 1s);
  hear(Kind::unreachable, send(start + 2s)[0], start + 2001ms, true);
  BOOST_TEST(requests.heard().empty());
  BOOST_CHECK(done().record.outcome == Outcome::unreachable);
  // Without tell_errors, errors are not told.
  requests = SingleProbeSchedule{Rules{}};
  submit(3);
  hear(Kind::unreachable, send(start)[0], start + 1ms);
  BOOST_TEST(!requests.reached(Goal::done));
  BOOST_TEST(requests.heard().empty());
}

BOOST_AUTO_TEST_CASE(what_is_done_says_when_the_probe_was_sent_that_was_answered) {
  submit(1, 1s, 2);
  send(start + 1ms);
  expire(start + 1001ms);
  const auto second = send(start + 1002ms);
  expire(start + 2002ms);
  send(start + 2003ms);
  reply(second[0], start + 2100ms);
  BOOST_CHECK(done().sent_at == start + 1002ms);
  submit(2, 1s, 1);
  send(start + 10s);
  expire(start + 11s);
  send(start + 11s);
  expire(start + 12s);
  BOOST_CHECK(done().sent_at == start + 11s);  // no probe was answered, so the last one counts
}

BOOST_AUTO_TEST_CASE(waits_grow_from_probe_to_probe) {
  requests.submit({.destination = destination(1), .waits = {.first = 100ms, .factor = 2, .most = 300ms}, .retry = 3});
  Instant now = start;
  for (const auto wait : {100ms, 200ms, 300ms, 300ms}) {
    BOOST_TEST(send(now).size() == 1U);
    BOOST_CHECK(requests.next() == now + wait);
    now += wait;
    expire(now);
  }
  BOOST_TEST(done().record.attempt == 4U);
  requests.submit({.destination = destination(1), .waits = {.first = 100ms, .factor = 2}, .retry = 2});
  for (Instant at = now; !requests.any_done(); at = std::max(at, requests.next())) {
    expire(at);
    for (const auto& probe : propose(at)) requests.refused(probe, std::make_error_code(std::errc::no_buffer_space), at);
    BOOST_REQUIRE(at <= now + 700ms);  // all waits together
  }
  BOOST_CHECK(done().record.outcome == Outcome::send_failed);
}

BOOST_AUTO_TEST_CASE(one_request_can_fail_fast_beside_others) {
  const Token hasty =
      requests.submit({.destination = destination(1), .fail_fast = true, .waits = {.first = 1s}, .retry = 3});
  const Token patient = submit(2);
  const auto batch = send(start);
  hear(Kind::unreachable, batch[1], start + 1ms);
  BOOST_TEST(!requests.any_done());
  hear(Kind::unreachable, batch[0], start + 1ms);
  BOOST_TEST(done().token == hasty);
  expire(start + 1s);
  BOOST_TEST(done().token == patient);
  expire(start + 20s);
  submit(3);  // takes the number of one of them, and not its haste
  submit(4);
  for (const auto& probe : send(start + 20s)) hear(Kind::unreachable, probe, start + 20s + 1ms);
  BOOST_TEST(!requests.any_done());
}

/// What becomes of a request with two waits of 100 ms that expires at this time.
struct Expiring : RequestsDialogue {
  explicit Expiring(Duration at) {
    requests.submit({.destination = destination(1), .waits = {.first = 100ms}, .retry = 1, .expires = start + at});
  }
};

BOOST_AUTO_TEST_CASE(what_expires_before_it_is_sent_is_pending) {
  for (const Duration at : {-1s, 0s}) {
    Expiring early{at};
    BOOST_TEST(early.send(start).empty());
    BOOST_TEST(early.requests.reached(Goal::sent));
    BOOST_CHECK(early.requests.next() <= start);
    early.expire(start);
    const auto result = early.done();
    BOOST_CHECK(result.record.outcome == Outcome::pending);
    BOOST_TEST(result.record.attempt == 0U);
  }
}

BOOST_AUTO_TEST_CASE(what_expires_under_way_is_silent_only_if_a_wait_has_passed) {
  Expiring first{99ms};
  first.send(start);
  BOOST_CHECK(first.requests.next() == start + 99ms);
  first.expire(start + 99ms);
  const auto cut_short = first.done();
  BOOST_CHECK(cut_short.record.outcome == Outcome::pending);
  BOOST_TEST(cut_short.record.attempt == 1U);

  for (const Duration at : {100ms, 150ms, 200ms, 10000ms}) {
    Expiring later{at};
    later.send(start);
    later.expire(start + 100ms);
    if (at > 100ms) later.send(start + 100ms);
    later.expire(start + std::min(at, Duration{200ms}));
    const auto result = later.done();
    BOOST_CHECK(result.record.outcome == Outcome::no_reply);
    BOOST_TEST(result.record.attempt == (at > 100ms ? 2U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(no_answer_counts_after_the_request_has_expired) {
  Expiring both{50ms};
  const auto probe = both.send(start)[0];
  both.reply(probe, start + 51ms);  // expire() was not called yet
  BOOST_TEST(!both.requests.any_done());
  BOOST_TEST(both.requests.counters().late == 1U);
  both.expire(start + 60ms);
  BOOST_CHECK(both.done().record.outcome == Outcome::pending);
  Expiring in_time{50ms};
  in_time.reply(in_time.send(start)[0], start + 50ms);
  BOOST_CHECK(in_time.done().record.outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(what_is_refused_until_it_expires_has_the_error) {
  Expiring refused{50ms};
  const auto full = std::make_error_code(std::errc::no_buffer_space);
  refused.requests.refused(refused.propose(start)[0], full, start);
  refused.expire(start + 50ms);
  const auto result = refused.done();
  BOOST_CHECK(result.record.outcome == Outcome::send_failed);
  BOOST_CHECK(result.detail.error == full);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
