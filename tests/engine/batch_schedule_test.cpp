// Tests the rules of a batch: the probes that the session proposes, and the effect of events on its targets.
// There is no transport; each test chooses the time.
#include "engine/batch_schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <stop_token>
#include <vector>

using namespace std::chrono_literals;
using multiping::Address;
using multiping::Counters;
using multiping::IcmpError;
using multiping::Instant;
using multiping::Outcome;
using multiping::engine::BatchSchedule;
using multiping::engine::Rules;
using multiping::engine::TargetRecord;
using multiping::net::Event;
using multiping::net::Probe;

BOOST_AUTO_TEST_SUITE(batch_schedule_test)

namespace {

constexpr Instant start{100s};

std::error_code full() { return std::make_error_code(std::errc::no_buffer_space); }

std::error_code backlog() { return std::make_error_code(std::errc::resource_unavailable_try_again); }

struct Dialogue {
  explicit Dialogue(std::uint8_t targets, Rules rules = {}) : session{rules} {
    for (std::uint8_t i = 0; i < targets; ++i) session.add({.address = Address::v4({192, 0, 2, i})});
  }

  std::vector<Probe> propose(Instant now, std::size_t most = 100) {
    std::vector<Probe> batch;
    session.propose(now, most, batch);
    return batch;
  }
  std::vector<Probe> send_all(Instant now) {
    auto batch = propose(now);
    session.sent(batch, std::vector<Instant>(batch.size(), now));
    return batch;
  }
  std::vector<Probe> round(Instant now) {
    session.begin_round(now);
    return send_all(now);
  }
  void reply(const Probe& probe, Instant at) {
    hear({.serial = probe.serial, .responder = *probe.to, .arrival = {.read = at, .stamp = at}});
  }
  void unreachable(const Probe& probe, Instant at) {
    hear({.serial = probe.serial,
          .kind = Event::Kind::unreachable,
          .responder = Address::v4({10, 0, 0, 1}),
          .arrival = {.read = at, .stamp = {}},
          .icmp = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 1})});
  }
  void hear(const Event& event) { session.received({&event, 1}); }
  [[nodiscard]] const Counters& counters() const { return session.outcomes().counters(); }
  TargetRecord& record(std::uint32_t target) { return session.table().record(target); }

  BatchSchedule session;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_round_reaches_every_target_once_in_order) {
  Dialogue d{3};
  const auto batch = d.round(start);
  BOOST_REQUIRE_EQUAL(batch.size(), 3U);
  for (std::uint8_t i = 0; i < 3; ++i) BOOST_CHECK(*batch[i].to == Address::v4({192, 0, 2, i}));
  BOOST_TEST(!d.session.sending());
  BOOST_TEST(d.session.outcomes().awaited() == 3U);
  BOOST_TEST(d.propose(start).empty());
  BOOST_TEST(d.counters().sent == 3U);
}

BOOST_AUTO_TEST_CASE(no_more_than_asked_for_at_once) {
  Dialogue d{5};
  d.session.begin_round(start);
  BOOST_TEST(d.propose(start, 2).size() == 2U);
  BOOST_TEST(d.propose(start, 2).size() == 2U);
  BOOST_TEST(d.propose(start, 2).size() == 1U);
}

BOOST_AUTO_TEST_CASE(only_the_silent_are_sent_to_again_and_any_attempt_counts) {
  Dialogue d{2};
  const auto first = d.round(start);
  d.reply(first[0], start + 1ms);
  d.session.time_out(start + 900ms);
  BOOST_CHECK(d.record(1).outcome == Outcome::no_reply);
  const auto second = d.round(start + 1s);
  BOOST_REQUIRE_EQUAL(second.size(), 1U);
  BOOST_CHECK(d.record(1).outcome == Outcome::pending);
  d.reply(first[1], start + 1200ms);
  BOOST_TEST(d.record(1).attempt == 1U);
  BOOST_CHECK(d.record(1).rtt == 1200ms);
  d.reply(second[0], start + 1300ms);  // the second probe is answered too, but the first answer stays
  BOOST_TEST(d.record(1).attempt == 1U);
  BOOST_TEST(d.counters().received == 3U);
  BOOST_TEST(d.counters().duplicates == 0U);
  BOOST_TEST(d.session.outcomes().unanswered() == 0U);
}

BOOST_AUTO_TEST_CASE(a_target_that_answers_late_is_not_sent_to_in_the_round_under_way) {
  Dialogue d{3};
  const auto first = d.round(start);
  d.session.begin_round(start + 1s);
  d.propose(start + 1s, 1);
  d.reply(first[1], start + 1s);
  const auto rest = d.propose(start + 1s);
  BOOST_REQUIRE_EQUAL(rest.size(), 1U);
  BOOST_CHECK(*rest[0].to == Address::v4({192, 0, 2, 2}));
}

BOOST_AUTO_TEST_CASE(an_error_does_not_end_the_wait_and_a_reply_wins) {
  Dialogue d{1};
  const auto batch = d.round(start);
  d.unreachable(batch[0], start + 1ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::unreachable);
  BOOST_TEST(d.session.outcomes().awaited() == 1U);
  d.session.time_out(start + 20ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::unreachable);
  d.reply(batch[0], start + 50ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::reply);
  BOOST_TEST(d.session.table().find_detail(d.record(0))->icmp == nullptr);
  d.unreachable(batch[0], start + 60ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::reply);
  BOOST_TEST(d.counters().icmp_errors == 2U);
}

BOOST_AUTO_TEST_CASE(a_local_error_is_the_targets_own) {
  Dialogue d{2};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  const auto error = std::make_error_code(std::errc::permission_denied);
  d.session.refused(batch[0], error, start);
  d.session.sent(std::span{batch}.subspan(1), std::vector<Instant>{start});
  BOOST_CHECK(d.record(0).outcome == Outcome::send_failed);
  BOOST_CHECK(d.session.table().find_detail(d.record(0))->error == error);
  BOOST_TEST(d.record(0).attempt == 0U);
  BOOST_TEST(d.session.outcomes().awaited() == 1U);
  BOOST_TEST(d.counters().send_errors == 1U);
  BOOST_TEST(!d.session.sending());
  BOOST_TEST(d.round(start + 1s).size() == 2U);  // it is tried again, together with the silent targets
  BOOST_CHECK(d.record(0).outcome == Outcome::pending);
}

BOOST_AUTO_TEST_CASE(a_failure_to_send_again_leaves_the_probe_under_way) {
  Dialogue d{1};
  const auto first = d.round(start);
  d.session.begin_round(start + 1s);
  d.session.refused(d.propose(start + 1s)[0], std::make_error_code(std::errc::network_unreachable), start + 1s);
  BOOST_TEST(d.session.outcomes().awaited() == 1U);
  d.reply(first[0], start + 2s);
  BOOST_CHECK(d.record(0).outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(a_failure_to_send_again_is_told_when_the_earlier_probe_was_in_vain) {
  Dialogue d{1};
  const auto first = d.round(start);
  d.session.time_out(start + 900ms);
  d.session.begin_round(start + 1s);
  const auto error = std::make_error_code(std::errc::invalid_argument);
  d.session.refused(d.propose(start + 1s)[0], error, start + 1s);
  BOOST_CHECK(d.record(0).outcome == Outcome::send_failed);
  BOOST_CHECK(d.session.table().find_detail(d.record(0))->error == error);
  d.reply(first[0], start + 2s);
  BOOST_CHECK(d.record(0).outcome == Outcome::reply);
  BOOST_CHECK(!d.session.table().find_detail(d.record(0))->error);
}

BOOST_AUTO_TEST_CASE(while_answers_may_have_been_dropped_here_nobody_is_silent) {
  Dialogue d{1};
  d.round(start);
  d.session.receive_drops(1, start + 1ms);
  BOOST_CHECK(d.session.next_recovery() == start + 21ms);
  d.session.time_out(start + 5ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::pending);
  BOOST_TEST(d.send_all(start + 21ms).size() == 1U);
  d.session.time_out(start + 30ms);  // the time for an answer to the repeated probe has not passed
  BOOST_CHECK(d.record(0).outcome == Outcome::pending);
  d.session.time_out(start + 50ms);
  BOOST_CHECK(d.record(0).outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(nothing_is_repeated_when_all_have_answered) {
  Dialogue d{1};
  const auto batch = d.round(start);
  d.session.receive_drops(1, start + 1ms);
  d.reply(batch[0], start + 2ms);
  BOOST_CHECK(d.session.next_recovery() == Instant::max());
  BOOST_TEST(d.send_all(start + 50ms).empty());
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_waited_for_behind_the_others) {
  Dialogue d{3};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  d.session.sent(std::span{batch}.first(1), std::vector<Instant>{start});
  d.session.refused(batch[1], full(), start);
  d.session.refused(batch[2], full(), start);
  BOOST_TEST(d.session.sending());
  const auto again = d.send_all(start);
  BOOST_REQUIRE_EQUAL(again.size(), 2U);
  BOOST_CHECK(*again[0].to == *batch[1].to);
  BOOST_TEST(d.counters().send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(a_full_transport_is_waited_for_and_gets_the_same_probes_again) {
  Dialogue d{4};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  d.session.sent(std::span{batch}.first(1), std::vector<Instant>{start});
  d.session.put_back(std::span{batch}.subspan(1), start + 1s);
  BOOST_TEST(d.session.sending());
  BOOST_TEST(!d.session.reached(multiping::engine::Goal::sent));
  BOOST_TEST(d.propose(start).empty());
  BOOST_CHECK(d.session.next() == start + 1s);
  const auto again = d.propose(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(again[i].serial == batch[i + 1].serial);
  d.session.sent(again, std::vector<Instant>(3, start + 1s));
  BOOST_TEST(!d.session.sending());
  BOOST_TEST(d.counters().sent == 4U);
  BOOST_TEST(d.counters().send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_full_transport_gives_back_makes_room) {
  Dialogue d{3};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  d.session.sent(std::span{batch}.first(1), std::vector<Instant>{start});
  d.session.put_back(std::span{batch}.subspan(1), Instant::max());
  BOOST_TEST(d.propose(start + 1s).empty());
  d.reply(batch[0], start + 2s);
  const auto one = d.propose(start + 2s, 1);
  BOOST_REQUIRE_EQUAL(one.size(), 1U);
  BOOST_TEST(one[0].serial == batch[1].serial);
  d.session.put_back(one, Instant::max());  // there was still no room
  d.unreachable(batch[0], start + 3s);
  const auto rest = d.propose(start + 3s);
  BOOST_REQUIRE_EQUAL(rest.size(), 2U);
  BOOST_TEST(rest[0].serial == batch[1].serial);
  BOOST_TEST(rest[1].serial == batch[2].serial);
}

BOOST_AUTO_TEST_CASE(a_target_that_answers_meanwhile_is_not_sent_what_was_put_back) {
  Dialogue d{2};
  const auto first = d.round(start);
  d.session.begin_round(start + 1s);
  const auto batch = d.propose(start + 1s);
  d.session.put_back(batch, start + 2s);
  d.reply(first[0], start + 2s);
  const auto again = d.send_all(start + 2s);
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST(again[0].serial == batch[1].serial);
  BOOST_TEST(!d.session.sending());
}

BOOST_AUTO_TEST_CASE(what_was_put_back_is_given_up_with_its_round) {
  Dialogue d{2};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  d.session.put_back(batch, start + 1s);
  d.session.end_round(start);
  BOOST_TEST(!d.session.sending());
  BOOST_TEST(d.record(0).attempt == 0U);
  const auto again = d.round(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 2U);
  BOOST_TEST(again[0].serial > batch[1].serial);
}

BOOST_AUTO_TEST_CASE(a_queue_that_stays_full_fails_within_a_few_seconds) {
  Dialogue d{20};
  d.session.begin_round(start);
  Instant now = start;
  int tries = 0;
  while (d.session.sending() && tries < 10'000) {
    for (const auto& probe : d.propose(now)) {
      d.session.refused(probe, full(), now);
      ++tries;
    }
    if (d.session.sending()) now = std::max(now, d.session.next());
  }
  BOOST_CHECK(now - start >= 4s);
  BOOST_CHECK(now - start < 4200ms);
  BOOST_TEST(tries < 2000);
  for (std::uint32_t i = 0; i < 20; ++i) {
    BOOST_CHECK(d.record(i).outcome == Outcome::send_failed);
    BOOST_CHECK(d.session.table().find_detail(d.record(i))->error == full());
  }
  BOOST_TEST(d.counters().send_errors == 20U);
}

BOOST_AUTO_TEST_CASE(the_rate_is_kept) {
  Dialogue d{10, {.max_rate = 100}};
  d.session.begin_round(start);
  Instant now = start;
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(d.send_all(now).size() == 1U);
    BOOST_TEST(d.propose(now).empty());
    if (i < 9) now = d.session.next();
  }
  BOOST_CHECK(now == start + 90ms);
}

BOOST_AUTO_TEST_CASE(a_drop_on_this_host_probes_the_silent_again_within_the_same_attempt) {
  Dialogue d{3};
  const auto batch = d.round(start);
  d.reply(batch[0], start + 1ms);
  d.session.receive_drops(5, start + 2ms);
  BOOST_CHECK(d.session.next() == start + 22ms);
  BOOST_TEST(d.send_all(start + 10ms).empty());
  const auto again = d.send_all(start + 22ms);
  const auto last = d.send_all(start + 40ms);  // sending is slower after the drops
  BOOST_REQUIRE_EQUAL(again.size() + last.size(), 2U);
  d.reply(again[0], start + 23ms);
  BOOST_TEST(d.record(1).attempt == 1U);
  BOOST_CHECK(d.record(1).rtt == 1ms);
  d.session.receive_drops(5, start + 50ms);  // the same count again
  BOOST_CHECK(d.session.next() == Instant::max());
}

BOOST_AUTO_TEST_CASE(recovery_is_bounded) {
  Dialogue d{1};
  d.round(start);
  Instant now = start;
  std::size_t repeated = 0;
  for (std::uint64_t drops = 1; drops < 20; ++drops) {
    d.session.receive_drops(drops, now);
    now += 2s;
    repeated += d.send_all(now).size() + d.send_all(now + 100ms).size();
  }
  BOOST_TEST(repeated == 3U);
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_by_the_end_of_the_round_stays_as_it_was) {
  Dialogue d{3, {.max_rate = 1}};
  d.session.begin_round(start);
  d.send_all(start);
  d.session.end_round(start);
  BOOST_TEST(!d.session.sending());
  BOOST_CHECK(d.record(2).outcome == Outcome::pending);
  BOOST_TEST(d.record(2).attempt == 0U);
}

BOOST_AUTO_TEST_CASE(what_this_host_refused_until_the_end_of_the_round_has_failed) {
  Dialogue d{3};
  d.session.begin_round(start);
  const auto batch = d.propose(start);
  d.session.sent(std::span{batch}.first(1), std::vector<Instant>{start});
  d.session.refused(batch[1], full(), start);
  d.session.refused(batch[2], backlog(), start);
  d.session.end_round(start);
  BOOST_CHECK(d.record(0).outcome == Outcome::pending);
  BOOST_CHECK(d.record(1).outcome == Outcome::send_failed);
  BOOST_CHECK(d.session.table().detail(d.record(1)).error == full());
  BOOST_CHECK(d.record(2).outcome == Outcome::pending);  // it only had to wait for the earlier packets
  BOOST_TEST(d.record(2).attempt == 0U);
  BOOST_TEST(d.counters().send_errors == 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_of_a_further_probe_is_no_news) {
  Dialogue d{1};
  d.round(start);
  d.session.time_out(start + 900ms);
  d.session.begin_round(start + 1s);
  const auto batch = d.propose(start + 1s);
  d.session.refused(batch[0], full(), start + 1s);
  d.session.end_round(start);
  BOOST_CHECK(d.record(0).outcome == Outcome::no_reply);
  BOOST_TEST(d.counters().send_errors == 0U);
}

BOOST_AUTO_TEST_CASE(reset_starts_over) {
  Dialogue d{2};
  const auto batch = d.round(start);
  d.reply(batch[0], start + 1ms);
  d.session.reset();
  BOOST_TEST(d.session.outcomes().unanswered() == 2U);
  BOOST_TEST(d.session.outcomes().awaited() == 0U);
  const auto again = d.round(start + 1s);
  BOOST_REQUIRE_EQUAL(again.size(), 2U);
  d.reply(again[0], start + 1001ms);
  BOOST_TEST(d.record(0).attempt == 1U);
}

BOOST_AUTO_TEST_CASE(a_long_lasting_retry_loop_does_not_grow) {
  Dialogue d{10};
  Instant now = start;
  for (int i = 0; i < 2000; ++i, now += 1s) {
    d.round(now);
    d.session.time_out(now + 900ms);
  }
  const auto window = d.session.table().window();
  BOOST_TEST(window.end - window.first <= 10U * 301U);
}

/// A session with so many targets that a look at all of them takes milliseconds.
struct Crowd {
  static constexpr std::uint32_t size = 300'000;
  static constexpr std::size_t most_in_a_call = 70'000;

  Crowd() {
    session.reserve(size);
    for (std::uint32_t i = 0; i < size; ++i) {
      const auto octet = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
      session.add({.address = Address::v4({10, octet(16), octet(8), octet(0)})});
    }
  }
  void answer_all_but_the_last(Instant now) {
    session.begin_round(now);
    std::vector<Probe> batch;
    std::vector<Event> events;
    while (session.sending()) {
      session.propose(now, 64, batch);
      session.sent(batch, std::vector<Instant>(batch.size(), now));
      for (const Probe& probe : batch)
        if (probe.target != size - 1)
          events.push_back({.serial = probe.serial, .responder = *probe.to, .arrival = {.read = now + 1ms}});
      session.received(events);
      events.clear();
    }
  }
  BatchSchedule session{Rules{}};
};

// The driver checks the clock and a stop request only between two calls.
BOOST_AUTO_TEST_CASE(no_call_looks_at_all_of_many_targets) {
  Crowd crowd;
  crowd.answer_all_but_the_last(start);
  crowd.session.begin_round(start + 1s);
  std::vector<Probe> batch;
  std::size_t calls = 0;
  for (; batch.empty() && calls < 1000; ++calls) {
    BOOST_TEST(crowd.session.sending());
    BOOST_CHECK(crowd.session.next() <= start + 1s);
    crowd.session.propose(start + 1s, 64, batch);
  }
  BOOST_TEST_REQUIRE(batch.size() == 1U);
  BOOST_TEST(batch[0].target == Crowd::size - 1);
  BOOST_TEST(calls >= Crowd::size / Crowd::most_in_a_call);
}

BOOST_AUTO_TEST_CASE(no_call_forgets_all_of_many_probes) {
  Crowd crowd;
  crowd.answer_all_but_the_last(start);
  crowd.session.begin_round(start + 1s);
  const auto first = [&crowd] { return crowd.session.table().window().first; };
  BOOST_TEST(first() <= Crowd::most_in_a_call);
  std::vector<Probe> batch;
  for (int calls = 0; batch.empty() && calls < 1000; ++calls) {
    const auto before = first();
    crowd.session.propose(start + 1s, 64, batch);
    BOOST_TEST(first() - before <= Crowd::most_in_a_call);
  }
  BOOST_TEST(first() == Crowd::size - 1);
}

BOOST_AUTO_TEST_CASE(what_a_stop_keeps_from_being_timed_out_stays_pending) {
  Dialogue d{2};
  d.round(start);
  std::stop_source source;
  source.request_stop();
  d.session.time_out(start + 1s, source.get_token());
  BOOST_CHECK(d.record(0).outcome == Outcome::pending);
  d.session.time_out(start + 1s, {});
  BOOST_CHECK(d.record(0).outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_SUITE_END()
