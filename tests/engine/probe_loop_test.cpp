// Tests the loop between a probe supplier and a transport: which calls it makes, in which order, and when it waits.
// The transport is a small class of this file, in virtual time.
#include "engine/probe_loop.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>

#include "engine/batch_schedule.hpp"
#include "engine/single_probe_schedule.hpp"

using namespace std::chrono_literals;
using namespace multiping;
using engine::BatchSchedule;
using engine::Goal;
using engine::ProbeLoop;
using engine::Rules;
using engine::SingleProbeSchedule;
using net::Serial;

BOOST_AUTO_TEST_SUITE(probe_loop_test)

namespace {

constexpr Instant start{100s};

Address host(std::uint32_t i) {
  return Address::v4({10, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
}

/// A transport with room for `room` probes at a time. If `answers`, each probe is answered after `delay`; otherwise its
/// room is free again after one second.
class SmallTransport final : public net::ProbeTransport {
 public:
  Instant now() noexcept override { return now_; }
  void set_profile(net::ProfileNumber, const ProbeOptions&) override {}
  net::Obstacle prepare(Family, net::ProfileNumber) override { return {}; }
  std::size_t credit() const noexcept override { return most_at_once; }
  Sent send(std::span<const net::Probe> probes, std::span<Instant> sent_at) override {
    Sent report;
    for (; report.accepted < probes.size(); ++report.accepted) {
      if (refuse_all) return {.accepted = report.accepted, .refused = std::make_error_code(std::errc::network_down)};
      give_up_the_old();
      if (under_way.size() == room) return {.accepted = report.accepted, .full = true};
      now_ += 1us;
      sent_at[report.accepted] = now_;
      under_way.push_back({probes[report.accepted].serial, now_});
      sent.push_back(probes[report.accepted].serial);
      ++unheard;
      most_unheard = std::max(most_unheard, unheard);
    }
    return report;
  }
  Instant room_at() const noexcept override {
    return under_way.empty() ? Instant::min() : under_way.front().since + 1s;
  }
  void receive(const net::ProbeBook&, std::vector<net::Event>& events) override {
    ++receives;
    unheard = 0;
    while (answers && !under_way.empty() && under_way.front().since + delay <= now_) {
      events.push_back({.serial = under_way.front().serial, .arrival = {now_, under_way.front().since + delay}});
      under_way.pop_front();
    }
  }
  void forget(Serial serial) noexcept override { forgotten.push_back(serial); }
  void wait(Instant until) override {
    ++waits;
    const Instant answer = answers && !under_way.empty() ? under_way.front().since + delay : Instant::max();
    now_ = std::max(now_, std::min(until, answer));
  }
  void wake() noexcept override {}
  int native_handle() noexcept override { return -1; }
  Counters counters() noexcept override { return {}; }

  std::size_t room = 1'000'000, most_at_once = 64, unheard = 0, most_unheard = 0, receives = 0, waits = 0;
  Duration delay = 10ms;
  bool answers = true, refuse_all = false;
  struct UnderWay {
    Serial serial;
    Instant since;
  };
  std::deque<UnderWay> under_way;
  std::vector<Serial> sent, forgotten;

 private:
  void give_up_the_old() {
    while (!under_way.empty() && under_way.front().since + 1s <= now_) under_way.pop_front();
  }
  Instant now_ = start;
};

BatchSchedule session_of(std::uint32_t targets) {
  BatchSchedule session{Rules{}};
  for (std::uint32_t i = 0; i < targets; ++i) session.add({.address = host(i)});
  session.begin_round(start);
  return session;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_goes_through_a_transport_that_has_little_room) {
  BatchSchedule session = session_of(1000);
  SmallTransport transport;
  transport.room = 7;
  BOOST_TEST(ProbeLoop(session, transport).run(Goal::sent, Instant::max(), {}));
  BOOST_TEST(transport.sent.size() == 1000U);
  BOOST_TEST(ProbeLoop(session, transport).run(Goal::answered, start + 1h, {}));
  BOOST_TEST(session.outcomes().unanswered() == 0U);
  BOOST_TEST(session.outcomes().counters().send_errors == 0U);
  BOOST_TEST(transport.waits < 1000U);
}

BOOST_AUTO_TEST_CASE(the_silent_make_room_when_the_transport_says_so) {
  BatchSchedule session = session_of(100);
  SmallTransport transport;
  transport.room = 10;
  transport.answers = false;
  BOOST_TEST(ProbeLoop(session, transport).run(Goal::sent, Instant::max(), {}));
  BOOST_TEST(transport.sent.size() == 100U);
  BOOST_CHECK(transport.now() - start >= 9s);
  BOOST_CHECK(transport.now() - start < 10s);
  BOOST_TEST(transport.waits < 200U);  // the driver waits for room and does not poll for it
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_until_the_deadline_is_left) {
  BatchSchedule session = session_of(100);
  SmallTransport transport;
  transport.room = 10;
  transport.answers = false;
  BOOST_TEST(!ProbeLoop(session, transport).run(Goal::sent, start + 1500ms, {}));
  BOOST_TEST(transport.sent.size() == 20U);
  session.end_round(start);
  BOOST_TEST(session.outcomes().awaited() == 20U);
}

BOOST_AUTO_TEST_CASE(answers_are_taken_in_as_credit_asks) {
  BatchSchedule session = session_of(1000);
  SmallTransport transport;
  transport.most_at_once = 16;
  ProbeLoop(session, transport).run(Goal::sent, Instant::max(), {});
  BOOST_TEST(transport.most_unheard <= 16U);
}

BOOST_AUTO_TEST_CASE(a_push_does_not_wait_and_hears_only_when_it_must) {
  SingleProbeSchedule requests{Rules{}};
  SmallTransport transport;
  ProbeLoop driver{requests, transport};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    requests.submit({.destination = {.address = host(i)}, .waits = {.first = 1s}});
    driver.push();
  }
  BOOST_TEST(transport.sent.size() == 1000U);
  BOOST_TEST(transport.waits == 0U);
  BOOST_TEST(transport.most_unheard <= 64U);
  BOOST_TEST(transport.receives <= 1000U / 64);
  BOOST_TEST(driver.run(Goal::answered, start + 1s, {}));
  while (requests.in_flight() > 0 && driver.run(Goal::answered, start + 10s, {}))
    static_cast<void>(requests.take_done());
  BOOST_TEST(requests.counters().received == 1000U);
}

BOOST_AUTO_TEST_CASE(the_transport_is_told_what_nobody_waits_for) {
  SingleProbeSchedule requests{Rules{}};
  SmallTransport transport;
  transport.answers = false;
  ProbeLoop driver{requests, transport};
  requests.submit({.destination = {.address = host(1)}, .waits = {.first = 50ms}, .retry = 1});
  BOOST_TEST(driver.run(Goal::answered, start + 10s, {}));
  BOOST_CHECK(transport.now() == start + 2us + 100ms);  // each send takes a microsecond, and each wait follows one
  BOOST_TEST(transport.forgotten == transport.sent, boost::test_tools::per_element());
  BOOST_TEST(transport.sent.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_and_the_rest_goes_on) {
  BatchSchedule session = session_of(200);
  SmallTransport transport;
  transport.refuse_all = true;
  BOOST_TEST(ProbeLoop(session, transport).run(Goal::answered, start + 1s, {}));
  BOOST_TEST(session.outcomes().counters().send_errors == 200U);
  BOOST_CHECK(transport.now() == start);
}

BOOST_AUTO_TEST_CASE(what_is_due_is_sent_even_by_a_call_without_time) {
  SingleProbeSchedule requests{Rules{}};
  SmallTransport transport;
  ProbeLoop driver{requests, transport};
  requests.submit({.destination = {.address = host(1)}, .waits = {.first = 50ms}});
  BOOST_TEST(!driver.run(Goal::answered, start, {}));
  BOOST_TEST(transport.sent.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
