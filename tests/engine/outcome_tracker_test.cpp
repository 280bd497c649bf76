// Tests the rules that turn sent probes, failures and events into outcomes of a target, one rule at a time.
// There is no transport; each test chooses the time.
#include "engine/outcome_tracker.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using multiping::Address;
using multiping::Duration;
using multiping::IcmpError;
using multiping::Instant;
using multiping::Outcome;
using multiping::TimestampSource;
using multiping::engine::Detail;
using multiping::engine::OutcomeTracker;
using multiping::engine::TargetIndex;
using multiping::engine::TargetRecord;
using multiping::net::Event;
using multiping::net::Probe;
using Kind = multiping::net::Event::Kind;

namespace outcome_tracker_test {

constexpr Instant start{100s};
const Address router = Address::v4({10, 0, 0, 1});

/// One target, 192.0.2.1, and the probes sent to it.
struct Fixture {
  Probe send(std::uint32_t round, Instant at = start, TargetIndex target = 0) {
    const Probe probe = fates.table().probe(fates.table().open_probe(target, round));
    fates.sent({&probe, 1}, {&at, 1}, OutcomeTracker::Sending::attempt);
    return probe;
  }
  void hear(Kind kind, const Probe& probe, Instant at, bool final = false) {
    Event event{.serial = probe.serial, .kind = kind, .final = final};
    event.responder = kind == Kind::reply || kind == Kind::refused ? *probe.to : router;
    event.arrival = {.read = at, .stamp = at};
    if (kind == Kind::unreachable) event.icmp = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 1});
    if (kind == Kind::ttl_expired) event.icmp = std::make_shared<const IcmpError>(IcmpError{.type = 11});
    if (kind == Kind::failed) event.error = std::make_error_code(std::errc::host_unreachable);
    fates.received(event);
  }
  [[nodiscard]] TargetRecord& record() { return fates.table().record(0); }
  [[nodiscard]] const Detail* detail() { return fates.table().find_detail(record()); }

  OutcomeTracker fates = with_target(false);
  static OutcomeTracker with_target(bool fail_fast, bool ttl_asked = false) {
    OutcomeTracker fates{fail_fast};
    fates.add({.address = Address::v4({192, 0, 2, 1}), .profile = 0, .ttl_asked = ttl_asked});
    return fates;
  }
};

}  // namespace outcome_tracker_test

BOOST_FIXTURE_TEST_SUITE(outcome_tracker_test, outcome_tracker_test::Fixture)

BOOST_AUTO_TEST_CASE(a_reply_is_the_targets_fate) {
  hear(Kind::reply, send(1), start + 7ms);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_CHECK(record().rtt == 7ms);
  BOOST_CHECK(record().timestamps == TimestampSource::kernel);
  BOOST_TEST(record().attempt == 1U);
  BOOST_CHECK(record().unreported);
  BOOST_TEST(fates.awaited() == 0U);
  BOOST_TEST(fates.unanswered() == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_too_big_is_repeated_as_part_of_its_attempt) {
  const auto too_big = [this](const Probe& probe) {
    const Event event{.serial = probe.serial,
                      .kind = Kind::unreachable,
                      .cut_next_time = true,
                      .responder = router,
                      .arrival = {.read = start + 1ms, .stamp = {}},
                      .icmp = std::make_shared<const IcmpError>(IcmpError{.type = 2, .mtu = 1300})};
    return fates.received(event);
  };
  const auto repeat = [this](std::uint32_t round) {
    const auto serial = fates.table().open_probe(0, round);
    fates.table().entry(serial).repetition = true;
    const Probe probe = fates.table().probe(serial);
    const Instant at = start + 2ms;
    fates.sent({&probe, 1}, {&at, 1}, OutcomeTracker::Sending::attempt);
    return probe;
  };
  fates = with_target(true);
  const Probe first = send(1);
  BOOST_TEST(too_big(first));
  BOOST_TEST(!too_big(first));  // the same error a second time
  BOOST_TEST(too_big(repeat(1)));
  BOOST_TEST(fates.awaited() == 1U);  // although fail_fast is set
  BOOST_TEST(record().attempt == 1U);
  const Probe last = repeat(1);
  const Probe second = send(2);
  BOOST_TEST(!too_big(last));  // a newer probe is under way
  hear(Kind::reply, second, start + 9ms);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_TEST(record().attempt == 2U);
  BOOST_CHECK(detail()->icmp == nullptr);
}

BOOST_AUTO_TEST_CASE(an_answer_from_elsewhere_is_none_but_names_who_sent_it) {
  const Address other = Address::v4({192, 0, 2, 9});
  const Probe probe = send(1);
  for (const Kind kind : {Kind::reply, Kind::refused})
    fates.received({.serial = probe.serial, .kind = kind, .responder = other, .elsewhere = true});
  OutcomeTracker::time_out(record(), start);
  BOOST_CHECK(record().outcome == Outcome::no_reply);
  BOOST_CHECK(detail()->responder == other);
  BOOST_TEST(fates.counters().wrong_source == 2U);
  BOOST_TEST(fates.counters().received == 0U);
  hear(Kind::unreachable, probe, start + 5ms);
  fates.received({.serial = probe.serial, .responder = other, .elsewhere = true});
  BOOST_CHECK(detail()->responder == router);
  hear(Kind::reply, probe, start + 7ms);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_CHECK(record().rtt == 7ms);
  BOOST_CHECK(!detail()->responder);
  fates.received_late({.serial = probe.serial, .responder = other, .elsewhere = true});
  BOOST_TEST(fates.counters().wrong_source == 4U);
  BOOST_TEST(fates.counters().late + fates.counters().duplicates == 0U);
}

BOOST_AUTO_TEST_CASE(with_any_source_an_answer_from_elsewhere_is_one) {
  const Address other = Address::v4({192, 0, 2, 9});
  fates = OutcomeTracker{false, true};
  fates.add({.address = Address::v4({192, 0, 2, 1}), .profile = 0});
  const Probe probe = send(1);
  const Event event{.serial = probe.serial,
                    .responder = other,
                    .arrival = {.read = start + 3ms, .stamp = start + 3ms},
                    .elsewhere = true};
  fates.received(event);
  fates.received(event);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_CHECK(record().rtt == 3ms);
  BOOST_CHECK(detail()->responder == other);
  BOOST_TEST(fates.counters().wrong_source == 0U);
  BOOST_TEST(fates.counters().received == 1U);
  BOOST_TEST(fates.counters().duplicates == 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_an_answer) {
  hear(Kind::refused, send(1), start + 3ms);
  BOOST_CHECK(record().outcome == Outcome::refused);
  BOOST_TEST(record().answered());
  BOOST_TEST(fates.counters().received == 1U);
  BOOST_TEST(fates.counters().icmp_errors == 0U);
  BOOST_TEST(fates.unanswered() == 0U);
}

BOOST_AUTO_TEST_CASE(a_refusal_by_icmp_keeps_the_error) {
  const Probe probe = send(1);
  const auto port_unreachable = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 3});
  fates.received({.serial = probe.serial, .kind = Kind::refused, .responder = *probe.to, .icmp = port_unreachable});
  BOOST_CHECK(record().outcome == Outcome::refused);
  BOOST_REQUIRE(detail() != nullptr);
  BOOST_CHECK(detail()->icmp == port_unreachable);
  BOOST_TEST(fates.counters().received == 1U);
  BOOST_TEST(fates.counters().icmp_errors == 1U);
}

BOOST_AUTO_TEST_CASE(further_answers_are_duplicates) {
  const Probe probe = send(1);
  for (int i = 0; i < 3; ++i) hear(Kind::reply, probe, start + 1ms);
  hear(Kind::refused, probe, start + 1ms);
  BOOST_TEST(fates.counters().received == 1U);
  BOOST_TEST(fates.counters().duplicates == 3U);
  BOOST_CHECK(record().outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(time_is_the_kernels_where_that_is_possible) {
  const auto heard = [this](Instant read, std::optional<Instant> stamp, std::optional<Duration> rtt) {
    fates = with_target(false);
    const Probe probe = send(1);
    fates.received({.serial = probe.serial, .arrival = {.read = read, .stamp = stamp}, .rtt = rtt});
    return record();
  };
  BOOST_CHECK(heard(start + 9ms, start + 2ms, {}).rtt == 2ms);
  const auto before_sending = heard(start + 9ms, start - 1h, {});
  BOOST_CHECK(before_sending.rtt == 9ms);
  BOOST_CHECK(before_sending.timestamps == TimestampSource::user);
  const auto at_the_same_time = heard(start + 9ms, start, {});
  BOOST_CHECK(at_the_same_time.rtt == 9ms);
  BOOST_CHECK(at_the_same_time.timestamps == TimestampSource::user);
  const auto in_the_future = heard(start + 9ms, start + 1h, {});
  BOOST_CHECK(in_the_future.rtt == 9ms);
  BOOST_CHECK(in_the_future.timestamps == TimestampSource::user);
  const auto measured = heard(start + 9ms, {}, 250us);
  BOOST_CHECK(measured.rtt == 250us);
  BOOST_CHECK(measured.timestamps == TimestampSource::kernel);
}

BOOST_AUTO_TEST_CASE(a_round_trip_takes_time) {
  const std::vector<Event> events{{.arrival = {.read = start - 1ms}},
                                  {.arrival = {.read = start, .stamp = start}},
                                  {.arrival = {.read = start + 1ms}, .rtt = Duration{}},
                                  {.arrival = {.read = start + 1ms}, .rtt = Duration{-1}}};
  for (Event event : events) {
    fates = with_target(false);
    event.serial = send(1).serial;
    fates.received(event);
    BOOST_CHECK(record().rtt == 1ns);
  }
}

BOOST_AUTO_TEST_CASE(fail_fast_ends_the_wait_and_the_reply_is_late) {
  fates = with_target(true);
  const Probe probe = send(1);
  hear(Kind::unreachable, probe, start + 1ms);
  BOOST_TEST(fates.awaited() == 0U);
  hear(Kind::reply, probe, start + 50ms);
  BOOST_CHECK(record().outcome == Outcome::unreachable);
  BOOST_TEST(fates.counters().late == 1U);
}

BOOST_AUTO_TEST_CASE(a_fragment_that_got_lost_ends_no_wait) {
  fates = with_target(true);
  const Probe probe = send(1);
  Event event{.serial = probe.serial, .kind = Kind::unreachable};
  event.icmp = std::make_shared<const IcmpError>(IcmpError{.type = 11, .code = 1});
  event.arrival = {.read = start + 1ms, .stamp = start + 1ms};
  fates.received(event);
  BOOST_CHECK(record().outcome == Outcome::unreachable);
  BOOST_TEST(fates.awaited() == 1U);
  hear(Kind::reply, probe, start + 50ms);
  BOOST_CHECK(record().outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(an_expired_ttl_ends_the_wait_only_where_one_was_asked_for) {
  for (const bool ttl_asked : {false, true}) {
    fates = with_target(false, ttl_asked);
    hear(Kind::ttl_expired, send(1), start + 1ms);
    BOOST_CHECK(record().outcome == Outcome::ttl_expired);
    BOOST_CHECK(record().awaited != ttl_asked);
  }
}

BOOST_AUTO_TEST_CASE(an_error_that_is_final_ends_the_wait) {
  const Probe probe = send(1);
  hear(Kind::unreachable, probe, start + 1ms, true);
  BOOST_CHECK(record().outcome == Outcome::unreachable);
  BOOST_CHECK(detail()->responder == router);
  BOOST_TEST(!record().awaited);
  hear(Kind::reply, probe, start + 2ms);
  BOOST_TEST(fates.counters().late == 1U);
  BOOST_CHECK(record().outcome == Outcome::unreachable);
}

BOOST_AUTO_TEST_CASE(the_end_of_an_earlier_probe_leaves_the_later_one_under_way) {
  const Probe first = send(1);
  const Probe second = send(2, start + 1s);
  hear(Kind::unreachable, first, start + 2s, true);
  BOOST_CHECK(record().outcome == Outcome::unreachable);
  BOOST_CHECK(record().awaited);
  hear(Kind::reply, second, start + 3s);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_TEST(record().attempt == 2U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_this_host_gives_up_has_failed) {
  const Probe probe = send(1);
  hear(Kind::failed, probe, start + 3s);
  BOOST_CHECK(record().outcome == Outcome::send_failed);
  BOOST_CHECK(detail()->error == std::errc::host_unreachable);
  BOOST_TEST(!record().awaited);
  BOOST_TEST(fates.counters().send_errors == 1U);
  hear(Kind::failed, probe, start + 4s);  // a second failure of the same probe does not count
  BOOST_TEST(fates.counters().send_errors == 1U);
}

BOOST_AUTO_TEST_CASE(a_failure_after_the_answer_changes_nothing) {
  const Probe first = send(1);
  const Probe second = send(2);
  hear(Kind::reply, first, start + 1ms);
  hear(Kind::failed, second, start + 2ms);
  BOOST_CHECK(record().outcome == Outcome::reply);
  BOOST_TEST(fates.unanswered() == 0U);
}

BOOST_AUTO_TEST_CASE(what_failed_has_no_time_and_no_responder) {
  hear(Kind::unreachable, send(1), start + 5ms);
  BOOST_CHECK(record().rtt == 5ms);
  fates.give_up(record());
  fates.fail(0, std::make_error_code(std::errc::network_unreachable), start + 6ms);
  BOOST_CHECK(record().outcome == Outcome::send_failed);
  BOOST_CHECK(record().rtt == Duration{});
  BOOST_CHECK(record().timestamps == TimestampSource::none);
  BOOST_TEST(detail()->icmp == nullptr);
  BOOST_TEST((record().at() == start + 6ms));
}

BOOST_AUTO_TEST_CASE(a_fate_has_its_time_and_the_size_of_the_answer) {
  const Probe silent = send(1);
  OutcomeTracker::time_out(record(), start + 1s);
  BOOST_TEST((record().at() == start + 1s));
  fates.received({.serial = silent.serial,
                  .kind = Kind::unreachable,
                  .responder = router,
                  .arrival = {.read = start + 2s, .stamp = start + 1500ms},
                  .icmp = std::make_shared<const IcmpError>(IcmpError{.type = 3, .code = 1}),
                  .reply_size = 36});
  BOOST_TEST((record().at() == start + 1500ms));
  BOOST_TEST((record().reply_size == 36U));
  fates.received({.serial = silent.serial, .arrival = {.read = start + 3s}, .reply_size = 65'535});
  BOOST_TEST((record().at() == start + 3s));
  BOOST_TEST((record().reply_size == 65'535U));
}

BOOST_AUTO_TEST_CASE(times_are_kept_to_the_microsecond_for_years) {
  TargetRecord record;
  const Instant late{std::chrono::hours{24 * 365 * 8} + 999ns};
  record.set_at(late);
  BOOST_TEST((record.at() == late - 999ns));
  record.set_at(Instant::min());
  BOOST_TEST((record.at() == Instant{}));
}

BOOST_AUTO_TEST_CASE(what_comes_for_nobody_is_counted_and_no_more) {
  const Probe probe = send(1);
  fates.received_late({.serial = probe.serial});
  fates.received_late({.serial = probe.serial,
                       .kind = Kind::unreachable,
                       .icmp = std::make_shared<const IcmpError>(IcmpError{.type = 3})});
  BOOST_TEST(fates.counters().late == 1U);
  BOOST_TEST(fates.counters().icmp_errors == 1U);
  BOOST_CHECK(record().outcome == Outcome::pending);
  hear(Kind::reply, probe, start + 1ms);
  fates.received_late({.serial = probe.serial});
  BOOST_TEST(fates.counters().duplicates == 1U);
}

BOOST_AUTO_TEST_CASE(answers_are_unreported_until_they_are_handed_out) {
  const Probe probe = send(1);
  hear(Kind::reply, probe, start + 1ms);
  hear(Kind::reply, probe, start + 1ms);
  BOOST_TEST(fates.unreported() == 1U);
  fates.all_reported();
  BOOST_TEST(fates.unreported() == 0U);
}

BOOST_AUTO_TEST_CASE(a_replaced_target_leaves_no_trace_in_the_counts) {
  hear(Kind::reply, send(1), start + 1ms);
  fates.replace(0, {.address = Address::v4({198, 51, 100, 1})});
  BOOST_TEST(fates.unanswered() == 1U);
  BOOST_TEST(fates.unreported() == 0U);
  BOOST_CHECK(record().outcome == Outcome::pending);
}

BOOST_AUTO_TEST_CASE(what_is_under_way_has_twice_the_greatest_time_within_limits) {
  BOOST_CHECK(fates.time_to_answer() == 20ms);
  hear(Kind::reply, send(1), start + 7ms);
  BOOST_CHECK(fates.time_to_answer() == 20ms);
  fates.add({.address = Address::v4({10, 0, 0, 2})});
  hear(Kind::reply, send(1, start, 1), start + 30ms);
  BOOST_CHECK(fates.time_to_answer() == 60ms);
  fates.add({.address = Address::v4({10, 0, 0, 3})});
  hear(Kind::reply, send(1, start, 2), start + 3s);
  BOOST_CHECK(fates.time_to_answer() == 1s);
}

BOOST_AUTO_TEST_SUITE_END()
