// Tests single probes in virtual time: deadlines, retries, late answers, pacing, full transports, every protocol.
// Every time here is exact, except for the microseconds that simulated sends take.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>
#include <stop_token>

#include "sim/prober_world.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using namespace prober_world;

BOOST_AUTO_TEST_SUITE(prober_test)

BOOST_AUTO_TEST_CASE(a_probe_is_answered) {
  World world;
  const auto token = world.submit("10.0.0.1");
  BOOST_TEST(world.prober.in_flight() == 1U);
  const auto done = world.prober.poll(1s);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].token == token);
  BOOST_CHECK(done[0].result.outcome == Outcome::reply);
  BOOST_TEST(done[0].result.host == "10.0.0.1");
  BOOST_CHECK(done[0].result.responder == address("10.0.0.1"));
  BOOST_CHECK(about(done[0].result.rtt, 1ms));
  BOOST_TEST(done[0].result.attempt == 1U);
  BOOST_TEST(world.prober.in_flight() == 0U);
  BOOST_TEST(world.prober.poll(1h).empty());  // returns at once, since nothing is in flight
}

BOOST_AUTO_TEST_CASE(queued_probes_leave_with_the_next_call) {
  World world{recording};
  const auto& sent = world.transport->log().sent;
  const auto queue = [&world](const std::string& host) {
    return world.prober.queue(address(host), {.timeout = 100ms, .retry = 1});
  };
  const auto first = queue("10.0.0.1"), second = queue("10.0.3.1");
  BOOST_TEST(sent.empty());
  BOOST_TEST(world.prober.in_flight() == 2U);
  const auto third = world.submit("10.0.0.3");
  BOOST_TEST(sent.size() == 3U);
  const auto results = world.all();
  BOOST_REQUIRE_EQUAL(results.size(), 3U);
  for (const auto token : {first, second, third}) BOOST_CHECK(results.at(token).outcome == Outcome::reply);
  BOOST_TEST(results.at(second).attempt == 2U);
  queue("10.0.0.4");
  BOOST_TEST(sent.size() == 4U);
  BOOST_TEST(world.prober.poll(0s).empty());  // sends it; the answer comes after a millisecond
  BOOST_TEST(sent.size() == 5U);
  BOOST_TEST(world.prober.cancel(queue("10.0.0.5")));
  BOOST_CHECK(world.only().outcome == Outcome::reply);
  BOOST_TEST(sent.size() == 5U);
}

BOOST_AUTO_TEST_CASE(each_token_comes_back_once_with_its_own_result) {
  World world;
  std::map<Prober::Token, std::string> asked;
  for (int i = 0; i < 1000; ++i) {
    const std::string host = "10.0." + std::to_string(i % 4) + "." + std::to_string(i / 4 + 1);
    const auto token = world.submit(host, 500ms, 1);
    BOOST_TEST(asked.emplace(token, host).second);
  }
  const auto results = world.all();
  BOOST_TEST(results.size() == 1000U);
  for (const auto& [token, result] : results) {
    BOOST_TEST(result.host == asked[token]);
    BOOST_TEST(result.answered() == !result.host.starts_with("10.0.1."));
    const bool second = result.host.starts_with("10.0.3.") || result.host.starts_with("10.0.1.");
    BOOST_TEST(result.attempt == (second ? 2U : 1U));
  }
  BOOST_TEST(world.prober.counters().late == 0U);
}

BOOST_AUTO_TEST_CASE(a_deadline_is_any_fraction_of_a_second) {
  World world{recording};
  world.submit("10.0.1.1", 1500us);
  BOOST_TEST(world.prober.poll(1ms).empty());
  const auto done = world.prober.poll(600us);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_CHECK(done[0].result.outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(retries_leave_one_timeout_apart) {
  World world{recording};
  world.submit("10.0.1.1", 250ms, 3);
  BOOST_TEST(world.only().attempt == 4U);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 4U);
  for (int i = 0; i < 4; ++i) BOOST_CHECK(about(sent[static_cast<std::size_t>(i)].at - sent[0].at, i * 250ms));
}

BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_probe_counts_as_such) {
  World world;
  world.submit("10.0.2.1", 200ms, 1);
  const Result result = world.only();
  BOOST_CHECK(result.outcome == Outcome::reply);
  BOOST_TEST(result.attempt == 1U);
  BOOST_CHECK(about(result.rtt, 300ms));
}

BOOST_AUTO_TEST_CASE(a_late_answer_is_counted_and_never_credited_to_another_probe) {
  World world;
  world.submit("10.0.2.1", 100ms);
  BOOST_CHECK(world.only().outcome == Outcome::no_reply);
  world.submit("10.0.2.1", 250ms);  // the answer to the first probe comes meanwhile; that to this probe is too late
  BOOST_CHECK(world.only().outcome == Outcome::no_reply);
  BOOST_TEST(world.prober.counters().late == 1U);
  BOOST_TEST(world.prober.counters().received == 0U);
  world.submit("10.0.2.1", 400ms);
  const Result third = world.only();
  BOOST_CHECK(about(third.rtt, 300ms));
  BOOST_TEST(world.prober.counters().late == 2U);
  BOOST_TEST(world.prober.counters().unauthenticated == 0U);
}

BOOST_AUTO_TEST_CASE(copies_of_an_answer_are_duplicates) {
  World world;
  world.submit("10.0.5.1");
  BOOST_CHECK(world.only().outcome == Outcome::reply);
  world.submit("10.0.1.1", 100ms);
  static_cast<void>(world.only());
  BOOST_TEST(world.prober.counters().duplicates == 2U);
  BOOST_TEST(world.prober.counters().late == 0U);
}

BOOST_AUTO_TEST_CASE(every_protocol_in_any_order) {
  World world;
  std::map<Prober::Token, Outcome> expected;
  for (int i = 0; i < 50; ++i) {
    for (const ProbeOptions& probe : {udp(), tcp(), half_open(), sctp()}) {
      const std::string host = std::to_string(static_cast<int>(probe.protocol)) + "." + std::to_string(i + 1);
      expected[world.submit("10.1." + host, 1s, 0, probe)] = Outcome::reply;
      expected[world.submit("10.2." + host, 1s, 0, probe)] = Outcome::refused;
    }
    expected[world.submit("10.0.0.9")] = Outcome::reply;
  }
  for (const auto& [token, result] : world.all())
    BOOST_TEST(result.outcome == expected[token], result << ", not " << expected[token]);
  BOOST_TEST(world.transport->log().unsound == 0U);
}

BOOST_AUTO_TEST_CASE(every_probe_has_options_of_its_own) {
  World world{recording};
  for (int ttl = 1; ttl <= 200; ++ttl)
    world.submit("10.0.0.1", 1s, 0, {.ttl = ttl, .payload_size = static_cast<std::size_t>(ttl)});
  BOOST_TEST(world.all().size() == 200U);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    BOOST_TEST(sent[i].ttl == i + 1);
    BOOST_TEST(sent[i].message_size == i + 1 + 8);
  }
}

BOOST_AUTO_TEST_CASE(numbers_of_profiles_and_targets_are_used_again_and_nothing_is_mixed_up) {
  World world;
  for (int round = 0; round < 300; ++round) {
    std::map<Prober::Token, Address> asked;
    for (int i = 0; i < 20; ++i) {
      const Address to = Address::v4({10, 0, 0, static_cast<std::uint8_t>((round * 7 + i) % 200 + 1)});
      const ProbeOptions probe{.tos = i * 4, .payload_size = static_cast<std::size_t>(round % 50 + i)};
      asked[world.prober.submit(to, probe, 100ms)] = to;
    }
    for (const auto& [token, result] : world.all()) {
      BOOST_REQUIRE(result.outcome == Outcome::reply);
      BOOST_REQUIRE(result.responder == asked[token]);
    }
  }
  BOOST_TEST(world.prober.counters().received == 6000U);
  BOOST_TEST(world.prober.counters().duplicates == 0U);
}

BOOST_AUTO_TEST_CASE(more_options_are_in_flight_than_16_bits_can_number) {
  World world;
  constexpr int sizes = 1000, all = 70 * sizes;
  for (int i = 0; i < all; ++i)
    world.submit("10.0.0.1", 1h, 0, {.tos = 2 * (i / sizes), .payload_size = static_cast<std::size_t>(i % sizes)});
  int answered = 0;
  for (const auto& [token, result] : world.all()) answered += result.answered() ? 1 : 0;
  BOOST_TEST(answered == all);
  BOOST_TEST(world.transport->log().unsound == 0U);
}

BOOST_AUTO_TEST_CASE(an_error_is_told_at_the_deadline_or_at_once) {
  World world;
  world.submit("10.0.4.1", 100ms);
  BOOST_TEST(world.prober.poll(50ms).empty());
  const Result patient = world.only();
  BOOST_CHECK(patient.outcome == Outcome::unreachable);
  BOOST_CHECK(patient.responder == address("10.9.9.9"));
  BOOST_TEST(describe(*patient.icmp, Family::ipv4) == "host unreachable");
  Options options = world.options(0);
  options.fail_fast = true;
  Prober hasty{options};
  static_cast<void>(hasty.submit(address("10.0.4.1"), {}, 1h));
  BOOST_CHECK(hasty.poll(50ms).at(0).result.outcome == Outcome::unreachable);
}

BOOST_AUTO_TEST_CASE(what_must_not_or_cannot_be_sent_is_a_completion) {
  World world{SimulatedHost{.ipv6 = false, .refusals = {{.block = "10.0.0.66", .error = ENETUNREACH}}}};
  world.submit("224.0.0.1");
  world.submit("fe80::1");
  world.submit("fd00::1");
  world.submit("10.0.0.66");
  world.submit("10.0.0.1", 1s, 0, {.family = Family::ipv6});
  world.submit("10.0.0.1", 1s, 0, {.protocol = Protocol::tcp, .pattern = {1}});
  std::vector<std::error_code> errors;
  for (const auto& [token, result] : world.all()) {
    errors.push_back(result.error);
    BOOST_CHECK(result.outcome == (errors.size() == 5 ? Outcome::unresolved : Outcome::send_failed));
    BOOST_TEST(result.attempt == 0U);
  }
  BOOST_REQUIRE_EQUAL(errors.size(), 6U);
  BOOST_CHECK(errors[0] == Errc::destination_denied);
  BOOST_CHECK(errors[1] == Errc::zone_missing);
  BOOST_CHECK(errors[2] == std::errc::address_family_not_supported);
  BOOST_CHECK(errors[3] == std::errc::network_unreachable);
  BOOST_CHECK(errors[4] == Errc::no_address);
  BOOST_CHECK(errors[5] == Errc::not_supported);
}

BOOST_AUTO_TEST_CASE(wrong_arguments_throw) {
  World world;
  BOOST_CHECK_THROW(world.submit("10.0.0.1", -1ms), std::invalid_argument);
  BOOST_CHECK_THROW(world.submit("10.0.0.1", 1s, -1), std::invalid_argument);
  BOOST_CHECK_THROW(world.submit("10.0.0.1", 1s, 0, {.ttl = 0}), std::invalid_argument);
  BOOST_CHECK_THROW(world.submit("10.0.0.1", 1s, 0, {.port = 80}), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(world.prober.submit({}, {}, 1s)), std::invalid_argument);
  BOOST_CHECK_THROW(Prober({.max_rate = -1}), std::invalid_argument);
  BOOST_TEST(world.prober.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_takes_what_is_there) {
  World world;
  const auto token = world.submit("10.0.0.1", 1s);
  BOOST_TEST(world.prober.poll(-1s).empty());
  BOOST_TEST(world.prober.in_flight() == 1U);
  const auto done = world.prober.poll(1s);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].token == token);
  BOOST_TEST(world.prober.poll(Duration::min()).empty());
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_and_takes_no_time_from_a_probe) {
  World world{recording, 10};
  for (int i = 1; i <= 20; ++i) world.submit("10.0.2." + std::to_string(i), 500ms);  // 300 ms away
  for (const auto& [token, result] : world.all()) BOOST_TEST(result.outcome == Outcome::reply, result);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) BOOST_CHECK(about(sent[i].at - sent[0].at, i * 100ms));
}

BOOST_AUTO_TEST_CASE(each_retry_waits_for_the_rate_and_then_for_its_answer) {
  World world{recording, 10};
  for (int i = 1; i <= 10; ++i) world.submit("10.0.3." + std::to_string(i), 50ms, 1);  // the first request is lost
  for (const auto& [token, result] : world.all()) {
    BOOST_TEST(result.outcome == Outcome::reply, result);
    BOOST_TEST(result.attempt == 2U);
  }
  BOOST_TEST(world.transport->log().sent.size() == 20U);
}

BOOST_AUTO_TEST_CASE(a_full_queue_takes_no_time_from_a_probe) {
  World world{SimulatedHost{.no_buffers_until = 300ms}};
  world.submit("10.0.2.1", 350ms);  // 300 ms away
  BOOST_CHECK(world.only().outcome == Outcome::reply);
}

BOOST_AUTO_TEST_CASE(what_this_host_refuses_for_all_its_time_is_send_failed) {
  World world{SimulatedHost{.refusals = {{.block = "10.0.0.66", .error = ENOBUFS}}}};
  const auto refused = world.submit("10.0.0.66", 100ms, 2);
  const auto other = world.submit("10.0.0.1", 5s);
  const auto started = world.prober.poll(1s);
  BOOST_REQUIRE_EQUAL(started.size(), 1U);
  BOOST_TEST(started[0].token == other);
  BOOST_TEST(world.prober.poll(290ms).empty());
  const auto done = world.prober.poll(20ms);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].token == refused);
  BOOST_CHECK(done[0].result.outcome == Outcome::send_failed);
  BOOST_TEST(done[0].result.error.value() == ENOBUFS);
}

BOOST_AUTO_TEST_CASE(connections_wait_for_room_and_messages_do_not) {
  SimulatedHost host;
  host.descriptors = 16;
  World world{host};
  world.submit("10.0.0.1");  // its socket is open now
  static_cast<void>(world.only());
  for (int i = 0; i < 100; ++i) world.submit("10.0.1." + std::to_string(i + 1), 30s, 0, tcp());
  const auto first = world.submit("10.0.0.1", 100ms);
  const auto done = world.prober.poll(100ms);
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  BOOST_TEST(done[0].token == first);
  BOOST_CHECK(done[0].result.outcome == Outcome::reply);
  const auto rest = world.all();
  BOOST_TEST(rest.size() == 100U);
  for (const auto& [token, result] : rest) BOOST_TEST(result.outcome == Outcome::no_reply);
  BOOST_TEST(world.transport->log().most_connections <= 16U);
}

BOOST_AUTO_TEST_CASE(what_is_over_gives_its_connection_back) {
  SimulatedHost host;
  host.descriptors = 16;
  World world{host};
  for (int i = 0; i < 200; ++i) {
    world.submit("10.0.1." + std::to_string(i + 1), 10ms, 0, tcp());
    BOOST_TEST(world.only().attempt == 1U);  // there was room for it
  }
}

BOOST_AUTO_TEST_CASE(answers_that_waited_while_the_process_was_stopped_are_in_time) {
  SimulatedHost host;
  host.stall = SimulatedHost::Stall{.at = 500us, .length = 5s};
  World world{host};
  for (int i = 0; i < 100; ++i) world.submit("10.0.0.1", 400ms);
  for (const auto& [token, result] : world.all()) {
    BOOST_CHECK(result.outcome == Outcome::reply);
    BOOST_CHECK(about(result.rtt, 1ms));
  }
}

BOOST_AUTO_TEST_CASE(dropped_answers_are_asked_for_again) {
  World world{SimulatedHost{.buffer_packets = 4, .messages_per_call = 4}};
  for (int i = 0; i < 2000; ++i) world.submit("10.0.0." + std::to_string(i % 250 + 1), 5s);
  const auto results = world.all();
  BOOST_TEST(results.size() == 2000U);
  BOOST_TEST(std::ranges::count_if(results, [](const auto& entry) { return entry.second.answered(); }) == 2000);
}

BOOST_AUTO_TEST_CASE(a_stop_request_completes_what_is_in_flight) {
  std::stop_source source;
  SimulatedHost host{.happenings = {{.at = 100ms, .action = [&] { source.request_stop(); }}}, .record = true};
  auto transport = simulate(network(), host);
  Prober prober{{.transport = transport, .stop = source.get_token()}};
  const auto silent = prober.submit(address("10.0.1.1"), {}, 1h);
  const auto answered = prober.submit(address("10.0.0.1"), {}, 1h);
  const auto unreachable = prober.submit(address("10.0.4.1"), {}, 1h);
  BOOST_TEST(prober.poll(1h).at(0).token == answered);
  const auto stopped = prober.poll(10h);
  BOOST_REQUIRE_EQUAL(stopped.size(), 2U);
  BOOST_TEST(stopped[0].token == silent);
  BOOST_CHECK(stopped[0].result.outcome == Outcome::pending);
  BOOST_TEST(stopped[0].result.attempt == 1U);
  BOOST_TEST(stopped[1].token == unreachable);
  BOOST_CHECK(stopped[1].result.outcome == Outcome::unreachable);
  BOOST_TEST(prober.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(after_a_stop_request_nothing_is_sent_and_all_is_pending) {
  std::stop_source source;
  auto transport = simulate(network(), recording);
  Prober prober{{.transport = transport, .stop = source.get_token()}};
  static_cast<void>(prober.submit(address("10.1.2.1"), tcp(), 1h, 3));
  source.request_stop();
  for (int i = 1; i <= 3; ++i) static_cast<void>(prober.submit(address("10.0.0.1"), {}, 1h));
  std::size_t completions = 0;
  for (int polls = 0; polls < 10 && prober.in_flight() > 0; ++polls)
    for (const Prober::Completion& done : prober.poll(1h)) {
      BOOST_CHECK(done.result.outcome == Outcome::pending);
      ++completions;
    }
  BOOST_TEST(completions == 4U);
  BOOST_TEST(prober.in_flight() == 0U);
  BOOST_TEST(prober.poll(1h).empty());
  BOOST_TEST(transport->log().sent.size() == 1U);  // before the stop
}

BOOST_AUTO_TEST_CASE(polls_without_time_do_all_that_is_due) {
  SimulatedHost host = recording;
  World world{host};
  world.submit("10.0.1.1", 1ms, 2);
  while (world.prober.in_flight() > 0) static_cast<void>(world.prober.poll(100us));
  BOOST_TEST(world.transport->log().sent.size() == 3U);
}

BOOST_AUTO_TEST_CASE(an_object_can_be_moved) {
  World world;
  world.submit("10.0.0.1");
  Prober other = std::move(world.prober);
  BOOST_TEST(other.poll(1s).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
