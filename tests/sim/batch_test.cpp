// Tests what MultiPing and multi_ping() promise about time, order, attempts and bad input, in virtual time.
// Every time here is exact, except for the microsecond that a simulated send takes.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <limits>
#include <stop_token>

#include "multiping/multiping.hpp"
#include "sim/simulated_transport.hpp"

using namespace std::chrono_literals;
using namespace multiping;
using multiping::test::EchoReply;
using multiping::test::HostRule;
using multiping::test::RouterError;
using multiping::test::Scenario;
using multiping::test::simulate;
using multiping::test::SimulatedHost;
using multiping::test::SimulatedTransport;

BOOST_AUTO_TEST_SUITE(batch_test)

namespace {

const SimulatedHost recording{.record = true};

/// 10.0.0.0/24 answers after a millisecond, 10.0.1.0/24 is silent, 10.0.2.0/24 answers after 300 ms,
/// 10.0.3.0/24 loses the first request, and a router says that 10.0.4.0/24 is unreachable.
Scenario network() {
  Scenario scenario;
  scenario.hosts = {
      HostRule{.block = "10.0.0.0/24"},
      HostRule{.block = "10.0.1.0/24", .replies = {}},
      HostRule{.block = "10.0.2.0/24", .replies = {EchoReply{.delay = 300ms}}},
      HostRule{.block = "10.0.3.0/24", .lost = {1}},
      HostRule{.block = "10.0.4.0/24", .replies = {}, .errors = {RouterError{.from = *Address::parse("10.9.9.9")}}},
      HostRule{.block = "fd00::/64"}};
  return scenario;
}

struct World {
  explicit World(SimulatedHost host = {}) : transport{simulate(network(), host)} { options.transport = transport; }

  /// When each packet was sent, counted from the first.
  [[nodiscard]] std::vector<Duration> departures() const {
    std::vector<Duration> times;
    for (const auto& packet : transport->log().sent) times.push_back(packet.at - transport->log().sent.front().at);
    return times;
  }
  [[nodiscard]] std::vector<std::string> destinations() const {
    std::vector<std::string> names;
    for (const auto& packet : transport->log().sent) names.push_back(packet.to.to_string());
    return names;
  }

  std::shared_ptr<SimulatedTransport> transport;
  Options options;
};

bool about(Duration time, Duration expected) { return time >= expected - 1ms && time <= expected + 1ms; }

std::vector<std::string> hosts_of(const std::vector<Result>& results) {
  std::vector<std::string> names;
  for (const Result& result : results) names.push_back(result.host);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(every_position_has_its_result_in_order) {
  World world{recording};
  MultiPing mp{{"10.0.0.2", "10.0.1.1", "10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "fd00::1"}, world.options};
  mp.send();
  const auto [responses, no_responses] = mp.receive(1s);
  BOOST_CHECK((hosts_of(responses) == Names{"10.0.0.2", "10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "fd00::1"}));
  BOOST_CHECK((hosts_of(no_responses) == Names{"10.0.1.1"}));
  BOOST_CHECK((world.destinations() == Names{"10.0.0.2", "10.0.1.1", "10.0.0.1", "fd00::1"}));
  BOOST_REQUIRE_EQUAL(mp.results().size(), 6U);
  BOOST_CHECK(mp.results()[3].rtt == mp.results()[0].rtt);
  BOOST_CHECK(mp.results()[3].responder == Address::v4({10, 0, 0, 2}));
  BOOST_TEST(mp.unanswered() == 1U);
  BOOST_TEST(mp.awaited() == 1U);
}

BOOST_AUTO_TEST_CASE(awaited_and_unanswered_count_positions) {
  World world;
  MultiPing mp{{"10.0.1.1", "10.0.1.1", "10.0.0.1", "224.0.0.1"}, world.options};
  BOOST_TEST(mp.unanswered() == 4U);
  BOOST_TEST(mp.awaited() == 0U);
  mp.send();
  BOOST_TEST(mp.awaited() == 3U);
  mp.receive(10ms);
  BOOST_TEST(mp.unanswered() == 3U);
  BOOST_TEST(mp.awaited() == 2U);
}

BOOST_AUTO_TEST_CASE(receive_returns_with_the_last_answer) {
  World world;
  MultiPing mp{{"10.0.0.1", "10.0.2.1"}, world.options};
  mp.send();
  const auto batch = mp.receive(10s);
  BOOST_TEST(batch.no_responses.empty());
  BOOST_CHECK(about(batch.responses[1].rtt, 300ms));
}

BOOST_AUTO_TEST_CASE(a_batch_holds_only_what_is_new) {
  World world;
  MultiPing mp{{"10.0.0.1", "10.0.2.1", "10.0.1.1"}, world.options};
  mp.send();
  auto first = mp.receive(100ms);
  BOOST_CHECK((hosts_of(first.responses) == Names{"10.0.0.1"}));
  BOOST_CHECK((hosts_of(first.no_responses) == Names{"10.0.2.1", "10.0.1.1"}));
  BOOST_CHECK(first.no_responses[0].outcome == Outcome::no_reply);
  const auto second = mp.receive(1s);
  BOOST_CHECK((hosts_of(second.responses) == Names{"10.0.2.1"}));
  BOOST_CHECK(about(second.responses[0].rtt, 300ms));
  BOOST_CHECK((hosts_of(second.no_responses) == Names{"10.0.1.1"}));
}

BOOST_AUTO_TEST_CASE(a_wait_without_a_batch_leaves_the_answers_to_the_next_one) {
  World world;
  MultiPing mp{{"10.0.0.1", "10.0.2.1", "10.0.1.1"}, world.options};
  BOOST_CHECK_THROW(mp.wait(0s), std::logic_error);
  mp.send();
  mp.wait(100ms);
  BOOST_TEST(mp.unanswered() == 2U);
  BOOST_CHECK(mp.results()[0].outcome == Outcome::reply);
  BOOST_CHECK(mp.results()[1].outcome != Outcome::reply);
  mp.wait(1s);
  BOOST_CHECK(mp.results()[1].outcome == Outcome::reply);
  BOOST_CHECK(about(mp.results()[1].rtt, 300ms));
  const Batch batch = mp.receive(0s);
  BOOST_CHECK((hosts_of(batch.responses) == Names{"10.0.0.1", "10.0.2.1"}));
  BOOST_CHECK((hosts_of(batch.no_responses) == Names{"10.0.1.1"}));
  BOOST_TEST(mp.receive(0s).responses.empty());
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_the_first_attempt_counts_as_such) {
  World world;
  MultiPing mp{{"10.0.2.1"}, world.options};
  mp.send();
  mp.receive(100ms);
  mp.send();
  BOOST_CHECK(mp.results()[0].outcome == Outcome::pending);
  BOOST_TEST(mp.results()[0].attempt == 2U);
  const auto batch = mp.receive(1s);
  BOOST_REQUIRE_EQUAL(batch.responses.size(), 1U);
  BOOST_TEST(batch.responses[0].attempt == 1U);
  BOOST_CHECK(about(batch.responses[0].rtt, 300ms));
}

BOOST_AUTO_TEST_CASE(send_again_reaches_only_the_silent) {
  World world{recording};
  MultiPing mp{{"10.0.0.1", "10.0.3.1", "10.0.1.1"}, world.options};
  mp.send();
  mp.receive(50ms);
  mp.send();
  const auto batch = mp.receive(50ms);
  BOOST_CHECK((world.destinations() == Names{"10.0.0.1", "10.0.3.1", "10.0.1.1", "10.0.3.1", "10.0.1.1"}));
  BOOST_REQUIRE_EQUAL(batch.responses.size(), 1U);
  BOOST_TEST(batch.responses[0].attempt == 2U);
  BOOST_CHECK(about(batch.responses[0].rtt, 1ms));
  BOOST_TEST(batch.no_responses[0].attempt == 2U);
}

BOOST_AUTO_TEST_CASE(reset_probes_all_again_and_an_old_answer_is_late) {
  World world;
  MultiPing mp{{"10.0.0.1", "10.0.2.1"}, world.options};
  mp.send();
  mp.receive(200ms);
  mp.reset();
  BOOST_CHECK(mp.results()[0].outcome == Outcome::pending);
  BOOST_TEST(mp.results()[0].attempt == 0U);
  BOOST_TEST(mp.results()[0].host == "10.0.0.1");
  mp.send();
  const auto soon = mp.receive(150ms);
  BOOST_CHECK((hosts_of(soon.responses) == Names{"10.0.0.1"}));
  BOOST_TEST(mp.counters().late == 1U);
  const auto later = mp.receive(1s);
  BOOST_REQUIRE_EQUAL(later.responses.size(), 1U);
  BOOST_CHECK(about(later.responses[0].rtt, 300ms));
  BOOST_TEST(mp.counters().sent == 4U);
  BOOST_TEST(mp.counters().received == 3U);
}

BOOST_AUTO_TEST_CASE(receive_of_no_time_takes_what_is_there) {
  World world;
  MultiPing mp{{"10.0.0.1", "10.0.1.1"}, world.options};
  mp.send();
  BOOST_TEST(mp.receive(0s).responses.empty());
  mp.receive(5ms);
  BOOST_TEST(mp.receive(0s).responses.empty());
  BOOST_TEST(mp.unanswered() == 1U);
}

BOOST_AUTO_TEST_CASE(multi_ping_sends_in_even_slots_to_the_silent) {
  World world{recording};
  const auto batch = multi_ping({"10.0.1.1", "10.0.0.1"}, 2s, 3, world.options);
  const auto times = world.departures();
  BOOST_REQUIRE_EQUAL(times.size(), 5U);
  BOOST_CHECK(about(times[2], 500ms));
  BOOST_CHECK(about(times[3], 1000ms));
  BOOST_CHECK(about(times[4], 1500ms));
  BOOST_TEST(batch.no_responses[0].attempt == 4U);
  BOOST_CHECK(batch.no_responses[0].outcome == Outcome::no_reply);
}

BOOST_AUTO_TEST_CASE(multi_ping_takes_fractions_of_seconds) {
  World world{recording};
  const auto batch = multi_ping({"10.0.1.1"}, 0.25s, 4, world.options);
  BOOST_REQUIRE_EQUAL(world.departures().size(), 5U);
  BOOST_CHECK(about(world.departures()[4], 200ms));
}

BOOST_AUTO_TEST_CASE(send_returns_when_those_that_are_left_have_answered) {
  World world{recording};
  world.options.max_rate = 10;
  MultiPing batch{{"10.0.1.1", "10.0.0.1"}, world.options};
  for (int round = 0; round < 3; ++round) {
    batch.send();
    batch.receive(1s);
  }
  const auto times = world.departures();
  BOOST_REQUIRE_EQUAL(times.size(), 4U);
  for (const std::size_t round : {2U, 3U}) BOOST_CHECK(times[round] - times[round - 1] < 1500ms);
}

BOOST_AUTO_TEST_CASE(what_pacing_could_not_send_is_pending) {
  World world{recording};
  world.options.max_rate = 10;
  const auto batch = multi_ping(expand("10.0.0.0/28"), 1s, 0, world.options);
  BOOST_TEST(batch.responses.size() == 10U);
  BOOST_TEST(batch.no_responses.size() == 4U);
  for (const Result& result : batch.no_responses) {
    BOOST_CHECK(result.outcome == Outcome::pending);
    BOOST_TEST(result.attempt == 0U);
  }
}

BOOST_AUTO_TEST_CASE(multi_ping_returns_at_once_when_nothing_is_awaited) {
  World world;
  const auto batch = multi_ping({"0.0.0.0", "10.0.0.1"}, std::chrono::hours{100'000'000}, 2, world.options);
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_CHECK(batch.no_responses[0].error == Errc::destination_denied);
}

BOOST_AUTO_TEST_CASE(unreachable_is_said_but_ends_the_wait_only_when_asked) {
  for (const bool fail_fast : {false, true}) {
    World world;
    world.options.fail_fast = fail_fast;
    MultiPing mp{{"10.0.4.1"}, world.options};
    mp.send();
    const auto batch = mp.receive(1s);
    BOOST_CHECK(batch.no_responses[0].outcome == Outcome::unreachable);
    BOOST_REQUIRE(batch.no_responses[0].icmp);
    BOOST_TEST(describe(*batch.no_responses[0].icmp, Family::ipv4) == "host unreachable");
    BOOST_CHECK(batch.no_responses[0].responder == *Address::parse("10.9.9.9"));
    BOOST_TEST(mp.awaited() == (fail_fast ? 0U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(a_family_that_is_not_there_affects_only_its_targets) {
  World world{SimulatedHost{.ipv6 = false}};
  MultiPing mp{{"10.0.0.1", "fd00::1"}, world.options};
  mp.send();
  const auto batch = mp.receive(1s);
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_CHECK(batch.no_responses[0].outcome == Outcome::send_failed);
  BOOST_CHECK(batch.no_responses[0].error == std::errc::address_family_not_supported);
}

BOOST_AUTO_TEST_CASE(what_must_not_or_cannot_be_pinged_is_told_before_any_send) {
  World world;
  const MultiPing mp{{"0.0.0.0", "::", "255.255.255.255", "224.0.0.251", "ff02::1", "fe80::1", "::ffff:239.1.1.1"},
                     world.options};
  for (const Result& result : mp.results()) {
    BOOST_CHECK(result.outcome == Outcome::send_failed);
    BOOST_CHECK(result.error == (result.host == "fe80::1" ? Errc::zone_missing : Errc::destination_denied));
    BOOST_TEST(static_cast<bool>(result.address));
  }
  BOOST_TEST(mp.unanswered() == mp.results().size());
}

BOOST_AUTO_TEST_CASE(what_is_no_name_is_unresolved_without_a_lookup) {
  World world;
  world.options.ignore_lookup_errors = true;
  const MultiPing mp{{"", "1.2.3.4 junk", std::string(300, 'a'), "10.1", "1", "010.0.0.1", "2130706433"},
                     world.options};
  for (const Result& result : mp.results()) {
    BOOST_CHECK(result.outcome == Outcome::unresolved);
    BOOST_CHECK(result.error == Errc::no_address);
    BOOST_TEST(!result.address);
  }
}

BOOST_AUTO_TEST_CASE(resolve_errors_name_every_name_that_failed) {
  World world;
  const auto names_all = [](const ResolveError& error) {
    const std::string text = error.what();
    return error.failures().size() == 2 && text.find("10.1") != std::string::npos &&
           text.find("not a name") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(MultiPing({"10.1", "10.0.0.1", "not a name"}, world.options), ResolveError, names_all);
}

BOOST_AUTO_TEST_CASE(an_address_of_the_wrong_family_is_unresolved) {
  World world;
  world.options.ignore_lookup_errors = true;
  world.options.resolve.family = Family::ipv6;
  const MultiPing mp{{"10.0.0.1", "fd00::1", {"10.0.0.2", {.family = Family::ipv4}}}, world.options};
  BOOST_CHECK(mp.results()[0].error == Errc::no_address);
  BOOST_CHECK(mp.results()[1].outcome == Outcome::pending);
  BOOST_CHECK(mp.results()[2].outcome == Outcome::pending);
}

BOOST_AUTO_TEST_CASE(an_empty_list_is_an_empty_result) {
  World world;
  MultiPing mp{TargetList{}, world.options};
  mp.send();
  const auto batch = mp.receive(1s);
  BOOST_TEST(batch.responses.empty());
  BOOST_TEST(batch.no_responses.empty());
  BOOST_TEST(multi_ping({}, 1s, 0, world.options).responses.empty());
}

BOOST_AUTO_TEST_CASE(wrong_arguments_name_the_option_and_its_range) {
  World world;
  const auto says = [](const char* option) {
    return [option](const std::invalid_argument& error) {
      return std::string{error.what()}.find(option) != std::string::npos &&
             std::string{error.what()}.find("must be") != std::string::npos;
    };
  };
  const auto with = [&](ProbeOptions probe) {
    Options options = world.options;
    options.probe = std::move(probe);
    return options;
  };
  BOOST_CHECK_EXCEPTION(MultiPing("10.0.0.1", with({.ttl = 0})), std::invalid_argument, says("ttl"));
  BOOST_CHECK_EXCEPTION(MultiPing("10.0.0.1", with({.payload_size = 65'508})), std::invalid_argument,
                        says("payload_size"));
  BOOST_CHECK_EXCEPTION(MultiPing({{"10.0.0.1", {.tos = 256}}}, world.options), std::invalid_argument, says("tos"));
  BOOST_CHECK_EXCEPTION((void)multi_ping("10.0.0.1", 0s, 0, world.options), std::invalid_argument, says("timeout"));
  BOOST_CHECK_EXCEPTION((void)multi_ping("10.0.0.1", 1s, -1, world.options), std::invalid_argument, says("retry"));
  BOOST_CHECK_EXCEPTION((void)multi_ping("10.0.0.1", 3ms, 3, world.options), std::invalid_argument, says("timeout"));
  MultiPing mp{"10.0.0.1", world.options};
  BOOST_CHECK_THROW(mp.receive(1s), std::logic_error);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_takes_what_is_there) {
  const std::chrono::duration<double> not_a_number{std::numeric_limits<double>::quiet_NaN()};
  for (const Timeout passed :
       {Timeout{-1ns}, Timeout{-1s}, Timeout{std::chrono::hours::min()}, Timeout{not_a_number}}) {
    World world;
    MultiPing mp{{"10.0.0.1", "10.0.1.1"}, world.options};
    mp.send();
    BOOST_TEST(mp.receive(passed).no_responses.size() == 2U);  // an answer takes a millisecond
    BOOST_TEST(mp.receive(10ms).responses.size() == 1U);
    BOOST_TEST(mp.receive(passed).no_responses.size() == 1U);
  }
  World world;
  BOOST_CHECK_THROW((void)multi_ping("10.0.0.1", -1s, 0, world.options), std::invalid_argument);
  BOOST_CHECK_THROW((void)ping("10.0.0.1", -1s, world.options), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(options_of_a_target_are_its_own) {
  World world{recording};
  MultiPing mp{{{"10.0.0.1", {.ttl = 9, .tos = 0x20, .payload_size = 10}}, "10.0.0.1", {"10.0.0.2", {.ttl = 9}}},
               world.options};
  mp.send();
  BOOST_TEST(mp.receive(1s).responses.size() == 3U);
  const auto& sent = world.transport->log().sent;
  BOOST_REQUIRE_EQUAL(sent.size(), 3U);
  BOOST_TEST(int{sent[0].ttl} == 9);
  BOOST_TEST(int{sent[0].tos} == 0x20);
  BOOST_TEST(sent[0].message_size == 18U);
  BOOST_TEST(int{sent[1].ttl} == 64);
  BOOST_TEST(sent[1].message_size == 64U);
}

BOOST_AUTO_TEST_CASE(a_stop_request_ends_the_call_with_what_it_has) {
  std::stop_source source;
  SimulatedHost host{.happenings = {{.at = 100ms, .action = [&] { source.request_stop(); }}}, .record = true};
  World world{host};
  world.options.stop = source.get_token();
  MultiPing mp{{"10.0.0.1", "10.0.1.1"}, world.options};
  mp.send();
  const auto batch = mp.receive(10s);
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_CHECK(batch.no_responses[0].outcome == Outcome::pending);
  mp.send();
  BOOST_TEST(world.transport->log().sent.size() == 2U);
  mp.receive(10s);
  BOOST_CHECK(mp.results()[1].outcome == Outcome::pending);
}

BOOST_AUTO_TEST_CASE(families_that_alternate_cost_no_call_each) {
  World world{recording};
  std::vector<Address> mixed;
  for (std::uint8_t i = 1; i <= 160; ++i) {
    mixed.push_back(Address::v4({10, 0, 0, i}));
    mixed.push_back(Address::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i}));
  }
  const auto batch = multi_ping(mixed, 1s, 0, world.options);
  BOOST_TEST(batch.responses.size() == 320U);
  for (std::size_t i = 0; i < mixed.size(); ++i) BOOST_REQUIRE(batch.responses[i].address == mixed[i]);
  BOOST_TEST(world.transport->log().send_calls <= 2U * 320 / 32 + 2);
}

BOOST_AUTO_TEST_CASE(a_rate_next_to_nothing_ends_in_time) {
  World world;
  world.options.max_rate = 1e-12;
  const auto batch = multi_ping({"10.0.0.1", "10.0.0.2"}, 500ms, 0, world.options);
  BOOST_TEST(batch.responses.size() == 1U);
  BOOST_TEST(batch.no_responses[0].attempt == 0U);
}

BOOST_AUTO_TEST_CASE(ping_is_one_host_and_one_probe) {
  World world{recording};
  BOOST_CHECK(ping("10.0.0.1", 1s, world.options).outcome == Outcome::reply);
  BOOST_CHECK(ping("10.0.1.1", 1s, world.options).outcome == Outcome::no_reply);
  BOOST_TEST(world.transport->log().sent.size() == 1U);
  BOOST_CHECK_THROW((void)ping("no name", 1s, world.options), ResolveError);
}

BOOST_AUTO_TEST_CASE(an_object_can_be_moved) {
  World world;
  MultiPing first{"10.0.0.1", world.options};
  first.send();
  MultiPing second = std::move(first);
  BOOST_TEST(second.receive(1s).responses.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
